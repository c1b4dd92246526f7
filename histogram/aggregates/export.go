package aggregates

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"wingmirror/histogram/cerberus"
	"wingmirror/monitor"
)

// Export is one fetching of all histograms.
type Export struct {
	Client      *Client
	Channel     string // such as nightly
	Versions    int    // how many of the newest
	Parallel    int    // metrics at once
	Dir         string // where the files go: DIR/histograms/NAME.json
	Again       bool   // fetch files that are there already
	Definitions cerberus.Definitions
	Progress    func(done, of int, name string) // nil: nobody looks
}

// Outcome says what an export did.
type Outcome struct {
	Written, Skipped, Empty int
	Failed                  []error // a metric each; the others went on
}

// Run exports. What fails for one metric is in the Outcome; an error is that
// nothing could be done at all, or that ctx ended.
func (e Export) Run(ctx context.Context) (Outcome, error) {
	all, err := e.Client.Versions(ctx)
	if err != nil {
		return Outcome{}, err
	}
	versions := Last(all, e.Channel, e.Versions)
	if len(versions) == 0 {
		return Outcome{}, fmt.Errorf("the service has no version of channel %q, only of %s: %w", e.Channel, channels(all), monitor.ErrNotFound)
	}
	metrics, err := e.metrics(ctx, versions)
	if err != nil {
		return Outcome{}, err
	}
	dir := filepath.Join(e.Dir, "histograms")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Outcome{}, fmt.Errorf("make directory for histograms: %w", err)
	}
	return e.fetchAll(ctx, dir, metrics), ctx.Err()
}

func channels(all []Version) string {
	var names []string
	for _, v := range all {
		names = append(names, v.Channel)
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// metric is one to fetch, with the versions that have it.
type metric struct {
	name     string
	versions []Version
}

// metrics returns what is defined, and counts once and for all, not by key.
func (e Export) metrics(ctx context.Context, versions []Version) ([]metric, error) {
	byName := map[string][]Version{}
	for _, v := range versions {
		names, err := e.Client.Metrics(ctx, v)
		if errors.Is(err, ErrNoData) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if d, defined := e.Definitions[name]; defined && !d.Keyed && !strings.HasPrefix(name, "STARTUP_") {
				byName[name] = append(byName[name], v)
			}
		}
	}
	var all []metric
	for name, versions := range byName {
		all = append(all, metric{name, versions})
	}
	slices.SortFunc(all, func(a, b metric) int { return cmp.Compare(a.name, b.name) })
	return all, nil
}

func (e Export) fetchAll(ctx context.Context, dir string, metrics []metric) Outcome {
	var outcome Outcome
	var mu sync.Mutex
	done := 0
	next := make(chan metric)
	var workers sync.WaitGroup
	for range max(1, e.Parallel) {
		workers.Go(func() {
			for m := range next {
				wrote, skipped, err := e.fetch(ctx, dir, m)
				mu.Lock()
				switch done++; {
				case err != nil && ctx.Err() != nil: // it did not fail, it was not finished
				case err != nil:
					outcome.Failed = append(outcome.Failed, fmt.Errorf("%s: %w", m.name, err))
				case skipped:
					outcome.Skipped++
				case wrote:
					outcome.Written++
				default:
					outcome.Empty++
				}
				if e.Progress != nil {
					e.Progress(done, len(metrics), m.name)
				}
				mu.Unlock()
			}
		})
	}
	for _, m := range metrics {
		if ctx.Err() != nil {
			break
		}
		next <- m
	}
	close(next)
	workers.Wait()
	return outcome
}

func (e Export) fetch(ctx context.Context, dir string, m metric) (wrote, skipped bool, err error) {
	if m.name != filepath.Base(m.name) {
		return false, false, errors.New("this is no name for a file")
	}
	path := filepath.Join(dir, m.name+".json")
	if _, err := os.Stat(path); err == nil && !e.Again {
		return false, true, nil
	}
	var entries []cerberus.Entry
	for _, v := range m.versions {
		evolution, err := e.Client.Evolution(ctx, v, m.name)
		if errors.Is(err, ErrNoData) {
			continue
		}
		if err != nil {
			return false, false, err
		}
		entries = append(entries, evolution.entries(m.name)...)
	}
	if len(entries) == 0 {
		return false, false, nil
	}
	slices.SortStableFunc(entries, func(a, b cerberus.Entry) int { return cmp.Compare(a.Date, b.Date) })
	return true, false, writeWhole(path, entries)
}

// entries turns the days into those of a histogram file. Days of keys are left out.
func (e Evolution) entries(name string) []cerberus.Entry {
	var all []cerberus.Entry
	for _, d := range e.Data {
		if d.Label != "" || len(d.Date) != 8 || len(d.Histogram) != len(e.Buckets) {
			continue
		}
		entry := cerberus.Entry{
			Measure: name, Kind: e.Kind, Date: d.Date[:4] + "-" + d.Date[4:6] + "-" + d.Date[6:] + "T00:00:00.000Z",
			Submissions: d.Count, Buckets: e.Buckets, Values: d.Histogram,
		}
		for _, v := range d.Histogram {
			entry.Count += v
		}
		entry.Mean = finite(cerberus.Mean(e.Kind, e.Buckets, d.Histogram))
		for p, into := range map[float64]**float64{25: &entry.P25, 50: &entry.Median, 75: &entry.P75} {
			*into = finite(cerberus.Percentile(e.Kind, e.Buckets, d.Histogram, p))
		}
		all = append(all, entry)
	}
	return all
}

func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// writeWhole writes a file that is there whole or not at all, so that one that is
// there is done.
func writeWhole(path string, entries []cerberus.Entry) error {
	data, err := json.Marshal(entries)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	draft := path + ".part"
	if err := os.WriteFile(draft, data, 0o644); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(draft, path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
