package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"wingmirror/monitor"
)

func sampleInput() monitor.Input {
	return monitor.Input{
		JobID: -1, Name: "naïve \u2028 name", Minutes: 60, At: time.Unix(1_700_000_000, 123).UTC(), Seed: math.MaxUint64,
		Params: json.RawMessage(`{"limit":10}`),
		Previous: monitor.Previous{
			Level: monitor.Warning, Since: time.Unix(-5, 0).UTC(), Runs: 3, Message: "low",
		},
		Limits: monitor.Limits{}.WithDefaults(),
		Targets: []monitor.Fetched{
			{Target: "a.b.*", Status: monitor.StatusOK, Series: []monitor.Series{
				{Label: "a.b.c", Start: 1_700_000_000, Step: 60, Values: []float64{1, math.NaN(), math.Inf(-1), 5e-324}},
				{Label: "empty", Start: -1, Step: 1},
			}},
			{Target: "gone", Status: monitor.StatusMissing, Reason: "no such series"},
		},
	}
}

func sampleResult() monitor.Result {
	return monitor.Result{
		Output: "one\ntwo\n", Level: monitor.Critical,
		Thrown: &monitor.ScriptError{Message: "low", Line: 3, Column: 7, Stack: "at f"},
		Graph: []monitor.Line{
			{Label: "ü", Points: []monitor.GraphPoint{{Time: 1.5, Value: math.NaN()}, {Time: 2.5, Value: -1}}},
			{Label: "no points", Points: []monitor.GraphPoint{}},
		},
		Cost: monitor.Cost{Wall: 5, CPU: 4, Memory: 3, PointsIn: 2, PointsOut: 1, OutputBytes: 8},
	}
}

