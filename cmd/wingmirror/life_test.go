package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"wingmirror/cmd/wingmirror/servertest"
)

// running is the program at work inside the test.
type running struct {
	servertest.Server
	cancel context.CancelFunc
	ended  chan struct{}
	code   int
}

// launch starts serve or demo on a free port, and returns when it says where its
// pages are.
func launch(t *testing.T, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	r := &running{Server: servertest.Server{T: t, Log: &servertest.Buffer{}}, cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(r.ended)
		r.code = run(ctx, process{
			args:   append(args, "--listen", "127.0.0.1:0"),
			getenv: func(string) (string, bool) { return "", false },
			stdin:  strings.NewReader(""), stdout: in, stderr: r.Log,
		})
		in.Close()
	}()
	t.Cleanup(func() {
		cancel()
		<-r.ended
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if r.Base = servertest.Address.FindString(lines.Text()); r.Base != "" {
			break
		}
	}
	go io.Copy(io.Discard, out)
	if r.Base == "" {
		<-r.ended
		t.Fatalf("exit %d before there was an address: %s", r.code, r.Log)
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
		r.T.Errorf("exit %d: %s", r.code, r.Log)
	}
	return time.Since(begun)
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
	if err := r.Call("GET", "/api/v1/monitors", nil, &list); err != nil {
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
	demo.Await("a run of each monitor", func() error {
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
		live, err := http.Get(demo.Base + "/api/v1/events") // a page that somebody has open
		if err != nil {
			t.Fatal(err)
		}
		before := demo.Log.String()
		took := demo.stop()
		live.Body.Close()
		if took > 3*time.Second { // a second is plenty, but not on a machine that is busy with other tests
			t.Errorf("stopping took %v\n%s", took, demo.Log)
		}
		if said := strings.TrimPrefix(demo.Log.String(), before); said != "" {
			t.Errorf("when it was stopped it said %s", said)
		}
		t.Logf("stopped in %v", took.Round(time.Millisecond))
	}
}
