package sandbox_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"wingmirror/monitor"
	"wingmirror/sandbox"
)

// serveMad is a worker that does not keep to the protocol, as one might that a
// script has taken over.
func serveMad(how string) int {
	if how == "dies at once" {
		fmt.Fprintln(os.Stderr, "no reason to live")
		return 3
	}
	conn := sandbox.NewConn(os.Stdin, os.Stdout)
	if _, err := conn.Setup(); err != nil {
		return 1
	}
	if how == "cannot serve" {
		_ = conn.Ready(sandbox.Ready{Failure: "the moon is full"})
		return 1
	}
	if conn.Ready(sandbox.Ready{}) != nil || conn.Serve(madness{how, conn, new(int)}) != nil {
		return 1
	}
	return 0
}

// madness misbehaves at a run whose script is "mad". It does not share memory,
// so that the tests take the way of systems that have none to share.
type madness struct {
	how    string
	conn   *sandbox.Conn
	served *int
}

func (m madness) Check(string) *monitor.ScriptError { return nil }

func (m madness) Run(in monitor.Input, notes *sandbox.Journal) (monitor.Result, bool) {
	fine := monitor.Result{Level: monitor.OK, Output: in.Name}
	*m.served++
	if in.Script != "mad" {
		return fine, false
	}
	notes.Output("so far")
	if m.conn.Flush() != nil {
		os.Exit(1)
	}
	switch m.how {
	case "writes garbage":
		_, _ = os.Stdout.WriteString(strings.Repeat("garbage ", 100))
		time.Sleep(time.Minute)
	case "announces gigabytes":
		_, _ = os.Stdout.Write([]byte{0xff, 0xff, 0xff, 0x7f, 66})
		time.Sleep(time.Minute)
	case "answers for another":
		_, _ = os.Stdout.Write([]byte{9, 0, 0, 0, 66, 99, 0, 0, 0, 0, 0, 0, 0})
		time.Sleep(time.Minute)
	case "greets again":
		_, _ = os.Stdout.Write([]byte{13, 0, 0, 0, 65, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
		time.Sleep(time.Minute)
	case "closes its pipe":
		_ = os.Stdout.Close()
		time.Sleep(time.Minute)
	case "dies slowly":
		_ = os.Stdout.Close()
		time.Sleep(time.Second)
		fmt.Fprintln(os.Stderr, "fatal error: out of memory")
		os.Exit(2)
	case "dies of what others left":
		if *m.served > 1 {
			fmt.Fprintln(os.Stderr, "fatal error: out of memory")
			os.Exit(2)
		}
	case "exits":
		os.Exit(0)
	case "sleeps":
		time.Sleep(time.Minute)
	case "claims nonsense":
		return monitor.Result{Level: 77, Fault: "made up"}, false
	case "says too much":
		fine.Output = strings.Repeat("x", 10<<20)
	}
	return fine, false
}

func TestPool_MadWorkerHarmsNobody(t *testing.T) {
	ways := map[string]monitor.Fault{
		"writes garbage": monitor.FaultSandbox, "announces gigabytes": monitor.FaultSandbox, "answers for another": monitor.FaultSandbox,
		"greets again": monitor.FaultSandbox, "closes its pipe": monitor.FaultSandbox, "exits": monitor.FaultSandbox,
		"sleeps": monitor.FaultTimeout, "claims nonsense": monitor.FaultSandbox, "says too much": monitor.FaultSandbox,
	}
	for how, want := range ways {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			pool := newPool(t, sandbox.Options{
				Args: []string{"worker-mad", how}, Workers: 1, Spares: -1,
				Limits: monitor.Limits{Wall: 2 * time.Second},
			})
			result := run(t, pool, "mad")
			if result.Fault != want || result.Reason == "" || result.Level != monitor.Unknown {
				t.Errorf("got %q (%s), want %q", result.Fault, result.Reason, want)
			}
			if how == "sleeps" && result.Output != "so far" {
				t.Errorf("kept %q", result.Output)
			}
			if after := run(t, pool, "sane"); after.Fault != monitor.NoFault {
				t.Errorf("the next run gives %q (%s)", after.Fault, after.Reason)
			}
		})
	}
}

// A busy machine may take its time for the end of a process: what it died of
// counts, not that its pipe was closed first.
func TestPool_ASlowDeathIsJudgedByItsCause(t *testing.T) {
	t.Parallel()
	pool := newPool(t, sandbox.Options{Args: []string{"worker-mad", "dies slowly"}, Workers: 1})
	if result := run(t, pool, "mad"); result.Fault != monitor.FaultMemory {
		t.Errorf("got %q (%s)", result.Fault, result.Reason)
	}
}

// Memory that ran out in a worker that has served others may be their doing.
func TestPool_NoRunIsBlamedForWhatOthersLeftInItsWorker(t *testing.T) {
	t.Parallel()
	pool := newPool(t, sandbox.Options{Args: []string{"worker-mad", "dies of what others left"}, Workers: 1})
	for range 5 {
		for _, script := range []string{"sane", "mad"} {
			if result := run(t, pool, script); result.Fault != monitor.NoFault {
				t.Fatalf("%s: got %q (%s)", script, result.Fault, result.Reason)
			}
		}
	}
	if died := pool.Stats().Died; died == 0 {
		t.Error("none died, so nothing was tried")
	}
}

func TestNewPool_SaysWhyNoWorkerGetsReady(t *testing.T) {
	why := map[string]string{"dies at once": "no reason to live", "cannot serve": "the moon is full"}
	for how, want := range why {
		_, err := sandbox.NewPool(sandbox.Options{Args: []string{"worker-mad", how}, Workers: 1})
		if !errors.Is(err, monitor.ErrUnavailable) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %v", how, err)
		}
	}
	if _, err := sandbox.NewPool(sandbox.Options{Path: "/nowhere/to/be/found"}); !errors.Is(err, monitor.ErrUnavailable) {
		t.Errorf("a missing executable gives %v", err)
	}
}
