package demo_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	"wingmirror/crontab"
	"wingmirror/demo"
	"wingmirror/monitor"
	"wingmirror/sandbox/engine"
	"wingmirror/scheduler"
)

// levels says which levels each example is there to show.
var levels = map[string][]monitor.Level{
	"Conversion rate":                           {monitor.OK, monitor.Critical},
	"Conversions over the hour":                 {monitor.OK},
	"Logins by method":                          {monitor.OK, monitor.Critical},
	"Response time":                             {monitor.OK, monitor.Warning, monitor.Critical},
	"Errors after a release":                    {monitor.OK, monitor.Warning},
	"Orders waiting for payment":                {monitor.OK, monitor.Warning},
	"Traffic against last week":                 {monitor.OK, monitor.Warning},
	"Disk of the file server":                   {monitor.OK, monitor.Warning, monitor.Critical},
	"Old mobile app (nobody sends this metric)": {monitor.Unknown},
}

// simulation runs the examples over a clock of its own.
type simulation struct {
	t        *testing.T
	graphite http.Handler
	now      time.Time
	checker  scheduler.Checker
}

type engineRunner struct{ *engine.Engine }

func (r engineRunner) Run(_ context.Context, in monitor.Input) (monitor.Result, error) {
	return r.Engine.Run(in), nil
}

