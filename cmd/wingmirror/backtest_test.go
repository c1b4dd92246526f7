package main

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wingmirror/alerting"
	"wingmirror/monitor"
	"wingmirror/sandbox"
	"wingmirror/scheduler/backtest"
	"wingmirror/store"
)

// liveWithRechecks makes all live runs of a span, extra ones included.
func (h *history) liveWithRechecks(m monitor.Monitor, from time.Time, step time.Duration) {
	h.t.Helper()
	var again time.Time
	for next := from; next.Before(lately) || !again.IsZero() && again.Before(lately); {
		at := next
		if !again.IsZero() && again.Before(next) {
			at = again
		} else {
			next = next.Add(step)
		}
		state, err := h.db.State(h.t.Context(), m.Subject())
		if err != nil {
			h.t.Fatal(err)
		}
		e, err := h.checker.Try(h.t.Context(), m, at, state.Previous())
		if err != nil {
			h.t.Fatal(err)
		}
		if again, err = h.desk.Record(h.t.Context(), m, e); err != nil {
			h.t.Fatal(err)
		}
		h.deliver(at)
	}
}

// deliver empties the outbox: what waits in it makes room for the newest.
func (h *history) deliver(at time.Time) {
	h.t.Helper()
	for {
		due, err := h.db.Due(h.t.Context(), "mailto", at, 50)
		if err != nil {
			h.t.Fatal(err)
		}
		for _, n := range due {
			if err := h.db.Tried(h.t.Context(), monitor.Attempt{Notice: n.ID, At: at, Outcome: monitor.AttemptDelivered}); err != nil {
				h.t.Fatal(err)
			}
		}
		if len(due) == 0 {
			return
		}
	}
}

// A backtest over a period gives exactly what the live runs of that period gave:
// what each saw, every notice with its time, kind and text, every incident.
func TestBacktest_ReproducesLiveRunsExactly(t *testing.T) {
	h := newHistory(t)
	const step = 5 * time.Minute
	from := lately.Add(-24 * time.Hour)
	monitors := []monitor.Monitor{
		{Name: "steady", Script: `if (@a.last_value() > 45) throw "load " + @a.last_value().toFixed(3)`, Targets: []string{"shop.web*.cpu"}},
		{Name: "noisy", Script: `if (@a.last_value() % 2 < 0.7) throw new Warning("odd " + @now)`, Targets: []string{"scale(shop.web*.cpu, 1)", "sumSeries(shop.web*.cpu)"}, Policy: monitor.Policy{Failures: 2, Recheck: time.Minute}},
		{Name: "flapping", Script: `if (Math.random() < 0.4) throw "chance"`, Targets: []string{"shop.web*.cpu"}, Policy: monitor.Policy{Flapping: monitor.On, KeepFiring: 12 * time.Minute}},
		{Name: "looks back", Script: `if (@previous.runs > 5 && @previous.level === "ok" || @previous.level === "critical" && @previous.runs < 4) throw "again"`, Targets: []string{"shop.web*.cpu"}},
		{Name: "derivative", Script: `puts(@a.values[0]); if (@a.values.filter(v => v === null).length > 1 || @a.last_value() > 0.1) throw "up"`, Targets: []string{"perSecond(shop.web*.cpu)"}, Minutes: 10},
		{Name: "faulty", Script: `if (@a.last_value() % 3 < 1) nosuchname()`, Targets: []string{"shop.web*.cpu"}, Policy: monitor.Policy{Faults: monitor.On, Failures: 2}},
	}
	for _, m := range monitors {
		m.Schedule, m.Alerts = "*/5 * * * *", []string{"mailto:ops@example.com", "mailto:late@example.com"}
		saved := h.add(m)
		h.liveWithRechecks(saved, from, step)
		results, err := backtest.Options{
			Source: h.checker.Fetcher.(backtest.Source), Runner: h.checker.Runner, Now: func() time.Time { return lately }, Points: 3000,
			Decide: func(m monitor.Monitor) backtest.Decide { return h.desk.alerting.Rehearse(m) },
		}.Run(t.Context(), backtest.Plan{Variants: []monitor.Monitor{saved}, From: from, Until: lately})
		if err != nil {
			t.Fatal(err)
		}
		for what, pair := range h.livePast(saved, from) {
			got := backtestPast(results[0])[what]
			if diff := cmp.Diff(pair, got); diff != "" {
				t.Errorf("%s: %s (- live, + backtest)\n%s", m.Name, what, monitor.Cut(diff, 2000))
			}
		}
		if results[0].Told == 0 || results[0].Runs < 288 {
			t.Errorf("%s: %d notices, %d runs: it shows nothing", m.Name, results[0].Told, results[0].Runs)
		}
	}
}

