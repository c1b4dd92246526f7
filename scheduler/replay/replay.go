// Package replay makes recorded runs again and says whether they come out as
// they did. A run is a pure function of what was recorded, so they must: a
// difference means that the program, its library or the helper files have
// changed what scripts mean.
//
// Runs whose end depended on the machine (time, memory) are made again, but what
// comes out of them is not held against anything. The package stores nothing.
package replay

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"wingmirror/monitor"
	"wingmirror/scheduler"
	"wingmirror/store"
)

// Archive has what was recorded.
type Archive interface {
	Recorded(ctx context.Context) ([]int64, error)
	Recordings(ctx context.Context, id int64, after time.Time, limit int) ([]monitor.Recording, error)
	Version(ctx context.Context, id int64, version int) (store.Version, error)
	Run(ctx context.Context, id int64, at time.Time) (monitor.Run, *monitor.Detail, error)
}

// Runners gives the workers that have the helper files of a hash, or ErrNotFound
// when nobody knows those files any more.
type Runners func(ctx context.Context, library string) (scheduler.Runner, error)

// Verdict says how a run that was made again compares with the first time.
type Verdict string

// The verdicts.
const (
	Same         Verdict = "same"         // byte for byte
	Different    Verdict = "different"    //
	Unrepeatable Verdict = "unrepeatable" // its end depended on the machine
	Unknowable   Verdict = "unknowable"   // its helper files or its version are gone
)

// Replayed is one run that was made again.
type Replayed struct {
	Monitor     monitor.Monitor // as it was then
	Recording   monitor.Recording
	Evaluation  scheduler.Evaluation // of now
	Verdict     Verdict
	Differences []Difference // where it is different
}

// Difference is one part of a result that is not what it was.
type Difference struct {
	Part string `json:"part"` // "level", "message", "output", "graph"
	Was  string `json:"was"`
	Now  string `json:"now"`
}

// Options are what a replay needs. Archive and Runners are required.
type Options struct {
	Archive  Archive
	Runners  Runners
	Workers  int           // runs at once; 0: 16
	Progress func(Summary) // told after every page of runs what there was so far; nil: nobody is
}

// One makes one run again.
func (o Options) One(ctx context.Context, rec monitor.Recording) (Replayed, error) {
	done := Replayed{Recording: rec, Verdict: Unknowable}
	version, err := o.Archive.Version(ctx, rec.Monitor, rec.Version)
	if errors.Is(err, monitor.ErrNotFound) {
		return done, nil
	}
	if err != nil {
		return done, err
	}
	done.Monitor = version.Monitor
	runner, err := o.Runners(ctx, rec.Library)
	if errors.Is(err, monitor.ErrNotFound) {
		return done, nil
	}
	if err != nil {
		return done, err
	}
	if done.Evaluation, err = scheduler.Replay(ctx, runner, done.Monitor, rec); err != nil {
		return done, fmt.Errorf("replay %s at %s: %w", done.Monitor.Subject(), rec.At.Format(time.RFC3339), err)
	}
	run, detail, err := o.Archive.Run(ctx, rec.Monitor, rec.At)
	if err != nil && !errors.Is(err, monitor.ErrNotFound) {
		return done, err
	}
	done.judge(run, detail)
	return done, nil
}

// Judge compares a run that was made again with the first time, whoever made it.
func Judge(m monitor.Monitor, rec monitor.Recording, e scheduler.Evaluation, run monitor.Run, detail *monitor.Detail) Replayed {
	done := Replayed{Monitor: m, Recording: rec, Evaluation: e}
	done.judge(run, detail)
	return done
}

// judge compares by digest; what was kept besides only explains.
func (d *Replayed) judge(run monitor.Run, detail *monitor.Detail) {
	switch {
	case d.Evaluation.Digest() == d.Recording.Digest:
		d.Verdict = Same
	case !run.Fault.Repeatable() || !d.Evaluation.Outcome.Fault.Repeatable():
		d.Verdict = Unrepeatable
	default:
		d.Verdict = Different
		d.Differences = Compare(run, detail, d.Evaluation)
	}
}

// Summary counts verdicts.
type Summary struct {
	Runs         int `json:"runs"`
	Same         int `json:"same"`
	Different    int `json:"different"`
	Unrepeatable int `json:"unrepeatable"`
	Unknowable   int `json:"unknowable"`
}

