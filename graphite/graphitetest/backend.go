package graphitetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Backend is a real metrics store that runs for the length of a test. It keeps
// points of metrics whose name starts with fast. every second, and of all
// others every 60 seconds.
type Backend struct {
	URL  string // of the render API, without a slash at the end
	Kind string // graphite-web, carbonapi or victoriametrics

	tb    testing.TB
	line  string // address of the plaintext protocol
	mu    sync.Mutex
	conn  net.Conn
	flush func() // makes what was fed visible; nil when the store does that by itself
}

// Feed sends one point. Points are visible a little later: see Await.
func (b *Backend) Feed(path string, ts int64, value float64) {
	b.tb.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.conn == nil {
		conn, err := net.DialTimeout("tcp", b.line, 5*time.Second)
		if err != nil {
			b.tb.Fatalf("feed %s: %v", path, err)
		}
		b.conn = conn
	}
	if _, err := fmt.Fprintf(b.conn, "%s %v %d\n", path, value, ts); err != nil {
		b.tb.Fatalf("feed %s: %v", path, err)
	}
}

// Await returns when the point of path at ts can be seen. It fails the test
// after 20 seconds.
func (b *Backend) Await(path string, ts int64) {
	b.tb.Helper()
	query := url.Values{
		"target": {path}, "format": {"json"}, "noCache": {"1"},
		"from": {fmt.Sprint(ts - 60)}, "until": {fmt.Sprint(ts + 60)}, // VictoriaMetrics leaves out the end
	}
	poll(b.tb, path+" at "+b.Kind, 20*time.Second, func() error {
		if b.flush != nil {
			b.flush()
		}
		response, err := http.Get(b.URL + "/render?" + query.Encode())
		if err != nil {
			return err
		}
		defer response.Body.Close()
		var series []struct {
			Datapoints [][2]*float64 `json:"datapoints"`
		}
		if err := json.NewDecoder(response.Body).Decode(&series); err != nil {
			return fmt.Errorf("status %d: %w", response.StatusCode, err)
		}
		for _, s := range series {
			for _, point := range s.Datapoints {
				if point[0] != nil && int64(*point[1]) > ts-60 {
					return nil
				}
			}
		}
		return fmt.Errorf("%d series, but no point at %d", len(series), ts)
	})
}

// poll tries until try returns nil. Real processes tell nobody when they are
// ready, so there is no other way than to ask.
func poll(tb testing.TB, what string, patience time.Duration, try func() error) {
	tb.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			tb.Fatalf("wait for %s: %v", what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// process starts a program and stops it at the test's end. Its output appears
// in the test's log when the test failed.
func process(tb testing.TB, environ []string, name string, args ...string) {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, name, args...)
	command.Env = append(os.Environ(), environ...)
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = 5 * time.Second
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		cancel()
		tb.Fatalf("start %s: %v", name, err)
	}
	tb.Cleanup(func() {
		cancel()
		err := command.Wait()
		if tb.Failed() {
			tb.Logf("%s ended with %v and had said:\n%s", filepath.Base(name), err, tail(output.String(), 4000))
		}
	})
}

func tail(text string, most int) string { return text[max(0, len(text)-most):] }

// freePorts returns n addresses on loopback that nobody listened on a moment ago.
func freePorts(tb testing.TB, n int) []string {
	tb.Helper()
	var addresses []string
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			tb.Fatal(err)
		}
		defer listener.Close() // all stay open until all are known, so that they differ
		addresses = append(addresses, listener.Addr().String())
	}
	return addresses
}

func port(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }

func writeFile(tb testing.TB, name, text string) string {
	tb.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		tb.Fatal(err)
	}
	return name
}

func waitHTTP(tb testing.TB, address string) {
	tb.Helper()
	poll(tb, address, 30*time.Second, func() error {
		response, err := http.Get(address)
		if err != nil {
			return err
		}
		return response.Body.Close()
	})
}

func waitTCP(tb testing.TB, address string) {
	tb.Helper()
	poll(tb, address, 30*time.Second, func() error {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// schemas are whisper's retentions; the first pattern that matches counts.
const schemas = `[fast]
pattern = ^fast\.
retentions = 1s:1h
[stepped]
pattern = ^stepped\.
retentions = 10s:1h,60s:1d
[default]
pattern = .*
retentions = 60s:1d
`