// livePast reads what became of the live runs, a line for each thing.
func (h *history) livePast(m monitor.Monitor, from time.Time) map[string][]string {
	h.t.Helper()
	past := map[string][]string{}
	runs, err := h.db.Runs(h.t.Context(), m.ID, time.Time{}, 5000)
	if err != nil {
		h.t.Fatal(err)
	}
	for i := len(runs) - 1; i >= 0; i-- {
		seen := string("uowc"[runs[i].Level])
		if runs[i].Fault != "" {
			seen = "f"
		}
		past["runs"] = append(past["runs"], runs[i].At.Format(time.TimeOnly)+" "+seen)
	}
	incidents, err := h.db.Incidents(h.t.Context(), store.IncidentFilter{Subject: m.Subject(), Limit: 10_000})
	if err != nil {
		h.t.Fatal(err)
	}
	for i := len(incidents) - 1; i >= 0; i-- {
		in := incidents[i]
		past["incidents"] = append(past["incidents"], fmt.Sprint(in.OpenedAt, in.ClosedAt, in.Level, in.Fault, in.Message, in.Key))
		notices, err := h.db.Notices(h.t.Context(), store.NoticeFilter{Incident: in.ID, Limit: 10_000})
		if err != nil {
			h.t.Fatal(err)
		}
		for j := len(notices) - 1; j >= 0; j-- {
			n := notices[j]
			past["notices"] = append(past["notices"], fmt.Sprint(n.Message.At, n.Message.Kind, n.Destination, n.Message.Text, n.Message.Decision.String()))
		}
	}
	return past
}

func backtestPast(r backtest.Result) map[string][]string {
	past := map[string][]string{}
	for i, at := range r.Times {
		past["runs"] = append(past["runs"], time.Unix(at, 0).UTC().Format(time.TimeOnly)+" "+string(r.Seen[i]))
	}
	for _, in := range r.Incidents {
		past["incidents"] = append(past["incidents"], fmt.Sprint(in.OpenedAt, in.ClosedAt, in.Level, in.Fault, in.Message, in.Key))
	}
	for _, n := range r.Notices {
		for _, to := range n.To {
			past["notices"] = append(past["notices"], fmt.Sprint(n.At, n.Kind, to, n.Text, n.Reason))
		}
	}
	return past
}

// weekFile writes a week of points a minute apart of two series, the first of
// them 90 for two hours each day.
func weekFile(t *testing.T) string {
	t.Helper()
	end := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC).Unix()
	var all []string
	for s := range 2 {
		var points []string
		for at := end - 7*86400 - 3600; at <= end; at += 60 {
			v := 50 + float64(s) + 10*math.Sin(float64(at)/600)
			if hour := at / 3600 % 24; hour == 9 || hour == 10 {
				v = 90
			}
			points = append(points, fmt.Sprintf("[%.3f,%d]", v, at))
		}
		all = append(all, fmt.Sprintf(`{"target":"m%d","datapoints":[%s]}`, s, strings.Join(points, ",")))
	}
	return writeFile(t, "week.json", "["+strings.Join(all, ",")+"]")
}

const weekMonitor = `/* wingmirror
name: load
schedule: "* * * * *"
targets: [m0, m1]
alerts: ["mailto:ops@example.com"]
repeat: never
*/
if (mean(@a.values.slice(-5)) > LIMIT) throw "too much load"
`

func TestBacktest_ListsWhatWouldGoOutAndComparesVersions(t *testing.T) {
	series := weekFile(t)
	saved := writeFile(t, "saved.js", strings.Replace(weekMonitor, "LIMIT", "80", 1))
	edited := writeFile(t, "edited.js", strings.Replace(weekMonitor, "LIMIT", "95", 1))
	code, out, errs := invoke(t, nil, "backtest", saved, "--series", series)
	if code != 0 || !strings.Contains(out, "10080 runs: 7 incidents, 14 notices") || !strings.Contains(out, "2026-11-14 09:03:00  fire      critical  too much load") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	code, out, errs = invoke(t, nil, "backtest", edited, "--against", saved, "--series", series, "--from", "-3d")
	if code != 1 || !strings.Contains(out, "DIFFERENCE  0 added, 3 removed, 0 moved, 0 the same") || !strings.Contains(out, "- 2026-11-17 09:03:00 for 1h58m0s") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	code, out, _ = invoke(t, nil, "backtest", edited, "--against", saved, "--series", series, "--json")
	var report backtest.Report
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != 1 || len(report.Diff.Removed) != 7 || report.Results[0].Opened != 7 || len(report.Results[0].Lane) < 14 {
		t.Errorf("exit %d, %v\n%s", code, err, monitor.Cut(out, 2000))
	}
}

