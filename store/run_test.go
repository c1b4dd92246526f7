package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"wingmirror/monitor"
)

func TestClaim_EachRunIsWonOnce(t *testing.T) {
	db := openNew(t)
	var ids []int64
	for i := range 700 { // more than one batch
		ids = append(ids, newMonitor(t, db, fmt.Sprint(i)).ID)
	}
	var mu sync.Mutex
	wins := map[int64]int{}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			won, err := db.Claim(context.Background(), start, ids)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			for id := range won {
				wins[id]++
			}
		})
	}
	wg.Wait()
	for _, id := range ids {
		if wins[id] != 1 {
			t.Fatalf("monitor %d was won %d times", id, wins[id])
		}
	}
	if won, err := db.Claim(t.Context(), start.Add(time.Minute), ids); err != nil || len(won) != 700 {
		t.Errorf("got %d of the next tick, %v", len(won), err)
	}
}

func TestClaim_LeavesOutInactiveAndUnknown(t *testing.T) {
	db := openNew(t)
	on, off := newMonitor(t, db, "on"), newMonitor(t, db, "off")
	if err := db.SetActive(t.Context(), []int64{off.ID}, false, "", start); err != nil {
		t.Fatal(err)
	}
	won, err := db.Claim(t.Context(), start, []int64{on.ID, off.ID, 99})
	if _, ok := won[on.ID]; err != nil || len(won) != 1 || !ok {
		t.Errorf("got %v, %v, want only %d", won, err, on.ID)
	}
	if won, err := db.Claim(t.Context(), start, nil); err != nil || len(won) != 0 {
		t.Errorf("got %v, %v from no ids", won, err)
	}
}

