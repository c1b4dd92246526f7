package engine

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"

	"wingmirror/monitor"
)

// run is one evaluation: a fresh virtual machine and what it has said so far.
type run struct {
	engine *Engine
	in     monitor.Input
	limits monitor.Limits
	vm     *goja.Runtime
	script *program
	record *recorder
	stop   *stop // why the run was ended by us; nil while it was not

	series      []*series
	globals     *globals
	members     *goja.Object
	seriesProto *goja.Object
	listProto   *goja.Object
	entryString goja.Value
	warning     *goja.Object // the Warning class, once the script has asked for it
	fnProto     *goja.Object
	rejected    []rejection
}

// stop is the end that the engine puts to a run.
type stop struct {
	fault  monitor.Fault
	reason string
	thrown *monitor.ScriptError
}

// Run evaluates the input's script. It always answers: what goes wrong is in
// the result. Output and graph are kept as far as the run came; without a
// point drawn the graph is the default one, the series themselves.
func (e *Engine) Run(in monitor.Input) (result monitor.Result) {
	r := &run{engine: e, in: in, limits: in.Limits.WithDefaults()}
	began, cpu, allocated := e.opts.Now(), e.opts.CPUTime(), e.opts.Allocated()
	r.record = newRecorder(r.limits)
	if e.opts.Notes != nil {
		r.record.notes = e.opts.Notes()
	}
	r.evaluate(&result, began, cpu)
	r.finish(&result)
	result.Cost.Wall = e.opts.Now().Sub(began)
	result.Cost.CPU = e.opts.CPUTime() - cpu
	result.Cost.Memory = e.opts.Allocated() - allocated
	return result
}

// evaluate runs the script and puts how it ended into result. began and cpu are
// the clocks at its start: reading them costs a system call each.
func (r *run) evaluate(result *monitor.Result, began time.Time, cpu time.Duration) {
	if r.refuse(result) {
		return
	}
	watch := r.startWatch(began, cpu)
	defer watch.end()
	defer func() {
		if broken := recover(); broken != nil {
			r.broke(result, watch, broken)
		}
	}()
	tracer, _ := r.record.notes.(Tracer)
	traced := tracer != nil && tracer.Traced()
	if traced {
		r.script = compileTraced(scriptFile, r.in.Script)
	} else {
		r.script = r.engine.programs.get(scriptFile, r.in.Script)
	}
	if r.script.err != nil {
		result.Fault, result.Reason, result.Thrown = monitor.FaultSyntax, r.script.err.Message, r.script.err
		return
	}
	r.prepare()
	if traced {
		r.globals.known[traceName] = r.tracer(tracer)
	}
	watch.arm(r.vm)
	err := r.execute()
	r.conclude(result, watch, err)
}

// refuse turns away an input that is larger than its limits.
func (r *run) refuse(result *monitor.Result) bool {
	if err := tooLong(r.in.Script, r.limits); err != nil {
		result.Fault, result.Reason, result.Thrown = monitor.FaultLimit, err.Message, err
		return true
	}
	points := 0
	for _, target := range r.in.Targets {
		for _, s := range target.Series {
			points += len(s.Values)
		}
	}
	if points > r.limits.InputPoints {
		result.Fault = monitor.FaultLimit
		result.Reason = fmt.Sprintf("The targets brought %d points, more than the limit of %d. Ask for fewer minutes or consolidate with summarize().", points, r.limits.InputPoints)
		return true
	}
	return false
}

// tooLong is what is said of a script that is longer than allowed, else nil.
func tooLong(script string, limits monitor.Limits) *monitor.ScriptError {
	if len(script) <= limits.Source {
		return nil
	}
	return &monitor.ScriptError{Message: fmt.Sprintf("The script has %d bytes, more than the limit of %d.", len(script), limits.Source)}
}

// prepare makes the virtual machine and everything in its scope.
func (r *run) prepare() {
	r.vm = goja.New()
	r.vm.SetParserOptions(parser.WithDisableSourceMaps)
	r.vm.SetMaxCallStackSize(r.limits.CallDepth)
	r.vm.SetTimeSource(func() time.Time { return r.in.At.UTC() })
	var random *rand.Rand
	r.vm.SetRandSource(func() float64 {
		if random == nil {
			random = rand.New(rand.NewPCG(r.in.Seed, 0))
		}
		return random.Float64()
	})
	r.vm.SetPromiseRejectionTracker(r.trackRejection)
	r.bindSeries()
	r.globals = &globals{r: r, known: map[string]goja.Value{}}
	r.members = r.vm.NewDynamicObject(&members{r: r, known: map[string]goja.Value{}})
	// Neither can fail: no prototype loops back.
	_ = r.vm.GlobalObject().SetPrototype(r.vm.NewDynamicObject(r.globals))
	_ = r.vm.NewArray().Prototype().SetPrototype(r.members)
	if r.script.facts.regexps || r.engine.currentLibrary().regexps {
		r.guardRegexps()
	}
}

