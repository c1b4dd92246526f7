package main

import (
	"context"
	"time"

	"wingmirror/monitor"
	"wingmirror/sandbox"
	"wingmirror/scheduler"
	"wingmirror/scheduler/replay"
	"wingmirror/store"
)

// past makes recorded runs again for the editor: with the helper files that they
// had, in the live workers where those are the files of today.
type past struct {
	db   *store.DB
	live *sandbox.Pool
	then *pools // of other files
}

// openPast keeps few workers: an editor makes one run at a time.
func (s *server) openPast() past {
	config := s.config.Sandbox
	config.Workers = 1
	then := &pools{config: config, libraries: s.db, most: 2}
	s.closers = append(s.closers, then.close)
	return past{s.db, s.pool, then}
}

// Replay makes a recorded run again with the monitor as it is given, and compares
// with what came out then.
func (p past) Replay(ctx context.Context, m monitor.Monitor, at time.Time) (replay.Replayed, error) {
	rec, err := p.db.Recording(ctx, m.ID, at)
	if err != nil {
		return replay.Replayed{}, err
	}
	var runner scheduler.Runner = p.live
	if rec.Library != hashLibrary(p.live.Library()) {
		if runner, err = p.then.forLibrary(ctx, rec.Library); err != nil {
			return replay.Replayed{}, err
		}
	}
	e, err := scheduler.Replay(ctx, runner, m, rec)
	if err != nil {
		return replay.Replayed{}, err
	}
	run, detail, err := p.db.Run(ctx, m.ID, at)
	if err != nil {
		return replay.Replayed{}, err
	}
	return replay.Judge(m, rec, e, run, detail), nil
}

// Recorded reports whether what a run saw is kept.
func (p past) Recorded(ctx context.Context, id int64, at time.Time) (bool, error) {
	times, err := p.db.RecordedAt(ctx, id, at, at)
	return len(times) > 0, err
}

// replayer makes many recorded runs again, in workers of their own.
type replayer struct {
	db     *store.DB
	config sandboxConfig
	slots  slots
}

// Replay makes the wanted runs again, or gives ErrUnavailable while too much is
// under way.
func (r replayer) Replay(ctx context.Context, w replay.Wanted, each func(replay.Replayed), progress func(replay.Summary)) (replay.Summary, error) {
	giveBack, err := r.slots.take()
	if err != nil {
		return replay.Summary{}, err
	}
	defer giveBack()
	workers := &pools{config: r.config, libraries: r.db}
	defer workers.close()
	return replay.Options{Archive: r.db, Runners: workers.forLibrary, Progress: progress}.Run(ctx, w, each)
}

// Export returns one recorded run as a file.
func (r replayer) Export(ctx context.Context, w replay.Wanted) (replay.File, error) {
	return replay.Options{Archive: r.db}.Export(ctx, w, r.db.Library)
}
