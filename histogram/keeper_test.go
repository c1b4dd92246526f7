package histogram_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"wingmirror/histogram"
	"wingmirror/monitor"
	"wingmirror/store"
)

// desk notes what is reported.
type desk struct {
	outcomes []monitor.Outcome
	watched  []monitor.Watched
}

func (d *desk) Report(_ context.Context, w monitor.Watched, o monitor.Outcome, _ *monitor.Detail) (monitor.Change, error) {
	d.outcomes, d.watched = append(d.outcomes, o), append(d.watched, w)
	return monitor.Change{}, nil
}

func (d *desk) last(t *testing.T) monitor.Outcome {
	t.Helper()
	if len(d.outcomes) == 0 {
		t.Fatal("nothing was reported")
	}
	return d.outcomes[len(d.outcomes)-1]
}

// kept is a keeper over a real store, at a clock that the test sets.
func kept(t *testing.T) (*histogram.Keeper, *store.DB, *desk, *time.Time) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "w.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	d, clock := &desk{}, new(time.Time)
	return histogram.NewKeeper(histogram.KeeperOptions{Archive: db, Desk: d, Now: func() time.Time { return *clock }}), db, d, clock
}

func TestKeeper_ReportsANewRegressionUntilItIsOldNews(t *testing.T) {
	k, db, d, clock := kept(t)
	probe := latency
	probe.Owners = []string{"ann@example.com"}
	if _, err := db.SaveProbe(t.Context(), probe, "ann", start()); err != nil {
		t.Fatal(err)
	}
	periods := days(repeat(base, 20), repeat(slower, 30))
	look := func(day int, periods []monitor.HistogramPeriod) monitor.Outcome {
		t.Helper()
		*clock = start().AddDate(0, 0, day).Add(time.Hour)
		if len(periods) > 0 {
			if err := db.PutPeriods(t.Context(), probe.Name, periods, false, *clock); err != nil {
				t.Fatal(err)
			}
			k.Touch(probe.Name)
		}
		if err := k.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		return d.last(t)
	}
	if o := look(22, periods[:22]); o.Level != monitor.OK {
		t.Errorf("before three days: %+v", o)
	}
	o := look(23, periods[22:23])
	if o.Level != monitor.Critical || o.Subject.String() != "histogram/LATENCY" || o.Message[:3] != "p50" {
		t.Errorf("on the third day: %+v", o)
	}
	if w := d.watched[len(d.watched)-1]; len(w.Alerts) != 1 || w.Alerts[0] != "mailto:ann@example.com" || w.Policy.Repeat >= 0 {
		t.Errorf("whom it tells: %+v", w)
	}
	if o = look(27, periods[23:27]); o.Level != monitor.Critical {
		t.Errorf("four days later: %+v", o)
	}
	if o = look(32, nil); o.Level != monitor.OK {
		t.Errorf("when it is old news: %+v", o)
	}
	if all, err := db.Regressions(t.Context(), store.RegressionFilter{}); err != nil || len(all) != 1 {
		t.Errorf("%v, %d stored", err, len(all))
	}
}

func TestKeeper_NoiseIsNoNews(t *testing.T) {
	k, db, d, clock := kept(t)
	*clock = start().AddDate(0, 0, 24)
	if err := db.PutPeriods(t.Context(), "A", days(repeat(base, 20), repeat(slower, 4)), false, *clock); err != nil {
		t.Fatal(err)
	}
	if err := k.Look(t.Context()); err != nil || d.last(t).Level != monitor.Warning {
		t.Fatalf("%v %+v", err, d.last(t))
	}
	all, _ := db.Regressions(t.Context(), store.RegressionFilter{})
	if _, err := db.Judge(t.Context(), all[0].ID, monitor.Noise, "", "ann", *clock); err != nil {
		t.Fatal(err)
	}
	if err := k.Look(t.Context()); err != nil || d.last(t).Level != monitor.OK {
		t.Errorf("%v %+v", err, d.last(t))
	}
}

func TestKeeper_ReportsOnlyWhatHasNews(t *testing.T) {
	k, db, d, clock := kept(t)
	*clock = start().AddDate(0, 0, 24)
	for _, name := range []string{"A", "B"} {
		if err := db.PutPeriods(t.Context(), name, days(repeat(base, 20)), false, *clock); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []int{2, 2, 3} {
		if want == 3 {
			k.Touch("B")
		}
		if err := k.Look(t.Context()); err != nil || len(d.outcomes) != want {
			t.Errorf("%v: %d reports, want %d", err, len(d.outcomes), want)
		}
	}
}

// failing is an archive that cannot read one histogram.
type failing struct{ *store.DB }

func (f failing) Periods(ctx context.Context, name string, since time.Time) ([]monitor.HistogramPeriod, error) {
	if name == "A" {
		return nil, errors.New("broken")
	}
	return f.DB.Periods(ctx, name, since)
}

func TestKeeper_OneThatFailsDoesNotStopTheOthers(t *testing.T) {
	_, db, d, clock := kept(t)
	*clock = start()
	for _, name := range []string{"A", "B"} {
		if err := db.PutPeriods(t.Context(), name, days(repeat(base, 1)), false, *clock); err != nil {
			t.Fatal(err)
		}
	}
	k := histogram.NewKeeper(histogram.KeeperOptions{Archive: failing{db}, Desk: d, Now: func() time.Time { return *clock }})
	if err := k.Look(t.Context()); err == nil || len(d.outcomes) != 1 {
		t.Errorf("%v, %d reports", err, len(d.outcomes))
	}
}

func TestKeeper_LooksAtWhatIsTouchedSoonAndTogether(t *testing.T) {
	_, db, _, _ := kept(t) // outside of the bubble: it owns goroutines that never end
	for _, name := range []string{"A", "B", "C"} {
		if err := db.PutPeriods(t.Context(), name, days(repeat(base, 1)), false, start()); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		k := histogram.NewKeeper(histogram.KeeperOptions{Archive: db, Desk: d, Now: time.Now})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go k.Run(ctx)
		for _, step := range []struct {
			touch string
			wait  time.Duration
			want  int
		}{{"", time.Second, 3}, {"A", 3 * time.Second, 3}, {"B", 3 * time.Second, 5}, {"", 5 * time.Minute, 5}, {"C", 6 * time.Second, 6}} {
			if step.touch != "" {
				k.Touch(step.touch)
			}
			time.Sleep(step.wait)
			synctest.Wait()
			if len(d.outcomes) != step.want {
				t.Errorf("after %+v: %d reports", step, len(d.outcomes))
			}
		}
	})
}
