// Package integration tests the whole program as an operator has it: the built
// binary against a real Graphite, a real SMTP server and a stand-in for
// PagerDuty, by the wall clock. A test skips, and says why, where a program is
// missing; in short mode all do.
package integration

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wingmirror/cmd/wingmirror/servertest"
	"wingmirror/graphite/graphitetest"
)

// watched is a monitor under test and where its alerts go.
type watched struct {
	id    int64
	name  string
	every time.Duration
	mail  string
	key   string // of PagerDuty

	schedule, target string
	minutes          int
}

// shop is what the monitors watch: two metrics of equal value, one of them fed
// every second and one kept by the minute.
type shop struct {
	backend *graphitetest.Backend
	errors  float64
}

const fastMetric, slowMetric = "fast.shop.errors", "shop.errors"

func (s *shop) feed() {
	now := time.Now().Unix()
	s.backend.Feed(fastMetric, now, s.errors)
	s.backend.Feed(slowMetric, now, s.errors)
}

// The script looks at the newest point that there is, and says what it saw.
const script = `
const known = @a.entries.filter(e => e.value !== null)
if (known.length === 0) throw "nothing is known"
const errors = known[known.length - 1].value
puts("errors: " + errors)
graph_value("errors", known[known.length - 1].timestamp, errors)
if (errors > 50) throw errors + " errors"
`

func TestLife_FromGraphiteToPageAndMailAndBack(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	t.Parallel()
	testLife(t, graphitetest.StartGraphiteWeb(t), []*watched{everyFiveSeconds(), ofTheMinute()})
}

func TestLife_OnCarbonAPI(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	t.Parallel()
	testLife(t, graphitetest.StartCarbonAPI(t), []*watched{everyFiveSeconds()})
}

func everyFiveSeconds() *watched {
	return &watched{
		name: "Errors by the second", every: 5 * time.Second, schedule: "*/5 * * * * *", target: fastMetric, minutes: 1,
		mail: "seconds@example.com", key: strings.Repeat("5", 32),
	}
}

// ofTheMinute looks at a metric of one point per minute, of which the newest is
// overwritten until its minute is over.
func ofTheMinute() *watched {
	return &watched{
		name: "Errors by the minute", every: 10 * time.Second, schedule: "*/10 * * * * *", target: "sumSeries(" + slowMetric + ")", minutes: 10,
		mail: "minutes@example.com", key: strings.Repeat("6", 32),
	}
}

func testLife(t *testing.T, backend *graphitetest.Backend, monitors []*watched) {
	box, pager := startMailbox(t), startPager(t)
	metrics := &shop{backend: backend, errors: 3}
	metrics.feed()
	backend.Await(slowMetric, time.Now().Unix()/60*60)
	serve := []string{
		"serve", "--graphite", backend.URL, "--graphite-step", "1s", "--db", filepath.Join(t.TempDir(), "wingmirror.db"),
		"--listen", "127.0.0.1:0", "--smtp", "smtp://" + box.address, "--mail-from", "wingmirror@example.com", "--pagerduty-endpoint", pager.url,
	}
	program := buildProgram(t)
	s := start(t, program, serve...)
	for _, m := range monitors {
		m.create(s)
	}
	// patience is time for two ticks and what lies between them.
	patience := 2*monitors[len(monitors)-1].every + 30*time.Second
	wait := func(what string, check func(m *watched) error) {
		t.Helper()
		servertest.Await(t, what, patience, func() error {
			metrics.feed()
			for _, m := range monitors {
				if err := check(m); err != nil {
					return fmt.Errorf("%s: %w", m.name, err)
				}
			}
			return nil
		})
	}

	wait("all monitors ran and are ok", func(m *watched) error { return m.levelIs(s, "ok") })
	for _, m := range monitors {
		if mails, events := box.about(m.mail), pager.about(m.key); len(mails)+len(events) > 0 {
			t.Errorf("%s is ok, and yet there are mails %q and events %v", m.name, mails, events)
		}
	}

	metrics.errors = 100
	wait("fires arrived by mail and at the pager", func(m *watched) error {
		if mails, events := box.about(m.mail), pager.about(m.key); len(mails) == 0 || len(events) == 0 {
			return fmt.Errorf("mails %q, events %v", mails, events)
		}
		return m.levelIs(s, "critical")
	})

	metrics.errors = 3
	wait("resolves arrived by mail and at the pager", func(m *watched) error {
		if mails, events := box.about(m.mail), pager.about(m.key); len(mails) < 2 || len(events) < 2 {
			return fmt.Errorf("mails %q, events %v", mails, events)
		}
		return m.levelIs(s, "ok")
	})
	for _, m := range monitors {
		m.checkNotices(t, box, pager)
		m.checkRuns(t, s)
	}
	checkIncidents(t, s, len(monitors))
	s.stop()

	again := start(t, program, serve...)
	restarted := time.Now()
	servertest.Await(t, "the program started again and goes on", 30*time.Second, func() error {
		metrics.feed()
		return monitors[0].ranSince(again, restarted)
	})
	again.stop()
	for _, m := range monitors {
		m.checkNotices(t, box, pager)
	}
}

