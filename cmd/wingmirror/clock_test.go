package main

import (
	"context"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"wingmirror/alerting"
	"wingmirror/monitor"
	"wingmirror/scheduler"
	"wingmirror/store"
)

// shop is a source and a script at once: what the script sees is wrong from
// badFrom until badUntil.
type shop struct{ badFrom, badUntil time.Time }

func (shop) Window(at time.Time, minutes int) monitor.Window {
	return monitor.Window{From: at.Unix() - int64(minutes)*60, Until: at.Unix()}
}

func (shop) Fetch(_ context.Context, w monitor.Window, targets []string) []monitor.Fetched {
	all := make([]monitor.Fetched, len(targets))
	for i, t := range targets {
		all[i] = monitor.Fetched{Target: t, Status: monitor.StatusOK, Series: []monitor.Series{{Label: t, Start: w.Until, Step: 60, Values: []float64{1}}}}
	}
	return all
}

func (s shop) Run(_ context.Context, in monitor.Input) (monitor.Result, error) {
	if in.At.Before(s.badFrom) || !in.At.Before(s.badUntil) {
		return monitor.Result{Level: monitor.OK}, nil
	}
	return monitor.Result{Level: monitor.Critical, Thrown: &monitor.ScriptError{Message: "too few orders"}}, nil
}

// pager notes what reaches it, and refuses the first attempt of each notice.
type pager struct {
	mu      sync.Mutex
	refused map[int64]bool
	heard   []string
	at      []time.Time
}

func (p *pager) Deliver(_ context.Context, n monitor.Notice) (monitor.Receipt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.refused[n.ID] {
		p.refused[n.ID] = true
		return monitor.Receipt{}, context.DeadlineExceeded
	}
	p.heard, p.at = append(p.heard, string(n.Message.Kind)), append(p.at, time.Now())
	return monitor.Receipt{}, nil
}

// life is one start and end of the parts between the source and the pager, the
// real ones, on a clock that the test turns.
func life(t *testing.T, path string, s shop, p *pager, lasts time.Duration) {
	lifeBy(t, path, s, p, time.Now, func() { time.Sleep(lasts) })
}

// lifeBy is a life by a clock on the wall that may be set, as long as lasts takes.
func lifeBy(t *testing.T, path string, s shop, p *pager, now func() time.Time, lasts func()) {
	db, err := store.Open(t.Context(), store.Options{Path: path, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	d := alerting.NewDesk(alerting.DeskOptions{Ledger: db, Installation: db.Installation(), Now: now})
	sched, err := scheduler.New(scheduler.Options{
		Fetcher: s, Runner: s, Ledger: db, Desk: desk{alerting: d, changed: func() {}}, Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	dispatcher := alerting.NewDispatcher(alerting.DispatcherOptions{Outbox: db, Channels: map[string]alerting.Channel{"mailto": p}, Now: now})
	runParts(t, db, sched, lasts, dispatcher.Run)
}

// runParts runs a scheduler, and what stands beside it, for as long as lasts takes,
// and stops them in the order that the server does.
func runParts(t *testing.T, db *store.DB, sched *scheduler.Scheduler, lasts func(), beside ...func(context.Context)) {
	ctx, cancel := context.WithCancel(t.Context())
	var background sync.WaitGroup
	for _, run := range beside {
		background.Go(func() { run(ctx) })
	}
	all, err := db.Monitors(t.Context())
	if err == nil {
		err = sched.Apply(all)
	}
	if err == nil {
		err = sched.Start(nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	lasts()
	synctest.Wait()
	if err := sched.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	cancel()
	background.Wait()
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// createOrders makes a database with one monitor that runs each minute.
func createOrders(t *testing.T, path string, at time.Time) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Path: path, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.CreateMonitor(t.Context(), monitor.Monitor{
		Name: "Orders", Schedule: "* * * * *", Targets: []string{"shop.orders"}, Script: "", Minutes: 5,
		Alerts: []string{"mailto:ops@example.com"}, Active: true,
	}, "ann", at)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestClock_SetBackAnHourTheScheduleGoesOnFromThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.db")
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		createOrders(t, path, begun)
		var back atomic.Int64
		now := func() time.Time { return time.Now().Add(-time.Duration(back.Load())) }
		s := shop{badFrom: begun.Add(10*time.Minute + time.Second), badUntil: begun.Add(20 * time.Minute)}
		p := &pager{refused: map[int64]bool{}}
		lifeBy(t, path, s, p, now, func() {
			time.Sleep(65 * time.Minute)
			back.Store(int64(time.Hour)) // it is minute 5 again
			time.Sleep(10*time.Minute + 30*time.Second)
		})
		fire, resolve := string(monitor.NoticeFire), string(monitor.NoticeResolve)
		if want := []string{fire, resolve, fire}; !slices.Equal(p.heard, want) {
			t.Fatalf("heard %v, want %v: trouble in the hour that comes again is told at once", p.heard, want)
		}
		if after := p.at[2].Sub(begun.Add(71 * time.Minute)); after < 0 || after > 20*time.Second {
			t.Errorf("it came %v after the run that saw it", after)
		}
		lifeBy(t, path, s, p, now, func() { time.Sleep(10 * time.Minute) }) // a restart before the clock has caught up
		if want := []string{fire, resolve, fire, resolve}; !slices.Equal(p.heard, want) {
			t.Errorf("heard %v, want %v", p.heard, want)
		}
	})
}

func TestClock_ThreeHoursOfTheRealPartsWithARestartInTheMiddle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.db")
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		createOrders(t, path, begun)
		s := shop{badFrom: begun.Add(10 * time.Minute), badUntil: begun.Add(150 * time.Minute)}
		p := &pager{refused: map[int64]bool{}}
		life(t, path, s, p, 60*time.Minute+30*time.Second)
		life(t, path, s, p, 120*time.Minute)

		want := []string{string(monitor.NoticeFire), string(monitor.NoticeRepeat), string(monitor.NoticeRepeat), string(monitor.NoticeResolve)}
		if !slices.Equal(p.heard, want) {
			t.Fatalf("heard %v, want %v", p.heard, want)
		}
		for i, minute := range []int{10, 70, 130, 150} {
			after := p.at[i].Sub(begun.Add(time.Duration(minute) * time.Minute))
			if after < 0 || after > 20*time.Second {
				t.Errorf("%s came %v after minute %d", p.heard[i], after, minute)
			}
		}
	})
}
