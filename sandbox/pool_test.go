package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wingmirror/monitor"
	"wingmirror/sandbox"
)

func TestPool_RunsAScript(t *testing.T) {
	pool := newPool(t, sandbox.Options{})
	result := run(t, pool, `puts("hello"); throw "low"`)
	if result.Output != "hello\n" || result.Level != monitor.Critical || result.Message() != "low" {
		t.Errorf("got %+v", result)
	}
}

func TestPool_KillingRunCostsOnlyItself(t *testing.T) {
	pool := newPool(t, sandbox.Options{Workers: 1, Limits: monitor.Limits{CPU: 10 * time.Second}})
	killers := map[string][]monitor.Fault{
		`puts("so far"); draw("x", 1, 2); "x".repeat(2**40)`:                                       {monitor.FaultMemory},
		`puts("so far"); draw("x", 1, 2); Array.prototype.forEach.call({length:2**53-1},Math.abs)`: {monitor.FaultTimeout},
		`puts("so far"); draw("x", 1, 2); var o=[];o.push(o);o.flat(Infinity)`:                     {monitor.FaultStack, monitor.FaultMemory},
	}
	for script, faults := range killers {
		var innocent sync.WaitGroup
		for range 40 {
			innocent.Go(func() {
				if result := run(t, pool, `puts("fine")`); result.Output != "fine\n" || result.Fault != "" {
					t.Errorf("beside %s: %+v", script, result)
				}
			})
		}
		in := monitor.Input{Script: script}
		if slices.Contains(faults, monitor.FaultTimeout) {
			in.Limits.CPU = 200 * time.Millisecond
		}
		result, err := pool.Run(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(faults, result.Fault) || result.Reason == "" {
			t.Errorf("%s gives %q (%s), want one of %q", script, result.Fault, result.Reason, faults)
		}
		if result.Output != "so far\n" || len(result.Graph) != 1 || len(result.Graph[0].Points) != 1 {
			t.Errorf("%s kept %q and %v", script, result.Output, result.Graph)
		}
		innocent.Wait()
	}
	if s := pool.Stats(); s.Killed != len(killers) || s.Runs != 41*len(killers) {
		t.Errorf("stats are %+v", s)
	}
}

func TestPool_LongRunDoesNotHoldUpOthers(t *testing.T) {
	pool := newPool(t, sandbox.Options{Workers: 1, Limits: monitor.Limits{CPU: 5 * time.Second}})
	ctx, cancel := context.WithCancel(t.Context())
	var long sync.WaitGroup
	long.Go(func() {
		_, err := pool.Run(ctx, monitor.Input{Script: `for(;;);`})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled run gives %v", err)
		}
	})
	for pool.Stats().InFlight == 0 {
		time.Sleep(time.Millisecond)
	}
	began := time.Now()
	if result := run(t, pool, `puts("fine")`); result.Output != "fine\n" {
		t.Errorf("got %+v", result)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("a short run beside a long one took %v", took)
	}
	cancel()
	long.Wait()
}

func TestPool_Check(t *testing.T) {
	pool := newPool(t, sandbox.Options{Limits: monitor.Limits{CPU: 200 * time.Millisecond}})
	if problem, err := pool.Check(t.Context(), `1 +`); err != nil || problem == nil {
		t.Errorf("got %v, %v for a script that does not parse", problem, err)
	}
	if problem, err := pool.Check(t.Context(), `1 + 1`); err != nil || problem != nil {
		t.Errorf("got %v, %v for a script that parses", problem, err)
	}
	bomb := strings.Repeat("(a=", 30) + "1" + strings.Repeat(")=>1", 30)
	problem, err := pool.Check(t.Context(), bomb)
	// On a machine that is very busy the clock may run out before the processor time does.
	if err != nil || problem == nil || !strings.Contains(problem.Message, "processor time") && !strings.Contains(problem.Message, "by the clock") {
		t.Errorf("got %v, %v for a script that takes for ever to parse", problem, err)
	}
}

func TestPool_RefusesLibraryThatDoesNotCompile(t *testing.T) {
	bad := []sandbox.File{{Name: "mine.js", Source: "function ("}}
	_, err := sandbox.NewPool(sandbox.Options{Args: []string{"worker-small"}, Library: bad})
	all := monitor.AllFieldErrors(err)
	if len(all) != 1 || all[0].Field != "mine.js" || all[0].Line != 1 {
		t.Errorf("got %v", err)
	}
}

