package graphite_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"wingmirror/graphite"
	"wingmirror/graphite/graphitetest"
	"wingmirror/monitor"
)

// TestReal shows on the real servers what the client relies on. Each server starts
// once, and only where it can.
func TestReal(t *testing.T) {
	for name, start := range map[string]func(testing.TB) *graphitetest.Backend{
		"graphite-web":    graphitetest.StartGraphiteWeb,
		"carbonapi":       graphitetest.StartCarbonAPI,
		"victoriametrics": graphitetest.StartVictoriaMetrics,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			backend := start(t)
			w := feed(backend)
			t.Run("BatchesKeepSeriesApart", func(t *testing.T) { batchesKeepSeriesApart(t, backend, w) })
			t.Run("BadTargetsFailAlone", func(t *testing.T) { badTargetsFailAlone(t, backend, w) })
			t.Run("StatusesFindAndProbe", func(t *testing.T) { statusesFindAndProbe(t, backend, w) })
			if backend.Kind != "victoriametrics" { // it is told one step for all
				t.Run("WindowIsExact", func(t *testing.T) { windowIsExact(t, backend) })
			}
		})
	}
}

// feed sends 13 points of a few metrics, from the window's start less a minute to
// its end and a minute more.
func feed(backend *graphitetest.Backend) monitor.Window {
	until := time.Now().Unix()/60*60 - 120
	w := monitor.Window{From: until - 600, Until: until}
	for _, path := range []string{"app.web1.rate", "app.web2.rate", "app.web3.rate", "true.rate", "app.a-b:c.d"} {
		for i := int64(-1); i <= 11; i++ {
			backend.Feed(path, w.From+60*i, float64(i))
		}
	}
	for i := range int64(200) {
		backend.Feed("fast.rate", until-50+i, float64(i))
	}
	backend.Await("app.a-b:c.d", w.Until)
	backend.Await("app.web3.rate", w.Until)
	backend.Await("fast.rate", w.Until)
	return w
}