func TestClaim_TellsWhatTheLastRunSaw(t *testing.T) {
	db := openNew(t)
	m := newMonitor(t, db, "a")
	c := commitOf(m, start, monitor.Critical, 0)
	c.State.Message = "too low"
	if err := db.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	won, err := db.Claim(t.Context(), start.Add(time.Minute), []int64{m.ID})
	want := map[int64]monitor.Previous{m.ID: {Level: monitor.Critical, Since: start, Runs: 1, Message: "too low"}}
	if diff := cmp.Diff(want, won); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestRuns_NewestFirstAPageAtATime(t *testing.T) {
	db := openNew(t)
	m, other := newMonitor(t, db, "a"), newMonitor(t, db, "b")
	for i := range 10 {
		for _, m := range []monitor.Monitor{m, other} {
			if err := db.Commit(t.Context(), commitOf(m, start.Add(time.Duration(i)*time.Minute), monitor.OK, int64(min(i, 1)))); err != nil {
				t.Fatal(err)
			}
		}
	}
	var got []time.Duration
	for before := (time.Time{}); ; {
		page, err := db.Runs(t.Context(), m.ID, before, 4)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page {
			if r.Monitor != m.ID {
				t.Fatalf("got a run of monitor %d", r.Monitor)
			}
			got = append(got, r.At.Sub(start)/time.Minute)
			before = r.At
		}
		if len(page) < 4 {
			break
		}
	}
	if diff := cmp.Diff([]time.Duration{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}, got); diff != "" {
		t.Error(diff)
	}
}

func TestRun_ClaimsThatNobodyEndedAreLostAfterARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	db, err := Open(t.Context(), Options{Path: path, Now: func() time.Time { return start }})
	if err != nil {
		t.Fatal(err)
	}
	m := newMonitor(t, db, "a")
	if _, err := db.Claim(t.Context(), start, []int64{m.ID}); err != nil {
		t.Fatal(err)
	}
	if run, _, err := db.Run(t.Context(), m.ID, start); err != nil || run.Phase != monitor.Claimed {
		t.Errorf("got %v, %v while it runs", run.Phase, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db, err = Open(t.Context(), Options{Path: path, Now: func() time.Time { return start.Add(time.Minute) }})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if run, _, err := db.Run(t.Context(), m.ID, start); err != nil || run.Phase != monitor.Lost {
		t.Errorf("got %v, %v after a restart, want lost", run.Phase, err)
	}
}

func TestRun_KeepsDetailsOfTheLastRunAndOfThoseThatChangedSomething(t *testing.T) {
	db := openNew(t)
	m := newMonitor(t, db, "a")
	for i := range 4 {
		c := commitOf(m, start.Add(time.Duration(i)*time.Minute), monitor.OK, int64(min(i, 1)))
		c.Run.Kept = i == 1
		c.Detail.Output = fmt.Sprint("run ", i)
		if err := db.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []string{"", "run 1", "", "run 3"} {
		_, detail, err := db.Run(t.Context(), m.ID, start.Add(time.Duration(i)*time.Minute))
		got := ""
		if detail != nil {
			got = detail.Output
		}
		if err != nil || got != want {
			t.Errorf("run %d: got output %q, %v, want %q", i, got, err, want)
		}
	}
	run, detail, err := db.LastRun(t.Context(), m.ID)
	if err != nil || detail == nil || detail.Output != "run 3" || !run.At.Equal(start.Add(3*time.Minute)) {
		t.Errorf("got %+v, %v, %v", run, detail, err)
	}
	if _, _, err := db.Run(t.Context(), m.ID, start.Add(time.Hour)); !errors.Is(err, monitor.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

func TestCommit_RunComesBackWhole(t *testing.T) {
	db := openNew(t)
	m := newMonitor(t, db, "a")
	want := monitor.Run{
		Monitor: m.ID, At: start, Phase: monitor.Done, Version: 1, Started: start.Add(5 * time.Millisecond), Fetch: 12 * time.Millisecond,
		Level: monitor.Unknown, Fault: monitor.FaultScript, Message: "oops",
		Decision: monitor.Decision{Reason: monitor.ReasonUnconfirmed, Until: start.Add(time.Minute), Note: "run 1 of 3"},
		Incident: "k", Kept: true,
		Cost: monitor.Cost{Wall: time.Millisecond, CPU: 900 * time.Microsecond, Memory: 1 << 20, PointsIn: 60, PointsOut: 120, OutputBytes: 5},
	}
	run := want
	c := commitOf(m, start, monitor.OK, 0)
	c.Run = &run
	if err := db.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	got, _, err := db.Run(t.Context(), m.ID, start)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestCommit_OnlyOneOfTwoFromTheSameStateIsStored(t *testing.T) {
	db := openNew(t)
	m := newMonitor(t, db, "a")
	var wg sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		wg.Go(func() {
			errs[i] = db.Commit(context.Background(), commitOf(m, start.Add(time.Duration(i)*time.Second), monitor.OK, 0))
		})
	}
	wg.Wait()
	stored := 0
	for _, err := range errs {
		if err == nil {
			stored++
		} else if !errors.Is(err, monitor.ErrConflict) {
			t.Errorf("got %v", err)
		}
	}
	runs, err := db.Runs(t.Context(), m.ID, time.Time{}, 100)
	if stored != 1 || len(runs) != 1 || err != nil {
		t.Errorf("got %d stored and %d runs, %v, want 1 of each", stored, len(runs), err)
	}
}

func TestCommit_SteadyCountsRunsAndFillsTheStrip(t *testing.T) {
	db := openNew(t)
	m := newMonitor(t, db, "a")
	for i := range 45 {
		if err := db.Commit(t.Context(), commitOf(m, start.Add(time.Duration(i)*time.Minute), monitor.OK, int64(min(i, 1)))); err != nil {
			t.Fatal(err)
		}
	}
	c := commitOf(m, start.Add(time.Hour), monitor.Critical, 1)
	c.Steady = false
	if err := db.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	all, err := db.Overview(t.Context())
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	if want := strings.Repeat("o", 39) + "c"; all[0].Recent != want || all[0].Level != monitor.Critical || !all[0].LastRun.Equal(start.Add(time.Hour)) {
		t.Errorf("got %+v, want strip %q", all[0], want)
	}
	again := commitOf(m, start.Add(time.Hour), monitor.Critical, 2) // the same run once more
	if err := db.Commit(t.Context(), again); !errors.Is(err, monitor.ErrConflict) {
		t.Errorf("got %v for a run that is counted already", err)
	}
}

func TestCommit_DropsRunsOfMonitorsThatAreGone(t *testing.T) {
	db := openNew(t)
	m := newMonitor(t, db, "a")
	if err := db.DeleteMonitor(t.Context(), m.ID, "", start); err != nil {
		t.Fatal(err)
	}
	if err := db.Commit(t.Context(), commitOf(m, start, monitor.OK, 0)); !errors.Is(err, monitor.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	if state, err := db.State(t.Context(), m.Subject()); err != nil || state.Version != 0 {
		t.Errorf("got %+v, %v: the state of a deleted monitor came back", state, err)
	}
}

func TestCommit_AfterCloseIsUnavailable(t *testing.T) {
	db := openNew(t)
	m := newMonitor(t, db, "a")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Commit(t.Context(), commitOf(m, start, monitor.OK, 0)); !errors.Is(err, monitor.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
}

func TestState_ComesBackAsItWasStored(t *testing.T) {
	db := openNew(t)
	want := monitor.State{
		Subject: monitor.Subject{Kind: monitor.KindHeartbeat, Key: "foo.com"}, Level: monitor.Warning, Since: start, Runs: 4, At: start.Add(time.Hour),
		Message: "m", Fault: monitor.FaultFetch, FaultSince: start, FaultRuns: 2, Observed: monitor.Critical, Tries: 1, CalmSince: start,
		Flaps: 0xfffff, Flapping: true,
		Open: &monitor.Open{
			Key: "k", OpenedAt: start, Level: monitor.Critical, Fault: monitor.FaultScript, Fired: monitor.Warning, Told: []string{"mailto:a@b.c"},
			LastNotice: start, Notices: 2, AckedBy: "ann", AckedAt: start, Tier: 1,
		},
	}
	if err := db.Commit(t.Context(), monitor.Commit{State: want}); err != nil {
		t.Fatal(err)
	}
	got, err := db.State(t.Context(), want.Subject)
	want.Version = 1
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	open, err := db.OpenStates(t.Context())
	if diff := cmp.Diff([]monitor.State{want}, open); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestDetail_ComesBackAsItWas(t *testing.T) {
	rows := map[string]monitor.Detail{
		"empty": {},
		"full": {
			Message: "m", Output: "o", Thrown: &monitor.ScriptError{Message: "e", Line: 3, Column: 9, Stack: "s"},
			Targets: []monitor.TargetCount{{Target: "a.b", Status: monitor.StatusMissing, Reason: "r", Series: 1, Points: 60}},
			Window:  monitor.Window{From: -5, Until: 1338842370},
			Graph: []monitor.Line{{Label: "ü"}, {Label: "x", Points: []monitor.GraphPoint{
				{Time: 1338842370, Value: 7}, {Time: 1338842380, Value: math.NaN()}, {Time: 1338842390.5, Value: -1e300}, {Time: 1, Value: 0}, {Time: 2, Value: 0},
			}}},
		},
		"long output": {Output: strings.Repeat("a line of output\n", 10_000)},
	}
	for name, want := range rows {
		packed := packDetail(want)
		got, err := unpackDetail(packed)
		if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, diff)
		}
		if name == "long output" && len(packed) > len(want.Output)/20 {
			t.Errorf("170 KB of repeated lines took %d bytes", len(packed))
		}
	}
}

func FuzzUnpackDetail(f *testing.F) {
	f.Add(packDetail(monitor.Detail{}))
	f.Add(packDetail(monitor.Detail{Output: strings.Repeat("x", 3000), Graph: []monitor.Line{{Label: "l", Points: []monitor.GraphPoint{{Time: 1, Value: 2}, {Time: 2, Value: 3}}}}}))
	f.Fuzz(func(t *testing.T, blob []byte) {
		d, err := unpackDetail(blob)
		if err != nil {
			return
		}
		again, err := unpackDetail(packDetail(d))
		if diff := cmp.Diff(d, again, cmpopts.EquateNaNs(), cmpopts.EquateApprox(0, 0.002)); diff != "" || err != nil {
			t.Errorf("%v %s", err, diff)
		}
	})
}

func TestClaim_ARunWhoseTimeComesAgainIsMadeAgain(t *testing.T) {
	now := start
	db, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "test.db"), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	m := newMonitor(t, db, "a")
	version := int64(0)
	run := func(minute int, level monitor.Level) bool {
		t.Helper()
		now = start.Add(time.Duration(minute) * time.Minute)
		won, err := db.Claim(t.Context(), now, []int64{m.ID})
		if err != nil {
			t.Fatal(err)
		}
		if len(won) == 0 {
			return false
		}
		c := commitOf(m, now, level, version)
		c.Steady, c.Run.Kept, c.Recording = false, true, &monitor.Recording{Monitor: m.ID, At: now, Digest: level.String()}
		if err := db.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		version++
		return true
	}
	for i := range 10 {
		if !run(i, monitor.OK) {
			t.Fatal("not made", i)
		}
		if run(i, monitor.OK) {
			t.Error("made twice", i)
		}
	}
	for _, minute := range []int{4, 5, 6} { // the clock was set back
		if !run(minute, monitor.Critical) {
			t.Error("not made again", minute)
		}
		if run(minute, monitor.Critical) {
			t.Error("made three times", minute)
		}
	}
	last, _, err := db.LastRun(t.Context(), m.ID)
	if err != nil || !last.At.Equal(start.Add(6*time.Minute)) || last.Level != monitor.Critical {
		t.Errorf("got %+v, %v, want the run that was made last", last, err)
	}
	if rec, err := db.Recording(t.Context(), m.ID, start.Add(5*time.Minute)); err != nil || rec.Digest != "critical" {
		t.Errorf("got %+v, %v, want what the second run saw", rec, err)
	}
	if runs, err := db.Runs(t.Context(), m.ID, time.Time{}, 100); err != nil || len(runs) != 10 {
		t.Errorf("got %d runs, %v, want one for each time", len(runs), err)
	}
}
