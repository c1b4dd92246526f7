package engine

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dop251/goja"

	"wingmirror/monitor"
)

// maxFrames bounds the stack that a result holds.
const maxFrames = 10

// thrown puts into result what the script threw: an alert, or an error of the
// engine, which says nothing about the world.
func (r *run) thrown(result *monitor.Result, value goja.Value, stack []goja.StackFrame) {
	message, engineError := "", false
	failed := r.vm.Try(func() { message, engineError = r.readThrown(value, stack) })
	if failed != nil {
		message = "The script threw a value that cannot be shown."
	}
	if message == "" {
		message = "the script threw an empty text"
	}
	message = clip(strings.ToValidUTF8(message, "\ufffd"), r.limits.Message)
	if len(stack) == 0 {
		stack = nil
	}
	if engineError {
		message = r.advise(message)
		result.Fault, result.Reason = monitor.FaultScript, message
		result.Thrown = r.locate(message, stack)
		if stack == nil {
			r.locateByText(result.Thrown, value)
		}
		return
	}
	result.Level = monitor.Critical
	if warned := r.vm.Try(func() {
		if r.isWarning(value) {
			result.Level = monitor.Warning
		}
	}); warned != nil {
		result.Level = monitor.Critical
	}
	result.Thrown = r.locate(message, stack)
	if stack == nil {
		r.locateByText(result.Thrown, value)
	}
}

// readThrown returns the text of a thrown value, and whether the engine made
// it. It may run code of the script and panic with what that throws.
func (r *run) readThrown(value goja.Value, stack []goja.StackFrame) (message string, engineError bool) {
	object, ok := value.(*goja.Object)
	if !ok {
		return r.text(value), false
	}
	if object.ClassName() != "Error" {
		return r.text(value), false
	}
	text := "error without a message"
	if m := object.Get("message"); m != nil && m.String() != "" {
		text = m.String()
	}
	name := r.builtinErrorName(object)
	if name == "" || r.authorMade(stack) {
		return text, false
	}
	return name + ": " + strings.TrimPrefix(text, name+": "), true
}

// builtinErrorName returns the class of an error that is directly of one of the
// engine's own classes, or "".
func (r *run) builtinErrorName(object *goja.Object) string {
	proto := object.Prototype()
	for _, name := range builtinErrors() {
		class, ok := r.vm.GlobalObject().Get(name).(*goja.Object)
		if ok && proto != nil && proto.SameAs(class.Get("prototype")) {
			return name
		}
	}
	// A script that has put something else in its place does not deceive us.
	if proto != nil && proto.SameAs(r.vm.NewTypeError("").Prototype()) {
		return "TypeError"
	}
	return ""
}

// authorMade reports whether an error of a built-in class was made by the
// author's own new TypeError(...): that is an alert like every other throw. An
// error's stack begins where it was made, also when it is thrown again.
func (r *run) authorMade(stack []goja.StackFrame) bool {
	for i, frame := range stack {
		source, thrown := r.fileFacts(frame.SrcName())
		if source == "" {
			if i == 0 && slices.Contains(builtinErrors(), frame.FuncName()) {
				continue
			}
			return false
		}
		at := frame.Position()
		return thrown[lineStart(source, at.Line)+at.Column-1]
	}
	return false
}

// fileFacts returns the text of a script or library file and where it makes
// errors; "" for goja's own functions.
func (r *run) fileFacts(name string) (string, map[int]bool) {
	if name == scriptFile {
		return r.script.source, r.script.facts.thrown
	}
	for _, file := range r.engine.currentLibrary().programs {
		if file.name == name {
			return file.source, file.facts.thrown
		}
	}
	return "", nil
}

// lineStart is the offset of a line, counted from 1.
func lineStart(source string, line int) int {
	offset := 0
	for ; line > 1; line-- {
		end, width := lineEnd(source[offset:])
		if end < 0 {
			break
		}
		offset += end + width
	}
	return offset
}

// locate makes a ScriptError from a stack: the place is the author's innermost
// line, also when a library file or a native function stands above it.
func (r *run) locate(message string, stack []goja.StackFrame) *monitor.ScriptError {
	found := &monitor.ScriptError{Message: message}
	var frames []string
	for _, frame := range stack {
		if frame.SrcName() != scriptFile {
			continue
		}
		at := frame.Position()
		column := utf16Column(r.script.source, at.Line, at.Column)
		if found.Line == 0 {
			found.Line, found.Column = at.Line, column
		}
		if len(frames) == maxFrames {
			break
		}
		place := fmt.Sprintf("line %d, column %d", at.Line, column)
		if name := frame.FuncName(); name != "" && name != "<anonymous>" {
			place = clip(name, 100) + ": " + place
		}
		frames = append(frames, place)
	}
	found.Stack = strings.Join(frames, "\n")
	if found.Line == 0 {
		found.Stack = r.libraryPlace(stack)
	}
	return found
}

// libraryPlace is where in a library file an error arose that no line of the
// script had a part in.
func (r *run) libraryPlace(stack []goja.StackFrame) string {
	for _, frame := range stack {
		if source, _ := r.fileFacts(frame.SrcName()); source != "" {
			at := frame.Position()
			return fmt.Sprintf("%s: line %d, column %d", frame.SrcName(), at.Line, utf16Column(source, at.Line, at.Column))
		}
	}
	return ""
}

var framePlace = regexp.MustCompile(`\b` + scriptFile + `:(\d+):(\d+)\(`)

// locateByText reads the place from the text of an error's stack, for promises,
// whose failures come without frames.
func (r *run) locateByText(found *monitor.ScriptError, value goja.Value) {
	object, ok := value.(*goja.Object)
	if !ok {
		return
	}
	_ = r.vm.Try(func() {
		stack, ok := object.Get("stack").(goja.String)
		if !ok || object.ClassName() != "Error" {
			return
		}
		if m := framePlace.FindStringSubmatch(clip(stack.String(), 4096)); m != nil {
			found.Line, _ = strconv.Atoi(m[1])
			column, _ := strconv.Atoi(m[2])
			found.Column = utf16Column(r.script.source, found.Line, column)
		}
	})
}

// isWarning reports whether the value is an instance of Warning.
func (r *run) isWarning(value goja.Value) bool {
	object, ok := value.(*goja.Object)
	if !ok || r.warning == nil {
		return false
	}
	wanted := r.warning.Get("prototype")
	for proto := object.Prototype(); proto != nil; proto = proto.Prototype() {
		if proto.SameAs(wanted) {
			return true
		}
	}
	return false
}

// errorNames evaluates the library's own script, which defines Warning and
// raise, and returns one of them.
func (r *run) errorNames(name string) goja.Value {
	made, err := r.vm.RunProgram(r.engine.errors)
	if err != nil {
		panic(err)
	}
	both := made.(*goja.Object)
	r.warning = both.Get("Warning").(*goja.Object)
	r.globals.known["Warning"], r.globals.known["raise"] = r.warning, both.Get("raise")
	return r.globals.known[name]
}