func realClient(t *testing.T, backend *graphitetest.Backend) *graphite.Client {
	t.Helper()
	c, err := graphite.New(graphite.Options{URL: backend.URL + "/"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// The claims that batching rests on, shown on the real servers: every series finds
// its target and keeps its name, whatever is in the name, and the window's ends
// are the same everywhere.
func batchesKeepSeriesApart(t *testing.T, backend *graphitetest.Backend, w monitor.Window) {
	c := realClient(t, backend)
	rows := []struct{ target, want string }{
		{"app.*.rate", "ok app.web1.rate,app.web2.rate,app.web3.rate"},
		{"app.{web1,web3}.rate", "ok app.web1.rate,app.web3.rate"},
		{"no.such.metric", "missing"},
		{`alias(app.web1.rate, 'a,b "q" (x')`, `ok a,b "q" (x`},
		{`alias(app.web1.rate, "it's $1 \1 ${0} wm3: é %s")`, `ok it's $1 \1 ${0} wm3: é %s`},
		{"alias(app.web2.rate,'')", "ok "},
		{"aliasByNode(app.*.rate,1)", "ok web1,web2,web3"},
		{"app.a-b:c.d", "ok app.a-b:c.d"},
		{"true.rate", "ok true.rate"},
		{"aliasSub(app.web1.rate,'^app','x')", "ok x.web1.rate"},
		{"app.web1.rate|scale(2)|alias('piped')", "ok piped"},
		{"alias(sumSeries(app.*.rate),'sum')", "ok sum"},
		{"alias(constantLine(5),'line')", "ok line"},
		{"alias(timeShift(app.web1.rate,'1min'),'then')", "ok then"},
		{"alias(\n\tapp.web1.rate,\n\t'lines'\n)", "ok lines"},
	}
	targets := make([]string, len(rows))
	for i, row := range rows {
		targets[i] = row.target
	}
	got := c.Fetch(t.Context(), w, targets)
	for i, text := range brief(got) {
		if text != rows[i].want {
			t.Errorf("%s: %s, want %s", rows[i].target, text, rows[i].want)
		}
	}
	if requests := c.Stats().Requests; backend.Kind == "graphite-web" && requests != 2 { // true.rate goes alone
		t.Errorf("%d requests, want 2", requests)
	}
	s := got[0].Series[0]
	if s.Start != w.From+60 || s.Time(len(s.Values)-1) != w.Until || s.Step != 60 || s.Points() != 10 || s.Values[0] != 1 || s.Values[9] != 10 {
		t.Errorf("window %d to %d brought %+v", w.From, w.Until, s)
	}
	if sum := got[11].Series[0]; sum.Values[9] != 30 || got[10].Series[0].Values[9] != 20 || got[13].Series[0].Values[9] != 9 {
		t.Errorf("values %v", sum.Values)
	}
}

func badTargetsFailAlone(t *testing.T, backend *graphitetest.Backend, w monitor.Window) {
	c := realClient(t, backend)
	var targets []string
	for range 5 {
		for i := 1; i <= 3; i++ {
			targets = append(targets, fmt.Sprintf("scale(app.web%d.rate,%d)", i, len(targets)+1))
		}
	}
	targets[4], targets[9], targets[13] = "noSuchFunc(app.web1.rate)", "movingAverage(app.web1.rate)", "sumSeries(no.such.*)"
	for round := range 3 {
		before := c.Stats().Requests
		next := monitor.Window{From: w.From + int64(round), Until: w.Until + int64(round)} // not what is kept from the round before
		for i, f := range c.Fetch(t.Context(), next, targets) {
			switch {
			case i == 4 || i == 9:
				if f.Status != monitor.StatusFailed || f.Reason == "" || strings.Contains(f.Reason, "aliasSub") || strings.Contains(f.Reason, "&#") {
					t.Errorf("%s: %s %q", f.Target, f.Status, f.Reason)
				}
				if round == 0 {
					t.Logf("%s: %s", f.Target, f.Reason)
				}
			case i == 13: // carbonapi finds that an error
				if f.Status != monitor.StatusMissing && backend.Kind != "carbonapi" {
					t.Errorf("%s: %s %q", f.Target, f.Status, f.Reason)
				}
			case f.Status != monitor.StatusOK || f.Series[0].Values[9] != 10*float64(i+1):
				t.Errorf("%s: %s %q %v", f.Target, f.Status, f.Reason, f.Series)
			}
		}
		requests := c.Stats().Requests - before
		t.Logf("round %d: %d requests for %d targets", round, requests, len(targets))
		if round > 0 && requests > 4 {
			t.Errorf("round %d: %d requests when it is known which targets fail", round, requests)
		}
	}
	if s := c.Stats(); s.Breaker != "closed" {
		t.Errorf("breaker %s", s.Breaker)
	}
}

func statusesFindAndProbe(t *testing.T, backend *graphitetest.Backend, w monitor.Window) {
	c := realClient(t, backend)
	old := monitor.Window{From: w.From, Until: w.Until + 3600}
	if f := c.Fetch(t.Context(), old, []string{"app.web1.rate"})[0]; f.Status != monitor.StatusStale {
		t.Errorf("an hour without points is %s: %s", f.Status, f.Reason)
	}
	future := monitor.Window{From: w.Until + 1200, Until: w.Until + 1800}
	if f := c.Fetch(t.Context(), future, []string{"app.web1.rate"})[0]; f.Status != monitor.StatusEmpty && f.Status != monitor.StatusMissing {
		t.Errorf("the future is %s: %s", f.Status, f.Reason)
	}
	nodes, err := c.Find(t.Context(), "app.*")
	if err != nil || len(nodes) < 4 || nodes[1].Path != "app.web1" || nodes[1].Leaf {
		t.Errorf("find: %+v, %v", nodes, err)
	}
	nodes, err = c.Find(t.Context(), "app.web1.*")
	if err != nil || len(nodes) != 1 || nodes[0] != (graphite.Node{Path: "app.web1.rate", Name: "rate", Leaf: true}) {
		t.Errorf("find: %+v, %v", nodes, err)
	}
	nodes, err = c.Find(t.Context(), "nosuch.*")
	if err != nil || len(nodes) != 0 {
		t.Errorf("find nothing: %+v, %v", nodes, err)
	}
	h := c.Probe(t.Context())
	t.Logf("%+v", h)
	if !h.OK || string(h.Kind) != backend.Kind || !h.Batching || h.Latency <= 0 {
		t.Errorf("%+v", h)
	}
}

// A one-second retention shows whether the ends of the window are exact.
func windowIsExact(t *testing.T, backend *graphitetest.Backend) {
	until := time.Now().Unix()/60*60 - 120
	f := realClient(t, backend).Fetch(t.Context(), monitor.Window{From: until - 20, Until: until}, []string{"fast.rate"})[0]
	if f.Status != monitor.StatusOK || f.Series[0].Start != until-19 || f.Series[0].Step != 1 || f.Series[0].Points() != 20 {
		t.Errorf("until %d: %+v", until, f)
	}
}