// execute runs the library files and then the script.
func (r *run) execute() error {
	for _, file := range r.engine.currentLibrary().programs {
		if _, err := r.vm.RunProgram(file.code); err != nil {
			return err
		}
	}
	if _, err := r.vm.RunProgram(r.script.code); err != nil {
		return err
	}
	if len(r.rejected) > 0 {
		return &r.rejected[0]
	}
	return nil
}

// rejection is a promise's failure that nothing in the script handled. Unlike
// in a browser it is not lost: an alert that an async function threw counts.
type rejection struct {
	promise *goja.Promise
	reason  goja.Value
}

// maxRejections bounds those that are remembered; only the first is told.
const maxRejections = 100

func (*rejection) Error() string { return "unhandled rejection" }

func (r *run) trackRejection(p *goja.Promise, op goja.PromiseRejectionOperation) {
	if op == goja.PromiseRejectionHandle {
		r.rejected = slices.DeleteFunc(r.rejected, func(known rejection) bool { return known.promise == p })
		return
	}
	if len(r.rejected) < maxRejections {
		r.rejected = append(r.rejected, rejection{p, p.Result()})
	}
}

// fail ends the run at once, from inside a function that the script called.
func (r *run) fail(fault monitor.Fault, format string, args ...any) {
	if r.stop == nil {
		reason := fmt.Sprintf(format, args...)
		r.stop = &stop{fault: fault, reason: reason, thrown: r.locate(reason, r.vm.CaptureCallStack(0, nil))}
	}
	panic(&goja.InterruptedError{})
}

// conclude puts how the program ended into result. It runs under the armed
// timer, since the value that was thrown may run code of the script.
func (r *run) conclude(result *monitor.Result, watch *watch, err error) {
	if err == nil {
		result.Level = monitor.OK
		return
	}
	if r.stop != nil {
		result.Fault, result.Reason, result.Thrown = r.stop.fault, r.stop.reason, r.stop.thrown
		return
	}
	if thrown, ok := errors.AsType[*goja.Exception](err); ok && !isUncatchable(err) {
		r.thrown(result, thrown.Value(), thrown.Stack())
		return
	}
	if lost, ok := errors.AsType[*rejection](err); ok {
		r.thrown(result, lost.reason, nil)
		return
	}
	r.broke(result, watch, err)
}

func isUncatchable(err error) bool {
	switch err.(type) {
	case *goja.InterruptedError, *goja.StackOverflowError:
		return true
	}
	return false
}

// broke puts into result an end that no script can bring about by throwing: an
// interrupt, too deep calls, a panic inside goja.
func (r *run) broke(result *monitor.Result, watch *watch, broken any) {
	result.Level = monitor.Unknown
	var stack []goja.StackFrame
	switch broken := broken.(type) {
	case *goja.InterruptedError:
		stack = broken.Stack()
		result.Fault, result.Reason = watch.reason()
		if r.stop != nil {
			result.Fault, result.Reason, result.Thrown = r.stop.fault, r.stop.reason, r.stop.thrown
			return
		}
	case *goja.StackOverflowError:
		stack = broken.Stack()
		result.Fault = monitor.FaultStack
		result.Reason = fmt.Sprintf("The script called itself too deeply: more than %d calls inside each other.", r.limits.CallDepth)
	default:
		result.Fault = monitor.FaultSandbox
		result.Reason = "The script made the engine fail: " + clip(fmt.Sprint(broken), 200)
	}
	result.Thrown = r.locate(result.Reason, stack)
}

// finish adds what the run said, and what it cost in points and bytes.
func (r *run) finish(result *monitor.Result) {
	result.Output, result.Graph = r.record.all()
	if result.Fault == monitor.FaultScript && len(r.in.Targets) > 0 && monitor.PointsIn(r.in.Targets) == 0 {
		result.Fault = monitor.FaultNoData
		result.Reason = "No target had a single point. The script failed with: " + result.Reason
	}
	if len(result.Graph) == 0 {
		result.Graph = monitor.DefaultGraph(r.in.Targets, r.limits.GraphPoints)
	}
	result.Cost.PointsIn = monitor.PointsIn(r.in.Targets)
	for _, line := range result.Graph {
		result.Cost.PointsOut += len(line.Points)
	}
	result.Cost.OutputBytes = len(result.Output)
}
