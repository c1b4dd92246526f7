package main

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"wingmirror/graphite"
	"wingmirror/histogram"
	"wingmirror/monitor"
)

// bucketSource is a histogram whose buckets Graphite counts.
type bucketSource struct{ name, target string }

// parseBucketSources reads NAME=TARGET.
func parseBucketSources(texts []string) ([]bucketSource, error) {
	var all []bucketSource
	for _, text := range texts {
		name, target, ok := strings.Cut(text, "=")
		if !ok || target == "" {
			return nil, monitor.Invalid("histogram-graphite", "%q is not of the form NAME=TARGET", monitor.Cut(text, 100))
		}
		if err := monitor.ValidateProbe(monitor.Probe{Name: name}); err != nil {
			return nil, monitor.Invalid("histogram-graphite", "%v", err)
		}
		all = append(all, bucketSource{name, target})
	}
	return all, nil
}

// periodStore keeps what was counted.
type periodStore interface {
	PutPeriods(ctx context.Context, name string, periods []monitor.HistogramPeriod, add bool, at time.Time) error
}

// bucketDays fetches the histograms of days from Graphite.
type bucketDays struct {
	sources  []bucketSource
	graphite *graphite.Client
	db       periodStore
	touch    func(name string)
	log      *slog.Logger
}

const (
	bucketEvery = time.Hour
	bucketBack  = 3 // days that are fetched again, since points may come late
)

func (b bucketDays) run(ctx context.Context) {
	for ctx.Err() == nil && len(b.sources) > 0 {
		b.fetch(ctx, time.Now())
		select {
		case <-ctx.Done():
		case <-time.After(bucketEvery):
		}
	}
}

// fetch stores the last whole days of every source.
func (b bucketDays) fetch(ctx context.Context, now time.Time) {
	today := now.UTC().Truncate(24 * time.Hour)
	for _, source := range b.sources {
		for back := 1; back <= bucketBack && ctx.Err() == nil; back++ {
			day := today.AddDate(0, 0, -back)
			if err := b.store(ctx, source, day, now); err != nil && ctx.Err() == nil {
				b.log.Warn("a histogram cannot be had from Graphite", "histogram", source.name, "day", day.Format(time.DateOnly), "error", err)
			}
		}
		b.touch(source.name)
	}
}

func (b bucketDays) store(ctx context.Context, source bucketSource, day, now time.Time) error {
	const length = 24 * time.Hour
	// A point counts what came from its time on, so the day's midnight is in and the
	// next one's is out; of a window the beginning is out and the end is in.
	window := monitor.Window{From: day.Unix() - 1, Until: day.Add(length).Unix() - 1}
	fetched := b.graphite.Fetch(ctx, window, []string{source.target})[0]
	switch fetched.Status {
	case monitor.StatusFailed:
		return monitor.Invalid("target", "%s", fetched.Reason)
	case monitor.StatusMissing:
		return monitor.Invalid("target", "%s names no series", monitor.Cut(source.target, 200))
	}
	h, err := histogram.FromSeries(fetched.Series)
	if err != nil || h.Total() == 0 {
		return err
	}
	return b.db.PutPeriods(ctx, source.name, []monitor.HistogramPeriod{{At: day, Span: length, Histogram: h}}, false, now)
}
