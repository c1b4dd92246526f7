package sandbox_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/dop251/goja"

	"wingmirror/monitor"
	"wingmirror/sandbox"
	"wingmirror/sandbox/worker"
)

// TestMain lets the test binary be its own worker: a pool starts it again with
// an argument that says which engine it shall have.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "worker-small":
			os.Exit(worker.Main(newSmallEngine))
		case "server":
			os.Exit(serveStuck())
		case "worker-mad":
			os.Exit(serveMad(os.Args[2]))
		case "worker-evil":
			os.Exit(worker.Main(newEvilEngine))
		case "worker":
			os.Exit(worker.Main(worker.Goja))
		}
	}
	os.Exit(m.Run())
}

// smallEngine is just enough of an engine to test what is around one: goja
// without any of the care that the real engine takes.
type smallEngine struct {
	worker.Resources
}

func newSmallEngine(r worker.Resources) (worker.Engine, error) {
	for _, file := range r.Library {
		if _, err := goja.Compile(file.Name, file.Source, false); err != nil {
			return nil, monitor.FieldErrors{{Field: file.Name, Message: err.Error(), Line: 1, Column: 2}}
		}
	}
	return smallEngine{r}, nil
}

func (e smallEngine) Check(script string) *monitor.ScriptError {
	if _, err := goja.Compile("", script, false); err != nil {
		return &monitor.ScriptError{Message: err.Error(), Line: 1}
	}
	return nil
}

func (e smallEngine) Run(in monitor.Input) (result monitor.Result) {
	began := e.CPU()
	vm := goja.New()
	timer := time.AfterFunc(in.Limits.CPU, func() { vm.Interrupt("too long") })
	defer timer.Stop()
	defer func() {
		if broken := recover(); broken != nil {
			result = monitor.Result{Fault: monitor.FaultSandbox, Reason: fmt.Sprint(broken)}
		}
		result.Cost.CPU = e.CPU() - began
	}()
	vm.Set("puts", func(text string) {
		e.Notes().Output(text + "\n")
		result.Output += text + "\n"
	})
	vm.Set("draw", func(label string, at, value float64) {
		e.Notes().Line(label)
		e.Notes().Point(len(result.Graph), at, value)
		result.Graph = append(result.Graph, monitor.Line{Label: label, Points: []monitor.GraphPoint{{Time: at, Value: value}}})
	})
	vm.Set("input", func() map[string]any {
		return map[string]any{"name": in.Name, "targets": len(in.Targets), "at": in.At.String(), "params": string(in.Params)}
	})
	for _, file := range e.Library {
		if _, err := vm.RunScript(file.Name, file.Source); err != nil {
			result.Fault, result.Reason = monitor.FaultScript, err.Error()
			return result
		}
	}
	_, err := vm.RunString(in.Script)
	switch err := err.(type) {
	case nil:
		result.Level = monitor.OK
	case *goja.InterruptedError:
		result.Fault, result.Reason = monitor.FaultTimeout, "interrupted"
	case *goja.Exception:
		result.Level = monitor.Critical
		result.Thrown = &monitor.ScriptError{Message: err.Value().String(), Line: 1}
	default:
		result.Fault, result.Reason = monitor.FaultScript, err.Error()
	}
	return result
}

// newPool starts a pool of small engines that is closed with the test.
func newPool(t testing.TB, opts sandbox.Options) *sandbox.Pool {
	t.Helper()
	if opts.Args == nil {
		opts.Args = []string{"worker-small"}
	}
	pool, err := sandbox.NewPool(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	return pool
}

func run(t testing.TB, pool *sandbox.Pool, script string) monitor.Result {
	t.Helper()
	result, err := pool.Run(t.Context(), monitor.Input{Script: script, JobID: 1, At: time.Unix(1_700_000_000, 0)})
	if err != nil {
		t.Fatal(err)
	}
	return result
}
