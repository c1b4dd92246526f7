package engine

import (
	"strings"
	"sync"
	"time"

	"github.com/dlclark/regexp2/v2"
	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"

	"wingmirror/monitor"
)

// regexpTimeout bounds one match of a backtracking pattern.
const regexpTimeout = 50 * time.Millisecond

// slowMatch is from when on a failed match is doubted. goja's matcher reads a
// clock that is set every few milliseconds, or much later on a busy machine: by
// it, time may be up almost at once.
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
// asked for once more, of the matcher itself, which tells the two apart.
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
	text := fc.Argument(0).ToString().(goja.String)
	rx, _ := fc.This.(*goja.Object)
	const tries = 8 // being given up too early eight times in a row is a stalled machine
	for range tries {
		from := r.vm.ToValue(0)
		if rx != nil {
			from = rx.Get("lastIndex")
		}
		began := r.engine.opts.Now()
		found, err := original(fc.This, text)
		if err != nil {
			panic(err)
		}
		if !goja.IsNull(found) || r.engine.opts.Now().Sub(began) < slowMatch || !r.matches(rx, text, from) {
			return found
		}
		if err := rx.Set("lastIndex", from); err != nil {
			panic(err)
		}
	}
	r.giveUp(text)
	return nil
}

func (r *run) giveUp(text goja.String) {
	r.fail(monitor.FaultRegexp, "A regular expression took longer than %s on a text of %d characters and was given up.",
		plainDuration(min(r.limits.Regexp, regexpTimeout)), text.Length())
}

// matches reports whether rx really has a match in text, or ends the run when
// that takes longer than a match may. Patterns that goja leaves to Go's own
// matcher are never given up.
func (r *run) matches(rx *goja.Object, text goja.String, from goja.Value) bool {
	source, flags := rx.Get("source").String(), rx.Get("flags").String()
	start := 0
	if strings.ContainsAny(flags, "gy") {
		start = int(from.ToInteger())
	}
	wide := strings.Contains(flags, "u")
	_, err := parser.TransformRegExp(source, strings.Contains(flags, "s"), wide)
	if start < 0 || start > text.Length() || start == 0 && err == nil {
		return false
	}
	pattern, err := regexp2.Compile(source, matcherOptions(flags))
	if err != nil {
		return false // then goja took it for another kind of pattern
	}
	limit := min(r.limits.Regexp, regexpTimeout)
	pattern.MatchTimeout = limit
	in, at := matcherText(text, start, wide)
	for {
		began := r.engine.opts.Now()
		match, err := pattern.FindRunesMatchStartingAt(in, at)
		if err == nil {
			return match != nil && (!strings.Contains(flags, "y") || match.RuneIndex == at)
		}
		if r.engine.opts.Now().Sub(began) >= limit*9/10 {
			r.giveUp(text)
		}
	}
}

func matcherOptions(flags string) regexp2.RegexOptions {
	options := regexp2.ECMAScript
	for flag, option := range map[string]regexp2.RegexOptions{
		"m": regexp2.Multiline, "s": regexp2.Singleline, "i": regexp2.IgnoreCase, "u": regexp2.Unicode,
	} {
		if strings.Contains(flags, flag) {
			options |= option
		}
	}
	return options
}

// matcherText is the text as the matcher takes it, and where in it to start: in
// characters for a pattern with the flag u, in UTF-16 units for all others.
func matcherText(text goja.String, start int, wide bool) ([]rune, int) {
	if wide {
		return []rune(text.String()), len([]rune(text.Substring(0, start).String()))
	}
	units := make([]rune, text.Length())
	for i := range units {
		units[i] = rune(text.CharAt(i))
	}
	return units, start
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
