package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wingmirror/alerting"
	"wingmirror/monitor"
	"wingmirror/sandbox"
	"wingmirror/scheduler"
	"wingmirror/scheduler/backtest"
	"wingmirror/store"
)

// relay lets real workers, which live outside of a test's clock, run scripts for
// what lives inside. The clock stands still meanwhile.
type relay struct {
	jobs chan relayed
	free chan chan relayed
}

type relayed struct {
	in     monitor.Input
	result monitor.Result
	err    error
	back   chan relayed
}

// newRelay is to be called outside of the test's clock.
func newRelay(t *testing.T) *relay {
	t.Helper()
	pool, err := sandbox.NewPool(sandbox.Options{Args: []string{workerCommand}})
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{jobs: make(chan relayed), free: make(chan chan relayed, 8)}
	var workers sync.WaitGroup
	for range cap(r.free) {
		r.free <- make(chan relayed, 1)
		workers.Go(func() {
			for job := range r.jobs {
				job.result, job.err = pool.Run(context.Background(), job.in)
				job.back <- job
			}
		})
	}
	t.Cleanup(func() {
		close(r.jobs)
		workers.Wait()
		pool.Close()
	})
	return r
}

func (r *relay) Run(_ context.Context, in monitor.Input) (monitor.Result, error) {
	back := <-r.free
	r.jobs <- relayed{in: in, back: back}
	done := <-back
	r.free <- back
	return done.result, done.err
}

// orders has 100 orders at any time, but 40 from two to four each night.
type orders struct{}

func (orders) Window(at time.Time, minutes int) monitor.Window { return shop{}.Window(at, minutes) }

func (orders) Fetch(_ context.Context, w monitor.Window, targets []string) []monitor.Fetched {
	all := make([]monitor.Fetched, len(targets))
	for i, text := range targets {
		s := monitor.Series{Label: text, Start: w.Until, Step: 60, Values: []float64{100}}
		if hour := time.Unix(w.Until, 0).UTC().Hour(); hour == 2 || hour == 3 {
			s.Values[0] = 40
		}
		all[i] = fetched(text, []monitor.Series{s})
	}
	return all
}

// shadowLife is one start and end of scheduler, store, desk, dispatcher, shadows
// and workers, all of them real, on a clock that the test turns.
func shadowLife(t *testing.T, path string, workers *relay, p *pager, lasts time.Duration, act func(*store.DB, *shadows)) {
	db, err := store.Open(t.Context(), store.Options{Path: path, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	d := alerting.NewDesk(alerting.DeskOptions{Ledger: db, Installation: db.Installation()})
	beside, err := openShadows(t.Context(), &server{db: db, desk: d, log: log}, workers)
	if err != nil {
		t.Fatal(err)
	}
	sched, err := scheduler.New(scheduler.Options{
		Fetcher: orders{}, Runner: workers, Ledger: db, Desk: desk{alerting: d, shadows: beside, changed: func() {}},
	})
	if err != nil {
		t.Fatal(err)
	}
	act(db, beside)
	dispatcher := alerting.NewDispatcher(alerting.DispatcherOptions{Outbox: db, Channels: map[string]alerting.Channel{"mailto": p}})
	runParts(t, db, sched, func() { time.Sleep(lasts) }, dispatcher.Run, beside.run)
}

// An edited version runs beside the saved one for two days, over a restart in the
// middle of the night's incident; nobody hears of it; then it is compared and takes
// over.
func TestShadow_TwoDaysBesideTheSavedVersionAndThenInItsPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.db")
	workers := newRelay(t)
	synctest.Test(t, func(t *testing.T) {
		p := &pager{refused: map[int64]bool{}}
		var shadow monitor.Shadow
		nothing := func(*store.DB, *shadows) {}
		// The clock of these tests begins at midnight.
		shadowLife(t, path, workers, p, 27*time.Hour+time.Minute, func(db *store.DB, beside *shadows) {
			m, err := db.CreateMonitor(t.Context(), monitor.Monitor{
				Name: "Orders", Schedule: "*/10 * * * *", Targets: []string{"shop.orders"}, Minutes: 5, Active: true, Policy: monitor.Policy{Repeat: -1},
				Alerts: []string{"mailto:ops@example.com"}, Script: `if (@a.last_value() < 30) throw "saved"`,
			}, "ann", time.Now())
			if err != nil {
				t.Fatal(err)
			}
			m.Script = `puts(@previous.level, @previous.runs); if (@a.last_value() < 50) throw "edited"`
			if shadow, err = beside.Start(t.Context(), monitor.Shadow{Monitor: m, Author: "ann", Started: time.Now(), Ends: time.Now().Add(30 * 24 * time.Hour)}); err != nil {
				t.Fatal(err)
			}
		})
		shadowLife(t, path, workers, p, 21*time.Hour, func(_ *store.DB, beside *shadows) {
			one := beside.running[shadow.Monitor.ID]
			if one == nil || one.state.Level != monitor.Critical || one.state.Open == nil || one.state.Runs < 5 {
				t.Fatalf("after the restart it stands at %+v, want in the middle of its incident", one)
			}
		})
		if len(p.heard) > 0 {
			t.Errorf("the saved version has nothing to tell, but somebody heard %v", p.heard)
		}
		shadowLife(t, path, workers, p, time.Second, func(db *store.DB, beside *shadows) {
			saved, edited, s, err := beside.Compare(t.Context(), shadow.ID)
			if err != nil || s.Missed != 0 || saved.Runs != edited.Runs || edited.Runs < 280 {
				t.Fatalf("%d and %d runs, %d missed, %v", saved.Runs, edited.Runs, s.Missed, err)
			}
			if d := backtest.Compare(saved, edited); len(d.Added) != 2 || len(d.Removed)+len(d.Moved) != 0 || d.Added[0].Message != "edited" || d.Added[0].ClosedAt.Sub(d.Added[0].OpenedAt) != 2*time.Hour {
				t.Errorf("compared: %+v", d)
			}
			notices, err := db.Notices(t.Context(), store.NoticeFilter{Limit: 10})
			if err != nil || len(notices) > 0 {
				t.Errorf("%d notices wait to go out, %v", len(notices), err)
			}
			// Promoting it is saving its text.
			stored, err := db.Monitor(t.Context(), shadow.Monitor.ID)
			if err != nil {
				t.Fatal(err)
			}
			stored.Script = s.Monitor.Script
			if _, err := db.UpdateMonitor(t.Context(), stored, "ann", time.Now()); err != nil {
				t.Fatal(err)
			}
			if err := beside.End(t.Context(), shadow.ID); err != nil {
				t.Error(err)
			}
		})
		shadowLife(t, path, workers, p, 24*time.Hour, nothing)
		if want := []string{"fire", "resolve"}; !slices.Equal(p.heard, want) {
			t.Errorf("in its place it told %s, want %v", strings.Join(p.heard, " "), want)
		}
	})
}
