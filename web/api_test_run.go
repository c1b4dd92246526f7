package web

import (
	"context"
	"math"
	"strings"
	"time"

	"wingmirror/monitor"
	"wingmirror/scheduler"
	"wingmirror/target"
)

type testRunInput struct {
	Body struct {
		Monitor monitorBody `json:"monitor" doc:"As it would be saved; a name and a schedule are not needed"`
		At      *time.Time  `json:"at,omitempty" doc:"The time of the run; now if it is left out"`

		Recorded *time.Time `json:"recorded,omitempty" doc:"Run with exactly what the run of this monitor at this scheduled time saw, instead of fetching"`
	}
}

// scriptErrorBody is an error at a place in the script.
type scriptErrorBody struct {
	Message string `json:"message"`
	Line    int    `json:"line" doc:"From 1; 0 when it is not known"`
	Column  int    `json:"column" doc:"From 1, in UTF-16 units; 0 when it is not known"`
	Stack   string `json:"stack" doc:"The script's own frames, a line each"`
}

func toScriptError(e *monitor.ScriptError) *scriptErrorBody {
	if e == nil {
		return nil
	}
	return &scriptErrorBody{Message: e.Message, Line: e.Line, Column: e.Column, Stack: e.Stack}
}

type windowBody struct {
	From  int64 `json:"from" doc:"Seconds since the epoch"`
	Until int64 `json:"until"`
}

// targetBody is what one target brought back.
type targetBody struct {
	Target string       `json:"target"`
	Letter string       `json:"letter" doc:"The script's name for its first series, without the @; empty when it has none"`
	Status string       `json:"status" doc:"ok, empty, missing, failed, partial or stale"`
	Reason string       `json:"reason"`
	Series []seriesBody `json:"series" doc:"The first of them"`
	Count  int          `json:"count" doc:"How many series there are"`
}

type seriesBody struct {
	Label  string   `json:"label"`
	Points int      `json:"points" doc:"Values that are not null"`
	Last   number   `json:"last" doc:"The newest value"`
	Spark  []number `json:"spark" doc:"The values, thinned for a small picture"`
}

type costBody struct {
	WallMS      float64 `json:"wall_ms"`
	CPUMS       float64 `json:"cpu_ms"`
	Memory      int64   `json:"memory" doc:"Bytes allocated while it ran"`
	PointsIn    int     `json:"points_in"`
	PointsOut   int     `json:"points_out"`
	OutputBytes int     `json:"output_bytes"`
}

