package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"wingmirror/monitor"
	"wingmirror/scheduler/replay"
)

// replay has a server make recorded runs again: those of the last 30 days of one
// monitor, or of all. What the versions were, the server knows.
func (r *remote) replay(ctx context.Context, args []string, each func(replay.Replayed)) (replay.Summary, error) {
	var sum replay.Summary
	ids, err := r.recordedMonitors(ctx, args)
	if err != nil {
		return sum, err
	}
	for _, id := range ids {
		times := []string{""}
		if len(args) == 2 {
			at, err := parseAt(args[1])
			if err != nil {
				return sum, err
			}
			times[0] = at.Format(time.RFC3339Nano)
		} else if times, err = r.recordedTimes(ctx, id); err != nil {
			return sum, err
		}
		if err := r.replayMonitor(ctx, id, times, &sum, each); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

func (r *remote) recordedMonitors(ctx context.Context, args []string) ([]int64, error) {
	if len(args) > 0 {
		id, err := strconv.ParseInt(args[0], 10, 64)
		if err != nil || id < 1 {
			return nil, usageError("%q is not a monitor's number", args[0])
		}
		return []int64{id}, nil
	}
	var list struct{ Monitors []struct{ ID int64 } }
	err := r.call(ctx, http.MethodGet, "/monitors?limit=1000", nil, &list)
	ids := make([]int64, len(list.Monitors))
	for i, m := range list.Monitors {
		ids[i] = m.ID
	}
	return ids, err
}

func (r *remote) recordedTimes(ctx context.Context, id int64) ([]string, error) {
	var timeline struct{ Recorded []string }
	from := time.Now().Add(-30 * 24 * time.Hour).UTC().Format(time.RFC3339)
	err := r.call(ctx, http.MethodGet, fmt.Sprintf("/monitors/%d/timeline?from=%s", id, from), nil, &timeline)
	return timeline.Recorded, err
}

// replayMonitor sends each run with the version that it had.
func (r *remote) replayMonitor(ctx context.Context, id int64, times []string, sum *replay.Summary, each func(replay.Replayed)) error {
	var saved struct {
		Versions []struct {
			Version int
			Monitor map[string]any
		}
	}
	if err := r.call(ctx, http.MethodGet, fmt.Sprintf("/monitors/%d/versions", id), nil, &saved); err != nil {
		return err
	}
	versions := map[int]map[string]any{}
	for _, v := range saved.Versions {
		versions[v.Version] = v.Monitor
	}
	for _, at := range times {
		var recording struct {
			Version int
			Program string
			At      time.Time
		}
		path := fmt.Sprintf("/monitors/%d/runs/%s/recording", id, at)
		if err := r.call(ctx, http.MethodGet, path, nil, &recording); errors.Is(err, monitor.ErrNotFound) {
			return usageError("nothing is recorded of monitor %d at %s", id, at)
		} else if err != nil {
			return err
		}
		done := replay.Replayed{Verdict: replay.Unknowable, Recording: monitor.Recording{Monitor: id, At: recording.At, Version: recording.Version, Program: recording.Program}}
		if m := versions[recording.Version]; m != nil {
			var out struct {
				Replay struct {
					Verdict     replay.Verdict
					Differences []replay.Difference
				}
			}
			if err := r.call(ctx, http.MethodPost, "/test-run", map[string]any{"monitor": m, "recorded": at}, &out); err != nil {
				return err
			}
			done.Monitor.Name, _ = m["name"].(string)
			done.Verdict, done.Differences = out.Replay.Verdict, out.Replay.Differences
		}
		sum.Add(done)
		if done.Verdict != replay.Same {
			each(done)
		}
	}
	return nil
}
