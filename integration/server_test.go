package integration

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"wingmirror/cmd/wingmirror/servertest"
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
	servertest.Server
	command *exec.Cmd
	ended   chan error
}

// start runs the program and returns when it says where its pages are.
func start(t *testing.T, program string, args ...string) *server {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &server{Server: servertest.Server{T: t, Log: &servertest.Buffer{}}, command: exec.CommandContext(ctx, program, args...), ended: make(chan error, 1)}
	s.command.Stderr = s.Log
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
			if found := servertest.Address.FindString(lines.Text()); found != "" {
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
			t.Logf("the program said:\n%s", s.Log)
		}
	})
	select {
	case s.Base = <-address:
	case err := <-s.ended:
		t.Fatalf("the program ended: %v\n%s", err, s.Log)
	case <-time.After(30 * time.Second):
		t.Fatalf("no address after 30 s\n%s", s.Log)
	}
	return s
}

// stop ends the program as Ctrl-C does, and fails the test unless it ends well.
func (s *server) stop() {
	s.T.Helper()
	if err := s.command.Process.Signal(os.Interrupt); err != nil {
		s.T.Fatal(err)
	}
	select {
	case err := <-s.ended:
		if err != nil {
			s.T.Errorf("the program ended with %v\n%s", err, s.Log)
		}
	case <-time.After(20 * time.Second):
		s.T.Errorf("the program did not stop in 20 s\n%s", s.Log)
	}
}

// oneLine makes a mail's folded header one line.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