// A noisy week is not a thousand lines: the first forty, how many more there are,
// and how to see them.
func TestBacktest_PrintsTheFirstFortyOfEachList(t *testing.T) {
	series := weekFile(t)
	noisy := writeFile(t, "noisy.js", strings.Replace(weekMonitor, "mean(@a.values.slice(-5)) > LIMIT", "Math.floor(@a.last_value() * 9) % 2 === 0", 1))
	quiet := writeFile(t, "quiet.js", strings.Replace(weekMonitor, "LIMIT", "1000", 1))
	code, out, errs := invoke(t, nil, "backtest", noisy, "--against", quiet, "--series", series)
	if n := strings.Count(out, "\n"); code != 1 || n > 100 {
		t.Errorf("exit %d, %d lines\n%s%s", code, n, out, errs)
	}
	if !regexp.MustCompile(`  … and \d,\d\d\d more notices: --all or --json\n`).MatchString(out) || !regexp.MustCompile(`  … and [\d,]+ more added: --all or --json\n`).MatchString(out) {
		t.Errorf("what is left out is not said\n%s", out)
	}
	if _, all, _ := invoke(t, nil, "backtest", noisy, "--against", quiet, "--series", series, "--all"); strings.Count(all, "\n") < 1000 || strings.Contains(all, "…") {
		t.Errorf("--all leaves out something: %d lines", strings.Count(all, "\n"))
	}
}

// Each notice but the first of an incident says how long that has lasted.
func TestBacktest_RepeatsAndResolvesSayAfterHowLong(t *testing.T) {
	file := writeFile(t, "m.js", strings.NewReplacer("LIMIT", "80", "repeat: never", "repeat: 60m").Replace(weekMonitor))
	_, out, _ := invoke(t, nil, "backtest", file, "--series", weekFile(t), "--from", "-1d")
	for _, want := range []string{"09:03:00  fire      critical  too much load\n", "10:03:00  repeat    critical  too much load, after 1h0m0s\n", "11:01:00  resolve   ok        after 1h58m0s\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
}

func TestBacktest_BadInputIsNamed(t *testing.T) {
	series := weekFile(t)
	file := writeFile(t, "m.js", strings.Replace(weekMonitor, "LIMIT", "80", 1))
	for _, row := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{file}, exitUsage, "--graphite URL, --series FILE.json or --server URL"},
		{[]string{file, "--series", series, "--from", "lately"}, exitUsage, "--from: \"lately\" is neither a span"},
		{[]string{file, "--series", series, "--from", "2027-01-01"}, exitUsage, "has not come yet"},
		{[]string{file, "--series", series, "--until", "-8d"}, exitUsage, "until: the range ends"},
		{[]string{writeFile(t, "n.js", "1"), "--series", series}, exitUsage, "names no schedule"},
		{[]string{file, "--against", "no.js", "--series", series}, exitUsage, "no.js"},
		{[]string{writeFile(t, "f.js", strings.Replace(weekMonitor, "LIMIT", "nosuchname", 1)), "--series", series, "--from", "-2h"}, exitUnknown, "no run could tell how things were"},
	} {
		code, out, errs := invoke(t, nil, append([]string{"backtest"}, row.args...)...)
		if code != row.code || !strings.Contains(out+errs, row.want) {
			t.Errorf("%v: exit %d, want %d with %q\n%s%s", row.args, code, row.code, row.want, monitor.Cut(out, 500), errs)
		}
	}
}

// BenchmarkBacktest_WeekOfOneMinuteMonitor is the goal of one second on two
// cores: 10,080 evaluations of two targets with 60 points each, in real workers,
// after the fetch.
func BenchmarkBacktest_WeekOfOneMinuteMonitor(b *testing.B) {
	end := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	var series []monitor.Series
	for s := range 2 {
		one := monitor.Series{Label: fmt.Sprint("m", s), Start: end.Unix() - 8*86400, Step: 60}
		for i := range 8 * 1440 {
			one.Values = append(one.Values, 50+10*math.Sin(float64(i+s)))
		}
		series = append(series, one)
	}
	pool, err := sandbox.NewPool(sandbox.Options{Args: []string{workerCommand}})
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	m := monitor.Monitor{
		ID: 1, Name: "rate", Schedule: "* * * * *", Targets: []string{"m0", "m1"}, Alerts: []string{"mailto:ops@example.com"},
		Script: `let sum = 0, n = 0
with_metrics((a, b) => { sum += a.value; n += b.value; graph_value("rate", a.timestamp, sum / n) })
if (sum / n < 0.5) throw "too low"`,
	}
	desk := alerting.NewDesk(alerting.DeskOptions{})
	for b.Loop() {
		results, err := backtest.Options{
			Source: recordedRange{recorded{series}}, Runner: pool, Now: func() time.Time { return end },
			Decide: func(m monitor.Monitor) backtest.Decide { return desk.Rehearse(m) },
		}.Run(b.Context(), backtest.Plan{Variants: []monitor.Monitor{m}, From: end.Add(-7 * 24 * time.Hour), Until: end})
		if err != nil || results[0].Runs != 10_080 || len(results[0].Faults) > 0 {
			b.Fatal(err, results[0].Runs, results[0].Faults, results[0].Trouble)
		}
	}
	b.ReportMetric(10_080*float64(b.N)/b.Elapsed().Seconds(), "runs/s")
}
