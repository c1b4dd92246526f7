package integration

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// buildProgram returns the program as it is released, which all tests share. A
// test that has to know the program's processes from those of others copies it.
func buildProgram(t *testing.T) string {
	t.Helper()
	program, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return program
}

var built = sync.OnceValues(func() (string, error) {
	program := filepath.Join(workshop, "wingmirror")
	build := exec.Command("go", "build", "-o", program, "wingmirror/cmd/wingmirror")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, output)
	}
	return program, nil
})

// workshop is where the program is built; it is gone when all tests are over.
var workshop string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "wingmirror-integration")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	workshop = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// server is a running wingmirror, as an operator has it: a process and its address.
type server struct {
	t       *testing.T
	base    string
	command *exec.Cmd
	ended   chan error
	stderr  *lockedBuffer
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

var addressForm = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// start runs the program and returns when it says where its pages are.
func start(t *testing.T, program string, args ...string) *server {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &server{t: t, command: exec.CommandContext(ctx, program, args...), ended: make(chan error, 1), stderr: &lockedBuffer{}}
	s.command.Stderr = s.stderr
	stdout, err := s.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	address := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			if found := addressForm.FindString(lines.Text()); found != "" {
				address <- found
				break
			}
		}
		_, _ = io.Copy(io.Discard, stdout)
		s.ended <- s.command.Wait()
	}()
	t.Cleanup(func() {
		cancel()
		if t.Failed() {
			t.Logf("the program said:\n%s", s.stderr)
		}
	})
	select {
	case s.base = <-address:
	case err := <-s.ended:
		t.Fatalf("the program ended: %v\n%s", err, s.stderr)
	case <-time.After(30 * time.Second):
		t.Fatalf("no address after 30 s\n%s", s.stderr)
	}
	return s
}

// stop ends the program as Ctrl-C does, and fails the test unless it ends well.
func (s *server) stop() {
	s.t.Helper()
	if err := s.command.Process.Signal(os.Interrupt); err != nil {
		s.t.Fatal(err)
	}
	select {
	case err := <-s.ended:
		if err != nil {
			s.t.Errorf("the program ended with %v\n%s", err, s.stderr)
		}
	case <-time.After(20 * time.Second):
		s.t.Errorf("the program did not stop in 20 s\n%s", s.stderr)
	}
}

// call makes a request to the JSON API and reads the answer into out.
func (s *server) call(method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(data)
	}
	request, err := http.NewRequest(method, s.base+path, body)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s: status %d: %.500s", method, path, response.StatusCode, text)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("%s %s: %w in %.200s", method, path, err, text)
	}
	return nil
}

// must is call for what has to succeed.
func (s *server) must(method, path string, in, out any) {
	s.t.Helper()
	if err := s.call(method, path, in, out); err != nil {
		s.t.Fatalf("%v\n%s", err, s.stderr)
	}
}

// poll asks until check has nothing to complain about. Other processes tell
// nobody when they are done, so there is no other way than to ask.
func poll(t *testing.T, what string, patience time.Duration, check func() error) {
	t.Helper()
	begun := time.Now()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := check()
		if err == nil {
			t.Logf("%s after %v", what, time.Since(begun).Round(100*time.Millisecond))
			return
		}
		if time.Since(begun) > patience {
			t.Fatalf("%s: not within %v: %v", what, patience, err)
		}
		<-ticker.C
	}
}

// oneLine makes a mail's folded header one line.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
