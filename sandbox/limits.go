package sandbox

import (
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"wingmirror/monitor"
)

// lower returns the installation's limits, lowered where the monitor asks for it.
func lower(most, asked monitor.Limits) monitor.Limits {
	duration := func(d *time.Duration, v time.Duration) {
		if v > 0 {
			*d = min(*d, v)
		}
	}
	number := func(n *int, v int) {
		if v > 0 {
			*n = min(*n, v)
		}
	}
	duration(&most.CPU, asked.CPU)
	duration(&most.Wall, asked.Wall)
	duration(&most.Regexp, asked.Regexp)
	if asked.Memory > 0 {
		most.Memory = min(most.Memory, asked.Memory)
	}
	number(&most.Source, asked.Source)
	number(&most.CallDepth, asked.CallDepth)
	number(&most.Output, asked.Output)
	number(&most.Message, asked.Message)
	number(&most.GraphPoints, asked.GraphPoints)
	number(&most.GraphLines, asked.GraphLines)
	number(&most.InputPoints, asked.InputPoints)
	return most
}

// refuse returns the result of a run that is not worth sending, or nil.
func refuse(in monitor.Input, l monitor.Limits) *monitor.Result {
	series, values := 0, 0
	for _, t := range in.Targets {
		series = max(series, len(t.Series))
		for _, s := range t.Series {
			values += len(s.Values)
		}
	}
	var why string
	if !utf8.ValidString(in.Script) {
		result := faulty(monitor.FaultSyntax, notText)
		return &result
	}
	switch {
	case len(in.Script) > l.Source:
		why = tooLong(len(in.Script), l.Source)
	case values > l.InputPoints:
		why = fmt.Sprintf("The targets brought %d points, and a run may have %d: ask for a shorter window or fewer series.", values, l.InputPoints)
	case len(in.Targets) > maxTargets || series > maxTargets:
		why = fmt.Sprintf("A run may have %d targets, and %d series in each.", maxTargets, maxTargets)
	case len(in.Params) > maxParams:
		why = fmt.Sprintf("The params are %d bytes, and may be %d.", len(in.Params), maxParams)
	default:
		return nil
	}
	result := limitResult(why)
	return &result
}

const notText = "The script is not UTF-8 text."

func tooLong(size, limit int) string {
	return fmt.Sprintf("The script is %d bytes long, and may be %d.", size, limit)
}

func limitResult(why string) monitor.Result { return faulty(monitor.FaultLimit, why) }

// faulty is a result that says nothing but why there is none.
func faulty(fault monitor.Fault, reason string) monitor.Result {
	return monitor.Result{Fault: fault, Reason: reason, Level: monitor.Unknown}
}

func pointsIn(in monitor.Input) int {
	n := 0
	for _, t := range in.Targets {
		for _, s := range t.Series {
			for _, v := range s.Values {
				if !math.IsNaN(v) {
					n++
				}
			}
		}
	}
	return n
}
