// Package servertest lets tests talk to a running server as its users do: over
// HTTP, by its JSON API, and by what it says. How the server is started is the
// test's own matter: as a process of its own, or inside the test.
//
// Nothing here sleeps for a fixed time or asserts on speed: whoever waits asks
// again and again, with patience for a machine that has other things to do.
package servertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"sync"
	"testing"
	"time"
)

// Address finds where the pages are in what a server says when it starts.
var Address = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// Patience is how long a test waits for what takes a moment on an idle machine.
const Patience = time.Minute

// Server is a running server.
type Server struct {
	T    testing.TB
	Base string  // address of its pages, without a slash at the end
	Log  *Buffer // what it said, which is shown when a test fails
}

// Call makes a request to the JSON API and reads the answer into out; in and out
// may be nil. An answer that is no success is an error with its text.
func (s *Server) Call(method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(data)
	}
	request, err := http.NewRequest(method, s.Base+path, body)
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

// Text makes a request and returns the answer's status and body. One that does
// not come fails the test.
func (s *Server) Text(request *http.Request) (int, string) {
	s.T.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.T.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.T.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// Must is Call for what has to succeed.
func (s *Server) Must(method, path string, in, out any) {
	s.T.Helper()
	if err := s.Call(method, path, in, out); err != nil {
		s.T.Fatalf("%v\n%s", err, s.Log)
	}
}

// Await asks until check has nothing to complain about, and fails the test with
// what the server said when that takes longer than Patience.
func (s *Server) Await(what string, check func() error) {
	s.T.Helper()
	Await(s.T, what, Patience, check)
}

// Await asks until check has nothing to complain about. Other processes tell
// nobody when they are done, so there is no other way than to ask.
func Await(t testing.TB, what string, patience time.Duration, check func() error) {
	t.Helper()
	begun := time.Now()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		err := check()
		if err == nil {
			t.Logf("%s after %v", what, time.Since(begun).Round(100*time.Millisecond))
			return
		}
		if time.Since(begun) > patience {
			t.Fatalf("%s: not within %v: %v", what, patience, err)
		}
		<-again.C
	}
}

// Buffer keeps what a server says while others read it. The zero value is empty.
type Buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write adds what was said.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// String returns all that was said so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
