package replay_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wingmirror/monitor"
	"wingmirror/scheduler"
	"wingmirror/scheduler/replay"
	"wingmirror/store"
)

var at = time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)

// echo says what the script says, and at what time.
type echo struct{ fault monitor.Fault }

func (e echo) Run(_ context.Context, in monitor.Input) (monitor.Result, error) {
	if e.fault != "" {
		return monitor.Result{Fault: e.fault}, nil
	}
	line := monitor.Line{Label: "x", Points: []monitor.GraphPoint{{Time: float64(in.At.Unix()), Value: 1}}}
	return monitor.Result{Output: in.Script + "\n" + in.At.String(), Level: monitor.OK, Graph: []monitor.Line{line}}, nil
}

// archive has 250 runs of monitor 1, and one of monitor 2, whose version is gone.
type archive struct{ recordings []monitor.Recording }

func newArchive(t *testing.T) archive {
	t.Helper()
	var a archive
	for i := range 250 {
		m := monitor.Monitor{ID: 1, Version: 1, Script: "one"}
		e, err := scheduler.Evaluate(t.Context(), echo{}, scheduler.Case{Monitor: m, At: at.Add(time.Duration(i) * time.Minute)})
		if err != nil {
			t.Fatal(err)
		}
		a.recordings = append(a.recordings, *e.Recording(m))
	}
	return a
}

func (a archive) Recorded(context.Context) ([]int64, error) { return []int64{1, 2}, nil }

func (a archive) Recordings(_ context.Context, id int64, after time.Time, limit int) ([]monitor.Recording, error) {
	if id == 2 {
		if !after.IsZero() {
			return nil, nil
		}
		return []monitor.Recording{{Monitor: 2, At: at}}, nil
	}
	for i, r := range a.recordings {
		if r.At.After(after) {
			return a.recordings[i:min(i+limit, len(a.recordings))], nil
		}
	}
	return nil, nil
}

func (a archive) Version(_ context.Context, id int64, _ int) (store.Version, error) {
	if id == 2 {
		return store.Version{}, monitor.ErrNotFound
	}
	return store.Version{Monitor: monitor.Monitor{ID: 1, Version: 1, Script: "one"}}, nil
}

func (a archive) Run(_ context.Context, id int64, at time.Time) (monitor.Run, *monitor.Detail, error) {
	return monitor.Run{Monitor: id, At: at, Level: monitor.OK}, &monitor.Detail{Output: "one\nnever", Graph: []monitor.Line{{Label: "y"}}}, nil
}

func with(r scheduler.Runner) replay.Runners {
	return func(_ context.Context, library string) (scheduler.Runner, error) {
		if library == "gone" {
			return nil, monitor.ErrNotFound
		}
		return r, nil
	}
}

func TestReplay_AllPagesThroughEverything(t *testing.T) {
	a := newArchive(t)
	a.recordings[7].Digest, a.recordings[8].Library = "other", "gone"
	var told []replay.Replayed
	sum, err := replay.Options{Archive: a, Runners: with(echo{})}.Run(t.Context(), replay.Wanted{}, func(d replay.Replayed) { told = append(told, d) })
	want := replay.Summary{Runs: 251, Same: 248, Different: 1, Unknowable: 2}
	if diff := cmp.Diff(want, sum); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if len(told) != 3 || told[0].Verdict != replay.Different || told[1].Verdict != replay.Unknowable || told[2].Recording.Monitor != 2 {
		t.Fatalf("told of %d", len(told))
	}
	parts := []replay.Difference{
		{Part: "output", Was: "line 2: never", Now: "line 2: 2026-11-21 03:07:00 +0000 UTC"},
		{Part: "graph", Was: "y", Now: "x"},
	}
	if diff := cmp.Diff(parts, told[0].Differences); diff != "" {
		t.Error(diff)
	}
}

func TestReplay_WhatDependsOnTheMachineIsNoDifference(t *testing.T) {
	sum, err := replay.Options{Archive: newArchive(t), Runners: with(echo{monitor.FaultTimeout})}.Run(t.Context(), replay.Wanted{Monitor: 1}, func(replay.Replayed) {})
	if err != nil || sum.Unrepeatable != 250 {
		t.Errorf("%+v, %v", sum, err)
	}
}

func TestReplay_EndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	waiting := runnerFunc(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	if _, err := (replay.Options{Archive: newArchive(t), Runners: with(waiting)}).Run(ctx, replay.Wanted{Monitor: 1}, func(replay.Replayed) {}); err == nil {
		t.Error("a replay that was given up is no result")
	}
}

type runnerFunc func(ctx context.Context) error

func (f runnerFunc) Run(ctx context.Context, _ monitor.Input) (monitor.Result, error) {
	return monitor.Result{}, f(ctx)
}
