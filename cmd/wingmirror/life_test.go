package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// running is the program at work inside the test.
type running struct {
	t      *testing.T
	base   string
	cancel context.CancelFunc
	ended  chan struct{}
	code   int
	stderr *lockedBuffer
}

type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// launch starts serve or demo on a free port, and returns when it says where its
// pages are.
func launch(t *testing.T, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	r := &running{t: t, cancel: cancel, ended: make(chan struct{}), stderr: &lockedBuffer{}}
	go func() {
		defer close(r.ended)
		r.code = run(ctx, process{
			args:   append(args, "--listen", "127.0.0.1:0"),
			getenv: func(string) (string, bool) { return "", false },
			stdin:  strings.NewReader(""), stdout: in, stderr: r.stderr,
		})
		in.Close()
	}()
	t.Cleanup(func() {
		cancel()
		<-r.ended
	})
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if r.base = address.FindString(lines.Text()); r.base != "" {
			break
		}
	}
	go io.Copy(io.Discard, out)
	if r.base == "" {
		<-r.ended
		t.Fatalf("exit %d before there was an address: %s", r.code, r.stderr)
	}
	return r
}

// invokeUntil runs a program that is expected to end by itself, in an empty
// environment.
func invokeUntil(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(ctx, process{
		args:   args,
		getenv: func(string) (string, bool) { return "", false },
		stdin:  strings.NewReader(""), stdout: &out, stderr: &errs,
	})
	return code, out.String(), errs.String()
}

// stop ends the program as Ctrl-C does, and returns how long that took.
func (r *running) stop() time.Duration {
	begun := time.Now()
	r.cancel()
	<-r.ended
	if r.code != exitOK {
		r.t.Errorf("exit %d: %s", r.code, r.stderr)
	}
	return time.Since(begun)
}

// call asks the JSON API, and reads the answer into out.
func (r *running) call(method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	request, err := http.NewRequest(method, r.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		text, _ := io.ReadAll(response.Body)
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, text)
	}
	return json.NewDecoder(response.Body).Decode(out)
}

// await asks until check has nothing to complain about.
func (r *running) await(what string, patience time.Duration, check func() error) {
	r.t.Helper()
	over := time.After(patience)
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-again.C:
		case <-over:
			r.t.Fatalf("%s: not within %v: %v\n%s", what, patience, err, r.stderr)
		}
	}
}

// listed is a monitor as the list of the API has it.
type listed struct {
	ID      int64
	Name    string
	Level   string
	Fault   string
	Message string
	LastRun *time.Time `json:"last_run"`
}

func (r *running) monitors() (map[string]listed, error) {
	var list struct{ Monitors []listed }
	if err := r.call("GET", "/api/v1/monitors", nil, &list); err != nil {
		return nil, err
	}
	byName := map[string]listed{}
	for _, m := range list.Monitors {
		byName[m.Name] = m
	}
	return byName, nil
}

func TestDemo_EveryMonitorRunsWithinSeconds(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the whole demonstration")
	}
	begun := time.Now()
	demo := launch(t, "demo")
	demo.await("a run of each monitor", 20*time.Second, func() error {
		all, err := demo.monitors()
		if err != nil {
			return err
		}
		if len(all) < 5 {
			return fmt.Errorf("there are only %d monitors", len(all))
		}
		for _, m := range all {
			if m.LastRun == nil {
				return fmt.Errorf("%s has not run", m.Name)
			}
		}
		return nil
	})
	t.Logf("%v after the start", time.Since(begun).Round(time.Millisecond))
}

func TestStop_IsQuickWhenNothingRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the whole demonstration")
	}
	for range 3 {
		demo := launch(t, "demo", "--log-level", "error")
		live, err := http.Get(demo.base + "/api/v1/events") // a page that somebody has open
		if err != nil {
			t.Fatal(err)
		}
		before := demo.stderr.String()
		took := demo.stop()
		live.Body.Close()
		if took > 3*time.Second { // a second is plenty, but not on a machine that is busy with other tests
			t.Errorf("stopping took %v\n%s", took, demo.stderr)
		}
		if said := strings.TrimPrefix(demo.stderr.String(), before); said != "" {
			t.Errorf("when it was stopped it said %s", said)
		}
		t.Logf("stopped in %v", took.Round(time.Millisecond))
	}
}