func newSimulation(t *testing.T, seed uint64, start time.Time) *simulation {
	t.Helper()
	e, err := engine.New(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := &simulation{t: t, now: start}
	s.graphite = demo.NewGraphite(demo.Options{Now: func() time.Time { return s.now }, Seed: seed})
	s.checker = scheduler.Checker{Fetcher: s, Runner: engineRunner{e}, Now: func() time.Time { return s.now }}
	return s
}

func (s *simulation) Window(at time.Time, minutes int) monitor.Window {
	return monitor.Window{From: at.Unix() - int64(minutes)*60, Until: at.Unix()}
}

func (s *simulation) Fetch(_ context.Context, w monitor.Window, targets []string) []monitor.Fetched {
	all := make([]monitor.Fetched, len(targets))
	for i, target := range targets {
		all[i] = s.fetch(w, target)
	}
	return all
}

func (s *simulation) fetch(w monitor.Window, target string) monitor.Fetched {
	fetched := monitor.Fetched{Target: target, Status: monitor.StatusMissing}
	form := url.Values{"target": {target}, "from": {strconv.FormatInt(w.From, 10)}, "until": {strconv.FormatInt(w.Until, 10)}}
	answer := httptest.NewRecorder()
	s.graphite.ServeHTTP(answer, httptest.NewRequest("GET", "/render?"+form.Encode(), nil))
	if answer.Code != http.StatusOK {
		fetched.Status, fetched.Reason = monitor.StatusFailed, answer.Body.String()
		return fetched
	}
	var lines []line
	if err := json.Unmarshal(answer.Body.Bytes(), &lines); err != nil {
		s.t.Fatal(err)
	}
	for _, l := range lines {
		fetched.Status = monitor.StatusOK
		one := monitor.Series{Label: l.Target, Values: l.values()}
		if times := l.times(); len(times) > 1 {
			one.Start, one.Step = times[0], times[1]-times[0]
		}
		fetched.Series = append(fetched.Series, one)
	}
	return fetched
}

// walk makes every run of a monitor that is due in a time.
func (s *simulation) walk(m monitor.Monitor, start, end time.Time) []scheduler.Evaluation {
	s.t.Helper()
	schedule, err := crontab.Parse(m.Schedule, 1)
	if err != nil {
		s.t.Fatalf("%s: %v", m.Name, err)
	}
	var runs []scheduler.Evaluation
	for at := schedule.Next(start); !at.After(end); at = schedule.Next(at) {
		s.now = at
		e, err := s.checker.Try(s.t.Context(), m, at, monitor.Previous{})
		if err != nil {
			s.t.Fatalf("%s: %v", m.Name, err)
		}
		runs = append(runs, e)
	}
	return runs
}

func examples(t *testing.T) []monitor.Monitor {
	t.Helper()
	all, err := demo.Monitors()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestMonitors_AreValidAndExplained(t *testing.T) {
	all := examples(t)
	if len(all) != len(levels) {
		t.Errorf("%d examples, %d expected", len(all), len(levels))
	}
	for _, m := range all {
		if levels[m.Name] == nil {
			t.Errorf("%s is not expected", m.Name)
		}
		if m.Description == "" || m.Group == "" || len(m.Labels) == 0 || !m.Active {
			t.Errorf("%s lacks a description, group or label, or is not active", m.Name)
		}
	}
}

// An alert and a recovery within minutes, at whatever time somebody starts.
func TestMonitors_ShowTheirLevelsInEveryCycle(t *testing.T) {
	for seed, start := range []time.Time{
		time.Date(2026, 4, 15, 12, 0, 0, 0, time.UTC),
		time.Date(2026, 4, 19, 3, 7, 0, 0, time.UTC), // the quietest hour of the week
		time.Date(2026, 4, 17, 19, 3, 0, 0, time.UTC),
		time.Date(2026, 12, 31, 23, 50, 0, 0, time.UTC),
	} {
		t.Run(start.Format("Mon 15:04"), func(t *testing.T) {
			s := newSimulation(t, uint64(seed), start)
			for _, m := range examples(t) {
				seen := map[monitor.Level]int{}
				for _, e := range s.walk(m, start, start.Add(12*time.Minute)) {
					seen[e.Outcome.Level]++
					wanted := monitor.NoFault
					if slices.Contains(levels[m.Name], monitor.Unknown) {
						wanted = monitor.FaultNoData
					}
					if e.Outcome.Fault != wanted {
						t.Fatalf("%s at %v: fault %q: %s", m.Name, e.Outcome.At, e.Outcome.Fault, e.Outcome.Message)
					}
					if !slices.Contains(levels[m.Name], e.Outcome.Level) {
						t.Errorf("%s at %v is %v: %s", m.Name, e.Outcome.At, e.Outcome.Level, e.Outcome.Message)
					}
				}
				for _, level := range levels[m.Name] {
					if seen[level] == 0 {
						t.Errorf("%s was never %v: %v", m.Name, level, seen)
					}
				}
			}
		})
	}
}

func TestMonitors_ShowEveryLevelAtMostMoments(t *testing.T) {
	const warmUp, length = 2 * time.Minute, 24 * time.Minute
	start := time.Date(2026, 4, 16, 9, 30, 0, 0, time.UTC)
	s := newSimulation(t, 7, start)
	timelines := map[string][]scheduler.Evaluation{}
	for _, m := range examples(t) {
		timelines[m.Name] = s.walk(m, start, start.Add(length))
	}
	all, moments, quiet := 0, 0, 0
	for at := start.Add(warmUp); !at.After(start.Add(length)); at = at.Add(5 * time.Second) {
		seen := map[monitor.Level]string{}
		for name, runs := range timelines {
			for _, e := range slices.Backward(runs) {
				if !e.Outcome.At.After(at) {
					seen[e.Outcome.Level] += name + "; "
					break
				}
			}
		}
		moments++
		if len(seen) == 4 {
			all++
		}
		if seen[monitor.Warning] == "" && seen[monitor.Critical] == "" {
			quiet++
		}
	}
	if quiet > 0 || all < moments*95/100 {
		t.Errorf("of %d moments %d show every level and %d show no trouble", moments, all, quiet)
	}
}

func TestMonitors_SomethingBreaksAndSomethingRecoversAllTheTime(t *testing.T) {
	const length, patience = 24 * time.Minute, 3 * time.Minute
	start := time.Date(2026, 4, 16, 9, 30, 0, 0, time.UTC)
	s := newSimulation(t, 3, start)
	lastBroken, lastRecovered := start, start
	var changes []scheduler.Evaluation
	for _, m := range examples(t) {
		runs := s.walk(m, start, start.Add(length))
		for i, e := range runs[1:] {
			if e.Outcome.Level.Bad() != runs[i].Outcome.Level.Bad() {
				changes = append(changes, e)
			}
		}
	}
	slices.SortFunc(changes, func(a, b scheduler.Evaluation) int { return a.Outcome.At.Compare(b.Outcome.At) })
	for _, e := range changes {
		last := &lastRecovered
		if e.Outcome.Level.Bad() {
			last = &lastBroken
		}
		if wait := e.Outcome.At.Sub(*last); wait > patience {
			t.Errorf("nothing became like this for %v: %v %q at %v", wait, e.Outcome.Level, e.Outcome.Message, e.Outcome.At)
		}
		*last = e.Outcome.At
	}
	if len(changes) < 20 {
		t.Errorf("%d changes in %v", len(changes), length)
	}
}

func TestNewGraphite_IsReadyAtOnce(t *testing.T) {
	begun := time.Now()
	one(t, newGraphite(noon), "-1h", "now", "sumSeries(shop.web*.requests.rate)")
	if took := time.Since(begun); took > 300*time.Millisecond {
		t.Errorf("the first answer took %v", took)
	}
}