func (m *watched) create(s *server) {
	s.T.Helper()
	var created struct {
		ID int64 `json:"id"`
	}
	s.Must("POST", "/api/v1/monitors", map[string]any{
		"name": m.name, "schedule": m.schedule, "targets": []string{"# what the shop counts", m.target}, "minutes": m.minutes,
		"script": script, "alerts": []string{"mailto:" + m.mail, "pagerduty:" + m.key}, "active": true,
	}, &created)
	m.id = created.ID
}

func (m *watched) levelIs(s *server, want string) error {
	var list struct {
		Monitors []struct {
			ID                    int64
			Level, Fault, Message string
		}
	}
	if err := s.Call("GET", "/api/v1/monitors", nil, &list); err != nil {
		return err
	}
	for _, item := range list.Monitors {
		if item.ID == m.id && item.Level == want && item.Fault == "" {
			return nil
		}
	}
	return fmt.Errorf("it is not %s: %+v", want, list.Monitors)
}

type run struct {
	At                                   time.Time
	Phase, Level, Fault, Message, Output string
}

func (m *watched) runs(s *server) ([]run, error) {
	var page struct{ Runs []run }
	err := s.Call("GET", fmt.Sprintf("/api/v1/monitors/%d/runs?limit=1000", m.id), nil, &page)
	return page.Runs, err
}

func (m *watched) ranSince(s *server, since time.Time) error {
	runs, err := m.runs(s)
	if err != nil {
		return err
	}
	if len(runs) > 0 && runs[0].At.After(since) && runs[0].Phase == "done" && runs[0].Level == "ok" {
		return nil
	}
	return fmt.Errorf("newest of %d runs: %+v", len(runs), runs[:min(len(runs), 1)])
}

// checkNotices wants one fire and one resolve at each place, which belong together.
func (m *watched) checkNotices(t *testing.T, box *mailbox, pager *pager) {
	t.Helper()
	mails := box.about(m.mail)
	if len(mails) != 2 || mails[0] != "[CRITICAL] "+m.name+": 100 errors" || mails[1] != "[RESOLVED] "+m.name {
		t.Errorf("%s: mails %q", m.name, mails)
	}
	if body := box.body(m.mail, 0); !strings.Contains(body, "100 errors") {
		t.Errorf("%s: the mail does not say what is wrong:\n%s", m.name, body)
	}
	events := pager.about(m.key)
	if len(events) != 2 || events[0].EventAction != "trigger" || events[1].EventAction != "resolve" {
		t.Errorf("%s: events %+v", m.name, events)
		return
	}
	if events[0].DedupKey == "" || events[0].DedupKey != events[1].DedupKey {
		t.Errorf("%s: the resolve of %q is for %q", m.name, events[0].DedupKey, events[1].DedupKey)
	}
	if e := events[0].Payload; e.Severity != "critical" || !strings.Contains(e.Summary, "100 errors") {
		t.Errorf("%s: payload %+v", m.name, e)
	}
}

// checkRuns wants a run at each tick since the first, and none twice.
func (m *watched) checkRuns(t *testing.T, s *server) {
	t.Helper()
	runs, err := m.runs(s)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range runs {
		if !r.At.Equal(r.At.Truncate(m.every)) {
			t.Errorf("%s ran at %v, which is no tick", m.name, r.At)
		}
		if i > 0 && !runs[i-1].At.Equal(r.At.Add(m.every)) {
			t.Errorf("%s ran at %v and then at %v", m.name, r.At, runs[i-1].At)
		}
		if r.Fault != "" || i > 0 && r.Phase != "done" {
			t.Errorf("%s at %v: phase %s, fault %q: %s", m.name, r.At, r.Phase, r.Fault, r.Message)
		}
	}
	if len(runs) < 3 {
		t.Errorf("%s has %d runs, want one before, one during and one after the trouble", m.name, len(runs))
	}
	last := run{}
	s.Must("GET", fmt.Sprintf("/api/v1/monitors/%d/runs/%s", m.id, runs[0].At.Format(time.RFC3339)), nil, &last)
	if last.Phase == "done" && last.Output != "errors: 3\n" {
		t.Errorf("%s: the newest run printed %q", m.name, last.Output)
	}
}

func checkIncidents(t *testing.T, s *server, want int) {
	t.Helper()
	var list struct {
		Incidents []struct {
			Name     string
			Level    string
			ClosedAt *time.Time `json:"closed_at"`
		}
	}
	s.Must("GET", "/api/v1/incidents", nil, &list)
	if len(list.Incidents) != want {
		t.Errorf("incidents %+v, want %d", list.Incidents, want)
	}
	for _, i := range list.Incidents {
		if i.Level != "critical" || i.ClosedAt == nil {
			t.Errorf("incident %+v, want a closed, critical one", i)
		}
	}
}
