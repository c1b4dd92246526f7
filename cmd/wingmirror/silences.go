package main

import (
	"context"
	"log/slog"
	"time"

	"wingmirror/alerting"
	"wingmirror/monitor"
	"wingmirror/store"
)

// silences is what people's silences go through: the store, and then the book
// that alerting asks, so that a change takes effect with the next run.
type silences struct {
	*store.DB
	book    alerting.SilenceBook
	changed func() // what was held back may be told; nil: nobody looks
}

// openSilences reads the silences that can still hold. One that cannot be read,
// such as when its time zone is unknown on this machine, holds nothing.
func openSilences(db *store.DB, log *slog.Logger) (*silences, error) {
	s := &silences{DB: db}
	all, err := db.Silences(context.Background(), time.Now(), 0)
	if err != nil {
		return nil, err
	}
	for _, silence := range all {
		if err := s.book.Put(silence, time.Now()); err != nil {
			log.Error("a silence cannot be used", "silence", silence.ID, "error", err)
		}
	}
	return s, nil
}

// SaveSilence stores a silence and puts it in force.
func (s *silences) SaveSilence(ctx context.Context, silence monitor.Silence, at time.Time) (monitor.Silence, error) {
	saved, err := s.DB.SaveSilence(ctx, silence, at)
	if err != nil {
		return saved, err
	}
	return saved, s.put(saved, at)
}

func (s *silences) put(silence monitor.Silence, at time.Time) error {
	err := s.book.Put(silence, at)
	if s.changed != nil {
		s.changed()
	}
	return err
}

// EndSilence ends a silence in both.
func (s *silences) EndSilence(ctx context.Context, id int64, by string, at time.Time) (monitor.Silence, error) {
	ended, err := s.DB.EndSilence(ctx, id, by, at)
	if err != nil {
		return ended, err
	}
	return ended, s.put(ended, at)
}
