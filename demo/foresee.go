package demo

import (
	"errors"
	"fmt"
	"slices"

	"github.com/go-graphite/carbonapi/pkg/parser"
)

// A few arguments make the library use all memory or never end, and no context
// reaches into it. They are found before it sees them.

// backwards lists the functions for which an interval may be negative or zero.
var backwards = []string{"timeShift", "timeStack", "timeSlice", "baseline", "baselineAberration"}

// counting lists the functions whose numbers are numbers of points or of terms,
// and the largest that they take here: some spend its square, or worse.
var counting = map[string]float64{
	"delay": 10_000, "exponentialMovingAverage": 10_000, "movingAverage": 10_000, "movingMax": 10_000, "movingMedian": 10_000,
	"movingMin": 10_000, "movingSum": 10_000, "movingWindow": 10_000, "stddev": 10_000, "stdev": 10_000, "pearsonClosest": 1000,
	"kolmogorovSmirnovTest2": 100, "ksTest2": 100, "polyfit": 10,
}

// rescanning lists the functions that look at all points of an interval again
// for every point of the window.
var rescanning = []string{"kolmogorovSmirnovTest2", "ksTest2", "movingMax", "movingMin", "movingWindow"}

// maxScanned is how often such a function may look at a point: about a second's work.
const maxScanned = 1_000_000_000

// foresee refuses functions that would make points by the million out of little:
// each costs what it makes, before it makes it.
func (run *evaluation) foresee(e parser.Expr, window int64) error {
	if !e.IsFunc() {
		return nil
	}
	if window > maxRange {
		return fmt.Errorf("the window is %d days long; at most %d", window/day, maxRange/day)
	}
	if err := checkArguments(e); err != nil {
		return fmt.Errorf("function=%s: %w", e.Target(), err)
	}
	switch e.Target() {
	case "randomWalk", "randomWalkFunction", "time", "timeFunction", "sin", "sinFunction":
		run.points -= int(window / stepOf(e))
	case "hitcount", "summarize", "smartSummarize":
		if interval, err := e.GetIntervalArg(1, 1); err == nil {
			run.points -= int(window / max(int64(interval), 1))
		}
	}
	if run.points < 0 {
		return errTooMuch
	}
	if slices.Contains(rescanning, e.Target()) && scanned(e)*(window/nativeStep) > maxScanned {
		return errors.New("that is too much work: ask for a shorter time, or a shorter interval inside the function")
	}
	for _, arg := range slices.Concat(e.Args(), slices.Collect(named(e))) {
		if err := run.foresee(arg, window); err != nil {
			return err
		}
	}
	return nil
}

// named yields the arguments that were given by name.
func named(e parser.Expr) func(yield func(parser.Expr) bool) {
	return func(yield func(parser.Expr) bool) {
		for _, arg := range e.NamedArgs() {
			if !yield(arg) {
				return
			}
		}
	}
}

func checkArguments(e parser.Expr) error {
	most, counted := counting[e.Target()]
	for _, arg := range slices.Concat(e.Args(), slices.Collect(named(e))) {
		switch {
		case arg.IsString() && !slices.Contains(backwards, e.Target()):
			if n, err := parser.IntervalString(arg.StringValue(), 1); err == nil && n <= 0 {
				return fmt.Errorf("the interval %q is not above zero", arg.StringValue())
			}
		case arg.IsConst() && counted:
			if n := arg.FloatValue(); n < 0 || n > most {
				return fmt.Errorf("the number %v is not from 0 to %v", n, most)
			}
		}
	}
	if e.Target() == "timeStack" || e.Target() == "baseline" || e.Target() == "baselineAberration" {
		return checkWindows(e)
	}
	return nil
}

// checkWindows is for functions that read a window again and again, from the
// first to the last of the numbers among their arguments.
func checkWindows(e parser.Expr) error {
	const most = 400
	for i := range e.ArgsLen() {
		if n, err := e.GetIntArg(i); err == nil && (n < -most || n > most) {
			return fmt.Errorf("the number of a window is %d; at most %d", n, most)
		}
	}
	if len(e.NamedArgs()) > 0 {
		return errors.New("the numbers of windows cannot be given by name here")
	}
	return nil
}

// scanned returns the points of the longest interval among the arguments.
func scanned(e parser.Expr) int64 {
	most := int64(0)
	for i := range e.ArgsLen() {
		if seconds, err := e.GetIntervalArg(i, 1); err == nil {
			most = max(most, int64(seconds)/nativeStep)
		} else if n, err := e.GetIntArg(i); err == nil {
			most = max(most, int64(n))
		}
	}
	return most
}

// stepOf returns the smallest number among the arguments of a function that
// makes a series of its own: its step, or something that is safely less.
func stepOf(e parser.Expr) int64 {
	step := int64(minute)
	for i := range e.ArgsLen() {
		if n, err := e.GetIntArg(i); err == nil {
			step = min(step, int64(n))
		}
	}
	for arg := range named(e) {
		step = min(step, int64(arg.FloatValue()))
	}
	return max(step, 1)
}