// Count returns the summary of one run.
func Count(d Replayed) Summary {
	var s Summary
	s.count(d.Verdict)
	return s
}

func (s *Summary) count(v Verdict) {
	s.Runs++
	switch v {
	case Same:
		s.Same++
	case Different:
		s.Different++
	case Unrepeatable:
		s.Unrepeatable++
	case Unknowable:
		s.Unknowable++
	}
}

// pageSize is how many recordings are in memory at once.
const pageSize = 100

// Wanted says which recorded runs are made again.
type Wanted struct {
	Monitor int64     // 0: those of all
	At      time.Time // scheduled time of one run; zero: all
}

// Run makes the wanted runs again. each is told of every run that did not come
// out the same; it is called by one goroutine at a time. One run of which nothing
// is recorded is ErrNotFound.
func (o Options) Run(ctx context.Context, w Wanted, each func(Replayed)) (Summary, error) {
	var sum Summary
	if w.Monitor != 0 && !w.At.IsZero() {
		rec, err := o.recording(ctx, w)
		if err != nil {
			return sum, err
		}
		done, err := o.One(ctx, rec)
		if err != nil {
			return sum, err
		}
		o.note(done, &sum, each)
		return sum, nil
	}
	ids := []int64{w.Monitor}
	if w.Monitor == 0 {
		var err error
		if ids, err = o.Archive.Recorded(ctx); err != nil {
			return sum, err
		}
	}
	for _, id := range ids {
		if err := o.monitor(ctx, id, &sum, each); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// recording finds the one run.
func (o Options) recording(ctx context.Context, w Wanted) (monitor.Recording, error) {
	found, err := o.Archive.Recordings(ctx, w.Monitor, w.At.Add(-time.Millisecond), 1)
	if err != nil {
		return monitor.Recording{}, err
	}
	if len(found) == 0 || !found[0].At.Equal(w.At.Truncate(time.Millisecond)) {
		return monitor.Recording{}, monitor.Missing("nothing is recorded of monitor %d at %s", w.Monitor, w.At.UTC().Format(time.RFC3339Nano))
	}
	return found[0], nil
}

// note counts a run and tells of it, unless it is the same.
func (o Options) note(done Replayed, sum *Summary, each func(Replayed)) {
	if sum.count(done.Verdict); done.Verdict != Same {
		each(done)
	}
}

// Export returns one recorded run with everything that it takes to make it again
// elsewhere. helpers gives the files of a hash.
func (o Options) Export(ctx context.Context, w Wanted, helpers func(ctx context.Context, hash string) ([]store.LibraryFile, error)) (File, error) {
	rec, err := o.recording(ctx, w)
	if err != nil {
		return File{}, err
	}
	version, err := o.Archive.Version(ctx, rec.Monitor, rec.Version)
	if err != nil {
		return File{}, err
	}
	f := File{Monitor: version.Monitor, Recording: rec}
	if rec.Library != "" {
		if f.Helpers, err = helpers(ctx, rec.Library); err != nil {
			return File{}, err
		}
	}
	if f.Run, f.Detail, err = o.Archive.Run(ctx, rec.Monitor, rec.At); err != nil {
		return File{}, err
	}
	return f, nil
}

func (o Options) monitor(ctx context.Context, id int64, sum *Summary, each func(Replayed)) error {
	for after := (time.Time{}); ; {
		page, err := o.Archive.Recordings(ctx, id, after, pageSize)
		if err != nil || len(page) == 0 {
			return err
		}
		done, err := o.page(ctx, page)
		if err != nil {
			return err
		}
		for _, d := range done {
			o.note(d, sum, each)
		}
		if o.Progress != nil {
			o.Progress(*sum)
		}
		after = page[len(page)-1].At
	}
}

// page makes a page of runs again, several at once, in their order.
func (o Options) page(ctx context.Context, page []monitor.Recording) ([]Replayed, error) {
	done, errs := make([]Replayed, len(page)), make([]error, len(page))
	workers := o.Workers
	if workers <= 0 {
		workers = 16
	}
	slots := make(chan struct{}, workers)
	var all sync.WaitGroup
	for i, rec := range page {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			done[i], errs[i] = o.One(ctx, rec)
		})
	}
	all.Wait()
	return done, errors.Join(errs...)
}
