package monitor

import "time"

// Result is what an evaluation gives back: plain bytes and numbers, never a
// value of the script engine.
type Result struct {
	Output string       // what the script printed, cut at Limits.Output
	Graph  []Line       // in the order in which the labels first appeared
	Thrown *ScriptError // what ended the script early; nil when it ran to its end
	Level  Level        // OK, Warning or Critical; Unknown when Fault is set
	Fault  Fault        //
	Reason string       // a plain sentence about the fault; "" without one
	Cost   Cost         // measured, so not part of what equal inputs make equal
}

// Message returns the one line that says what this result means: the thrown
// text, or the sentence about the fault, or "".
func (r Result) Message() string {
	switch {
	case r.Fault != NoFault && r.Reason != "":
		return r.Reason
	case r.Thrown != nil:
		return r.Thrown.Message
	case r.Fault != NoFault:
		return r.Fault.Description()
	}
	return ""
}

// Line is one labelled line of a graph.
type Line struct {
	Label  string
	Points []GraphPoint
}

// GraphPoint is one point of a line. Value is NaN for a gap.
type GraphPoint struct {
	Time  float64 // seconds since the epoch
	Value float64
}

// ScriptError is what a script threw, or the error that the engine raised in it.
type ScriptError struct {
	Message string
	Line    int    // 1-based line of the author's text, 0 if it is not known
	Column  int    // 1-based column in UTF-16 units, as the engine counts; 0 if it is not known
	Stack   string // the author's own frames only, a line each
}

// Cost is what an evaluation took.
type Cost struct {
	Wall        time.Duration // from first byte of the script to last byte of the result
	CPU         time.Duration //
	Memory      int64         // bytes allocated while it ran
	PointsIn    int           //
	PointsOut   int           //
	OutputBytes int           //
}