func TestCodec_InputComesBackAsItWas(t *testing.T) {
	want := sampleInput()
	d := &decoder{b: inputBody(want, want.Limits)}
	got := d.input()
	if err := d.end(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	if !got.At.Equal(want.At) || got.At.Location() != time.UTC {
		t.Errorf("the time is %v", got.At)
	}
}

func TestCodec_ZeroTimeStaysZero(t *testing.T) {
	d := &decoder{b: inputBody(monitor.Input{}, monitor.Limits{})}
	if got := d.input(); !got.At.IsZero() || !got.Previous.Since.IsZero() || d.end() != nil {
		t.Errorf("got %v, %v, %v", got.At, got.Previous.Since, d.end())
	}
}

func TestCodec_ResultComesBackAsItWas(t *testing.T) {
	want := sampleResult()
	e := &encoder{}
	e.result(want)
	d := &decoder{b: e.b}
	got := d.result(monitor.Limits{}.WithDefaults(), 2)
	if err := d.end(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
}

func TestCodec_NaNIsCanonical(t *testing.T) {
	e := &encoder{}
	e.u64(0x7ff8dead_beef0001)
	e.u64(0xfff00000_00000001)
	d := &decoder{b: e.b}
	for range 2 {
		if got := math.Float64bits(d.f64()); got != math.Float64bits(math.NaN()) {
			t.Errorf("got %x", got)
		}
	}
}

func TestCodec_ResultBeyondItsLimitsIsRefused(t *testing.T) {
	limits := monitor.Limits{Output: 10, GraphPoints: 2, GraphLines: 2}.WithDefaults()
	points := make([]monitor.GraphPoint, 3)
	wrong := map[string]monitor.Result{
		"output":              {Level: monitor.OK, Output: strings.Repeat("x", 3*10+resultSlack+1)},
		"points":              {Level: monitor.OK, Graph: []monitor.Line{{Points: points}}},
		"points of two lines": {Level: monitor.OK, Graph: []monitor.Line{{Points: points[:2]}, {Points: points[:1]}}},
		"lines":               {Level: monitor.OK, Graph: make([]monitor.Line, 3)},
		"level":               {Level: 9},
		"level with a fault":  {Level: monitor.OK, Fault: monitor.FaultTimeout},
		"neither":             {},
		"fault":               {Fault: "made up"},
		"cost":                {Level: monitor.OK, Cost: monitor.Cost{CPU: -1}},
		"line":                {Level: monitor.OK, Thrown: &monitor.ScriptError{Line: -1}},
	}
	for name, result := range wrong {
		e := &encoder{}
		e.result(result)
		d := &decoder{b: e.b}
		d.result(limits, limits.GraphLines)
		if d.end() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	d := &decoder{b: []byte{5, 0, 0, 0, 'a', 'b', 0xff, 'c', 'd'}}
	if d.str(10); !errors.Is(d.end(), errText) {
		t.Errorf("text that is not UTF-8 gives %v", d.end())
	}
}

func TestCodec_SetupAndReadyComeBack(t *testing.T) {
	setup := Setup{
		Limits: monitor.Limits{}.WithDefaults(), Library: []File{{"a.js", "1"}, {"b.js", ""}}, Disabled: []string{"seccomp"}, Shared: 4096,
	}
	e := &encoder{}
	e.setup(setup)
	d := &decoder{b: e.b}
	if diff := cmp.Diff(setup, d.setup()); diff != "" || d.end() != nil {
		t.Error(diff, d.end())
	}
	ready := Ready{
		Layers:  []Layer{{Name: "seccomp", Does: "much", Active: true, Why: "because"}, {}},
		Library: monitor.FieldErrors{{Field: "a.js", Message: "no", Line: 1, Column: 2}}, Failure: "out of luck",
	}
	e = &encoder{}
	e.ready(ready)
	d = &decoder{b: e.b}
	if diff := cmp.Diff(ready, d.ready(), cmpopts.IgnoreUnexported(monitor.FieldError{})); diff != "" || d.end() != nil {
		t.Error(diff, d.end())
	}
}

func TestFrameReader_RefusesWhatIsTooLarge(t *testing.T) {
	e := &encoder{}
	at := e.begin(kindResult)
	e.str(strings.Repeat("x", 100))
	e.finish(at)
	frames := newFrameReader(bytes.NewReader(e.b), 50)
	if _, _, err := frames.next(); !errors.Is(err, errTooLarge) {
		t.Errorf("got %v", err)
	}
	frames = newFrameReader(bytes.NewReader(e.b[:50]), 1000)
	if _, _, err := frames.next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a frame that is cut short gives %v", err)
	}
}

func TestJournal_KeepsWhatARunSaid(t *testing.T) {
	limits := monitor.Limits{Output: 20, GraphPoints: 3, GraphLines: 2}.WithDefaults()
	j := &Journal{mem: make([]byte, journalSize(limits))}
	j.begin(6)
	j.Output("of the run before")
	j.begin(7)
	j.Output("hello ")
	j.Line("a")
	j.Point(0, 1, 2)
	j.Line("b")
	j.Point(1, 1, math.NaN())
	j.Output("world")
	j.Point(0, 2, 3)
	j.Point(2, 3, 4) // there is no such line
	output, lines := j.partial(limits)
	want := []monitor.Line{
		{Label: "a", Points: []monitor.GraphPoint{{Time: 1, Value: 2}, {Time: 2, Value: 3}}},
		{Label: "b", Points: []monitor.GraphPoint{{Time: 1, Value: math.NaN()}}},
	}
	if diff := cmp.Diff(want, lines, cmpopts.EquateNaNs()); diff != "" || output != "hello world" || j.current() != 7 {
		t.Errorf("run %d, %q, %s", j.current(), output, diff)
	}
}

func TestJournal_IsCutAtTheLimits(t *testing.T) {
	limits := monitor.Limits{Output: 4, GraphPoints: 1, GraphLines: 1}.WithDefaults()
	j := &Journal{mem: make([]byte, journalSize(limits))}
	j.begin(1)
	for range 10_000 {
		j.Output("abc")
	}
	if output, _ := j.partial(limits); output != "abca" {
		t.Errorf("output is %q", output)
	}
	j.begin(2)
	j.Line("a")
	for i := range 10_000 {
		j.Point(0, float64(i), 1)
	}
	if _, lines := j.partial(limits); len(lines) != 1 || len(lines[0].Points) != 1 {
		t.Errorf("lines are %v", lines)
	}
}

// What a worker sends is decoded, or refused, but never harms; and what is
// decoded can be sent on as it is.
func FuzzResult(f *testing.F) {
	e := &encoder{}
	e.result(sampleResult())
	f.Add(e.b)
	e = &encoder{}
	e.result(faulty(monitor.FaultMemory, "too much"))
	f.Add(e.b)
	limits := monitor.Limits{}.WithDefaults()
	f.Fuzz(func(t *testing.T, data []byte) {
		d := &decoder{b: data}
		result := d.result(limits, limits.GraphLines)
		if d.end() != nil {
			return
		}
		e := &encoder{}
		e.result(result)
		again := &decoder{b: e.b}
		if diff := cmp.Diff(result, again.result(limits, limits.GraphLines), cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); diff != "" && len(result.Reason) < maxText/3 {
			t.Error(diff)
		}
	})
}

func FuzzReady(f *testing.F) {
	e := &encoder{}
	e.ready(Ready{Layers: []Layer{{Name: "a", Active: true}}, Library: monitor.FieldErrors{{Field: "x"}}})
	f.Add(e.b)
	f.Fuzz(func(t *testing.T, data []byte) {
		d := &decoder{b: data}
		if ready := d.ready(); len(ready.Layers) > maxLayers {
			t.Errorf("%d layers", len(ready.Layers))
		}
	})
}

// A journal is written by a process that may have gone mad.
func FuzzJournal(f *testing.F) {
	limits := monitor.Limits{Output: 100, GraphPoints: 10, GraphLines: 3}.WithDefaults()
	j := &Journal{mem: make([]byte, journalSize(limits))}
	j.begin(1)
	j.Output("hello")
	j.Line("a")
	j.Point(0, 1, 2)
	f.Add(j.mem[journalHead : journalHead+j.used])
	f.Fuzz(func(t *testing.T, notes []byte) {
		output, lines := readNotes(notes, limits)
		points := 0
		for _, line := range lines {
			points += len(line.Points)
		}
		if len(output) > 3*limits.Output || len(lines) > limits.GraphLines || points > limits.GraphPoints {
			t.Errorf("%d bytes, %d lines, %d points", len(output), len(lines), points)
		}
	})
}

func FuzzFrames(f *testing.F) {
	e := &encoder{}
	at := e.begin(kindResult)
	e.u64(1)
	e.finish(at)
	f.Add(e.b)
	f.Fuzz(func(t *testing.T, data []byte) {
		frames := newFrameReader(bytes.NewReader(data), 1<<10)
		for {
			_, payload, err := frames.next()
			if err != nil {
				return
			}
			if len(payload) > 1<<10 {
				t.Fatalf("%d bytes", len(payload))
			}
			frames.waiting()
		}
	})
}
