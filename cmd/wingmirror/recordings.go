package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"wingmirror/monitor"
	"wingmirror/sandbox"
	"wingmirror/scheduler"
	"wingmirror/store"
)

// inputsConfig says how much of what runs saw is kept.
type inputsConfig struct {
	Newest int
	Bytes  int64
}

func (c *inputsConfig) flags(f *pflag.FlagSet) {
	f.IntVar(&c.Newest, "keep-inputs", 200, "newest runs of each monitor whose series are kept, so that they can be made again, beside all that changed something or faulted; 0: none")
	f.Int64Var(&c.Bytes, "keep-inputs-bytes", 4<<30, "most bytes of kept series, of all monitors; the oldest go first; 0: no bound")
}

// recorder adds to what the scheduler found whatever is needed to make the run
// again. It remembers which helper files were in force when.
type recorder struct {
	keep    int
	program string // version that records; to read it costs more than to store a run
	db      *store.DB
	log     *slog.Logger

	mu      sync.Mutex
	library string // hash of the files in force
	since   time.Time
	before  string // of those before
}

// Recording returns what a live run saw, or nil when that is not kept.
func (r *recorder) Recording(m monitor.Monitor, e scheduler.Evaluation) *monitor.Recording {
	if r == nil || r.keep <= 0 {
		return nil
	}
	rec := e.Recording(m)
	rec.Library, rec.Program = r.libraryAt(e.Started), r.program
	return rec
}

func (r *recorder) libraryAt(started time.Time) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if started.Before(r.since) {
		return r.before
	}
	return r.library
}

// inForce notes that runs from now on see these files, and keeps the files.
func (r *recorder) inForce(ctx context.Context, files []sandbox.File, at time.Time) {
	hash := hashLibrary(files)
	stored := make([]store.LibraryFile, len(files))
	for i, f := range files {
		stored[i] = store.LibraryFile{Name: f.Name, Source: f.Source}
	}
	if err := r.db.SaveLibrary(ctx, hash, stored, at); err != nil {
		r.log.Error("the helper files were not kept; runs with them cannot be made again later", "error", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.before, r.library, r.since = r.library, hash, at
}

// hashLibrary names a set of helper files; "" for none.
func hashLibrary(files []sandbox.File) string {
	if len(files) == 0 {
		return ""
	}
	sum := sha256.New()
	for _, f := range files {
		fmt.Fprintf(sum, "%d %s %d\n%s", len(f.Name), f.Name, len(f.Source), f.Source)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// sweepInputsEvery is how often recordings beyond the bounds are removed: often,
// because between two sweeps each monitor keeps all its runs.
const sweepInputsEvery = 5 * time.Minute

func (s *server) sweepInputs(ctx context.Context) {
	keep := store.KeepRecordings{Newest: s.config.Inputs.Newest, Bytes: s.config.Inputs.Bytes}
	for {
		if _, err := s.db.SweepRecordings(ctx, keep); err != nil && ctx.Err() == nil {
			s.log.Error("old recordings were not removed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(sweepInputsEvery):
		}
	}
}
