package engine

import (
	"sync"
	"time"

	"github.com/dlclark/regexp2/v2"
	"github.com/dop251/goja"

	"wingmirror/monitor"
)

// regexpTimeout bounds one match of a backtracking pattern.
const regexpTimeout = 50 * time.Millisecond

// slowMatch is from when on a failed match is doubted. goja's matcher reads a
// clock that is set every few milliseconds, or much later on a busy machine: by
// it, time may be up almost at once. Having been up it is right, for the next try.
const slowMatch = 200 * time.Microsecond

// boundRegexps bounds the time of goja's backtracking patterns, and lifts the
// bound on their stack, which is hit too soon and, like the time, answered with
// a wrong "no match". The library only has these settings for the whole process.
var boundRegexps = sync.OnceFunc(func() {
	regexp2.DefaultMatchTimeout = regexpTimeout
	regexp2.DefaultOptimizationOptions.MaxBacktrackingStackSize = -1
	regexp2.SetTimeoutCheckPeriod(5 * time.Millisecond)
})

// guardRegexps makes a match that goja gave up a fault. goja answers null both
// when nothing matches and when the time was up, so a null that took a while is
// asked for once more, and ends the run when that took as long as is allowed.
//
// Every use of a regular expression goes through exec once exec is not goja's
// own. Only split does it in a way that is quadratic there, so it has one here.
func (r *run) guardRegexps() {
	class, ok := r.vm.GlobalObject().Get("RegExp").(*goja.Object)
	if !ok {
		return
	}
	proto := class.Get("prototype").(*goja.Object)
	original, _ := goja.AssertFunction(proto.Get("exec"))
	guarded := r.named("exec", func(fc goja.FunctionCall) goja.Value { return r.exec(original, fc) })
	_ = proto.DefineDataProperty("exec", guarded, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	test := r.named("test", func(fc goja.FunctionCall) goja.Value { return r.vm.ToValue(!goja.IsNull(r.callExec(fc))) })
	_ = proto.DefineDataProperty("test", test, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	split := r.named("[Symbol.split]", func(fc goja.FunctionCall) goja.Value { return r.split(class, fc) })
	_ = proto.DefineDataPropertySymbol(goja.SymSplit, split, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
}

func (r *run) exec(original goja.Callable, fc goja.FunctionCall) goja.Value {
	limit := min(r.limits.Regexp, regexpTimeout) * 9 / 10
	text := fc.Argument(0).ToString()
	var from goja.Value
	if rx, ok := fc.This.(*goja.Object); ok {
		from = rx.Get("lastIndex")
	}
	for doubted := false; ; doubted = true {
		began := r.engine.opts.Now()
		found, err := original(fc.This, text)
		if err != nil {
			panic(err)
		}
		took := r.engine.opts.Now().Sub(began)
		if !goja.IsNull(found) || took < slowMatch || doubted && took < limit {
			return found
		}
		if doubted {
			break
		}
		if rx, ok := fc.This.(*goja.Object); ok {
			if err := rx.Set("lastIndex", from); err != nil {
				panic(err)
			}
		}
	}
	r.fail(monitor.FaultRegexp, "A regular expression took longer than %s on a text of %d characters and was given up.",
		plainDuration(min(r.limits.Regexp, regexpTimeout)), text.(goja.String).Length())
	return nil
}

// callExec calls the receiver's exec, as test does by the standard.
func (r *run) callExec(fc goja.FunctionCall) goja.Value {
	rx, ok := fc.This.(*goja.Object)
	if !ok {
		panic(r.vm.NewTypeError("RegExp.prototype.test called on incompatible receiver"))
	}
	exec, ok := goja.AssertFunction(rx.Get("exec"))
	if !ok {
		panic(r.vm.NewTypeError("RegExp.prototype.test called on incompatible receiver"))
	}
	found, err := exec(rx, fc.Argument(0).ToString())
	if err != nil {
		panic(err)
	}
	return found
}

// split is RegExp.prototype[Symbol.split], by searching for the next separator
// instead of trying every position.
func (r *run) split(class *goja.Object, fc goja.FunctionCall) goja.Value {
	rx, ok := fc.This.(*goja.Object)
	if !ok {
		panic(r.vm.NewTypeError("RegExp.prototype[Symbol.split] called on incompatible receiver"))
	}
	text := fc.Argument(0).ToString().(goja.String)
	most := int64(1<<32 - 1)
	if limit := fc.Argument(1); !goja.IsUndefined(limit) {
		most = int64(uint32(limit.ToInteger()))
	}
	flags := "g" + withoutFlags(rx.Get("flags").String(), "gy")
	search, err := r.vm.New(class, rx, r.vm.ToValue(flags))
	if err != nil {
		panic(err)
	}
	s := &splitting{text: text, most: int(min(most, 1<<31)), search: search}
	if s.most > 0 {
		s.all()
	}
	return r.vm.NewArray(s.parts...)
}

func withoutFlags(flags, drop string) string {
	kept := ""
	for _, f := range flags {
		known := false
		for _, d := range drop {
			known = known || d == f
		}
		if !known {
			kept += string(f)
		}
	}
	return kept
}

type splitting struct {
	text   goja.String
	most   int
	search *goja.Object
	parts  []any
}

// add adds a part, and reports whether more may follow.
func (s *splitting) add(v any) bool {
	s.parts = append(s.parts, v)
	return len(s.parts) < s.most
}

// next returns the first match at or after from, or nil.
func (s *splitting) next(from int) *goja.Object {
	if err := s.search.Set("lastIndex", from); err != nil {
		panic(err)
	}
	exec, ok := goja.AssertFunction(s.search.Get("exec"))
	if !ok {
		return nil
	}
	found, err := exec(s.search, s.text)
	if err != nil {
		panic(err)
	}
	match, _ := found.(*goja.Object)
	return match
}

func (s *splitting) all() {
	size := s.text.Length()
	if size == 0 {
		if s.next(0) == nil {
			s.add(s.text)
		}
		return
	}
	begin, from := 0, 0
	for from < size {
		match := s.next(from)
		if match == nil {
			break
		}
		at, end := int(match.Get("index").ToInteger()), int(s.search.Get("lastIndex").ToInteger())
		if at >= size {
			break
		}
		if end == begin || end == at && at == begin {
			from = max(at, from) + 1
			continue
		}
		if !s.add(s.text.Substring(begin, at)) {
			return
		}
		groups := int(match.Get("length").ToInteger())
		for g := 1; g < groups; g++ {
			if !s.add(match.Get(itoa(g))) {
				return
			}
		}
		begin = end
		from = end
		if end == at {
			from = at + 1
		}
	}
	s.add(s.text.Substring(begin, size))
}