func toCost(c monitor.Cost) costBody {
	return costBody{WallMS: milliseconds(c.Wall), CPUMS: milliseconds(c.CPU), Memory: c.Memory, PointsIn: c.PointsIn, PointsOut: c.PointsOut, OutputBytes: c.OutputBytes}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// noticeBody is a notice that a live run would send.
type noticeBody struct {
	To   string `json:"to" doc:"Without secrets"`
	What string `json:"what" doc:"fire, escalate, ease, repeat or resolve"`
	Via  string `json:"via,omitempty" doc:"The contact group as a member of which it is told"`
}

type testRunOutput struct {
	Body struct {
		At       time.Time        `json:"at"`
		Level    string           `json:"level" doc:"ok, warning, critical, or unknown when there is a fault"`
		Fault    string           `json:"fault"`
		Message  string           `json:"message"`
		Output   string           `json:"output"`
		Graph    []graphLine      `json:"graph"`
		Error    *scriptErrorBody `json:"error,omitempty" doc:"What was thrown, and where"`
		Targets  []targetBody     `json:"targets"`
		Window   windowBody       `json:"window"`
		Notices  []noticeBody     `json:"notices" doc:"What a live run with this result would send"`
		Decision string           `json:"decision" doc:"What alerting would make of it, and why"`
		FetchMS  float64          `json:"fetch_ms"`
		Cost     costBody         `json:"cost"`

		Replay   *replayBody   `json:"replay,omitempty" doc:"How the result compares with that of the recorded run"`
		Problems []problemBody `json:"problems" doc:"What would keep the monitor from being saved, but not from being tried"`
	}
}

// problemBody is one field at fault, as the errors of a refusal name it.
type problemBody struct {
	Location string `json:"location" example:"body.alerts[0]"`
	Message  string `json:"message"`
}

// apiTestRun runs the monitor once. When the request ends early, so does the run.
func (s *server) apiTestRun(ctx context.Context, in *testRunInput) (*testRunOutput, error) {
	m, unsavable, err := s.runnable(ctx, in.Body.Monitor)
	if err != nil {
		return nil, err
	}
	at := s.Now()
	if in.Body.At != nil {
		at = *in.Body.At
	}
	state, err := s.stateOf(ctx, m.ID)
	if err != nil {
		return nil, err
	}
	out := &testRunOutput{}
	b := &out.Body
	var e scheduler.Evaluation
	if in.Body.Recorded != nil {
		at = *in.Body.Recorded
		e, b.Replay, err = s.replay(ctx, m, at)
	} else {
		e, err = s.Tester.Try(ctx, m, at, state.Previous())
	}
	if err != nil {
		return nil, err
	}
	b.At, b.Level, b.Fault, b.Message = at.UTC(), e.Outcome.Level.String(), string(e.Outcome.Fault), e.Outcome.Message
	b.Output, b.Error, b.Cost, b.FetchMS = e.Result.Output, toScriptError(e.Result.Thrown), toCost(e.Result.Cost), milliseconds(e.Fetch)
	b.Targets, b.Window = toTargets(e.Targets), windowBody{e.Window.From, e.Window.Until}
	b.Graph = toGraph(shownGraph(e))
	b.Notices, b.Decision = s.wouldSend(m, state, e.Outcome)
	b.Problems = []problemBody{}
	for _, d := range fieldDetails(unsavable, inBody) {
		b.Problems = append(b.Problems, problemBody{d.Location, d.Message})
	}
	return out, nil
}

func shownGraph(e scheduler.Evaluation) []monitor.Line {
	if len(e.Result.Graph) > 0 {
		return e.Result.Graph
	}
	return defaultGraph(e.Targets)
}

// runnable checks what a run needs. What only a save needs, such as a schedule,
// does not keep anybody from trying a script and is returned beside; that there
// is no name yet is no news.
func (s *server) runnable(ctx context.Context, body monitorBody) (m monitor.Monitor, unsavable monitor.FieldErrors, err error) {
	m, unsavable = body.monitor()
	if m.ID == 0 {
		m.ID = -1 // what a script sees as @jobId before the first save
	}
	var errs monitor.FieldErrors
	for _, e := range monitor.AllFieldErrors(monitor.Validate(m, s.Rules)) {
		name, _, _ := strings.Cut(e.Field, "[")
		switch {
		case name == "targets", name == "minutes", name == "script", name == "params":
			errs = append(errs, e)
		case name != "name" || m.Name != "":
			unsavable = append(unsavable, e)
		}
	}
	if len(errs) > 0 {
		return m, nil, errs
	}
	unknown, err := s.unknownGroups(ctx, m.Alerts)
	return m, append(unsavable, unknown...), err
}

type previewInput struct {
	Body struct {
		Targets []string   `json:"targets" nullable:"true" maxItems:"250"`
		Minutes int        `json:"minutes,omitempty" minimum:"0" maximum:"525600"`
		At      *time.Time `json:"at,omitempty"`
	}
}

type previewOutput struct {
	Body struct {
		Targets []targetBody `json:"targets"`
		Window  windowBody   `json:"window"`
	}
}

// apiPreview fetches targets without running anything. A line that does not
// parse is reported like one that the source refused.
func (s *server) apiPreview(ctx context.Context, in *previewInput) (*previewOutput, error) {
	at := s.Now()
	if in.Body.At != nil {
		at = *in.Body.At
	}
	minutes := monitor.Monitor{Minutes: in.Body.Minutes}.MinutesOrDefault()
	w := s.Fetcher.Window(at, minutes)
	var sent []string
	for _, line := range in.Body.Targets {
		if !target.IsComment(line) {
			sent = append(sent, line)
		}
	}
	out := &previewOutput{}
	out.Body.Window = windowBody{w.From, w.Until}
	out.Body.Targets = []targetBody{}
	if len(sent) > 0 {
		out.Body.Targets = toTargets(s.Fetcher.Fetch(ctx, w, sent))
	}
	return out, ctx.Err()
}

// shownSeries is how many series of one target the editor hears of.
const shownSeries = 12

func toTargets(fetched []monitor.Fetched) []targetBody {
	all := make([]targetBody, len(fetched))
	index := 0
	for i, f := range fetched {
		b := targetBody{Target: f.Target, Status: string(f.Status), Reason: f.Reason, Series: []seriesBody{}, Count: len(f.Series)}
		b.Letter = letter(index)
		index += max(1, len(f.Series))
		for _, series := range f.Series[:min(len(f.Series), shownSeries)] {
			b.Series = append(b.Series, seriesBody{Label: series.Label, Points: series.Points(), Last: lastOf(series.Values), Spark: spark(series.Values)})
		}
		all[i] = b
	}
	return all
}

// letter is the script's name for the series with an index: a to z, a1 to z1, ...
func letter(index int) string {
	name := string(rune('a' + index%26))
	if round := index / 26; round > 0 {
		name += itoa(round)
	}
	return name
}

func lastOf(values []float64) number {
	for i := len(values) - 1; i >= 0; i-- {
		if !math.IsNaN(values[i]) {
			return number(values[i])
		}
	}
	return number(math.NaN())
}