func TestPool_SetLibraryTakesEffectAtOnceOrNotAtAll(t *testing.T) {
	pool := newPool(t, sandbox.Options{Library: []sandbox.File{{Name: "a.js", Source: "var who = 'old'"}}})
	if err := pool.SetLibrary(t.Context(), []sandbox.File{{Name: "a.js", Source: "var ("}}); monitor.AllFieldErrors(err) == nil {
		t.Errorf("a library that does not compile gives %v", err)
	}
	if got := run(t, pool, "puts(who)").Output; got != "old\n" {
		t.Errorf("after a refused library it is %q", got)
	}
	if err := pool.SetLibrary(t.Context(), []sandbox.File{{Name: "a.js", Source: "var who = 'new'"}}); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if got := run(t, pool, "puts(who)").Output; got != "new\n" {
			t.Fatalf("after a new library it is %q", got)
		}
	}
}

func TestPool_CloseEndsRunsUnderWay(t *testing.T) {
	pool := newPool(t, sandbox.Options{})
	done := make(chan error)
	go func() {
		_, err := pool.Run(context.Background(), monitor.Input{Script: "for(;;);"})
		done <- err
	}()
	for pool.Stats().InFlight == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := pool.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, monitor.ErrUnavailable) {
		t.Errorf("a run under way gives %v", err)
	}
	if _, err := pool.Run(t.Context(), monitor.Input{}); !errors.Is(err, monitor.ErrUnavailable) {
		t.Errorf("a run after Close gives %v", err)
	}
}

func TestPool_KeepsWhatAStuckRunSaid(t *testing.T) {
	pool := newPool(t, sandbox.Options{Args: []string{"worker"}, Limits: monitor.Limits{CPU: 200 * time.Millisecond}})
	result := run(t, pool, `puts("so far"); graph_value("x", 1, 2); Array.prototype.forEach.call({length: 2**53-1}, Math.abs)`)
	if result.Fault != monitor.FaultTimeout || result.Output != "so far\n" || len(result.Graph) != 1 || result.Graph[0].Label != "x" {
		t.Errorf("got %+v", result)
	}
	if c := result.Cost; c.CPU < 200*time.Millisecond || c.CPU > 450*time.Millisecond || c.PointsOut != 1 || c.OutputBytes != 7 {
		t.Errorf("cost is %+v", c)
	}
}

// Workers must not outlive a server that is killed, even when they are in the
// middle of a script that never ends.
func TestPool_WorkersEndWithTheServer(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("looks for processes in /proc")
	}
	server := exec.Command("/proc/self/exe", "server")
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(stdout, make([]byte, len("busy"))); err != nil {
		t.Fatal(err)
	}
	workers := childrenOf(t, server.Process.Pid)
	if len(workers) == 0 {
		t.Error("the server has no workers")
	}
	if err := server.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = server.Wait() // it was killed
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		workers = slices.DeleteFunc(workers, func(pid string) bool {
			state, err := os.ReadFile("/proc/" + pid + "/stat")
			return err != nil || strings.Contains(string(state), ") Z ")
		})
		if len(workers) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d workers live on", len(workers))
		}
	}
}

// serveStuck is a server with a run that does not end.
func serveStuck() int {
	pool, err := sandbox.NewPool(sandbox.Options{Args: []string{"worker"}, Limits: monitor.Limits{CPU: time.Minute}})
	if err != nil {
		return 1
	}
	go func() {
		for pool.Stats().Slow == 0 {
			time.Sleep(time.Millisecond)
		}
		fmt.Print("busy")
	}()
	_, _ = pool.Run(context.Background(), monitor.Input{Script: "for (;;);"}) // it is killed before
	return 1
}

func childrenOf(t *testing.T, parent int) (children []string) {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		status, _ := os.ReadFile("/proc/" + entry.Name() + "/status") // most are not processes
		if strings.Contains(string(status), fmt.Sprintf("PPid:\t%d\n", parent)) {
			children = append(children, entry.Name())
		}
	}
	return children
}
