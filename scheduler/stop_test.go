package scheduler

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"wingmirror/monitor"
)

// stuck is a database that answers nothing until whoever asks gives up.
type stuck struct{ *world }

func (stuck) Claim(ctx context.Context, _ time.Time, _ []int64) (map[int64]monitor.Previous, error) {
	<-ctx.Done()
	return nil, fmt.Errorf("claim runs: %w", context.Cause(ctx))
}

func (stuck) Record(ctx context.Context, _ monitor.Monitor, _ Evaluation) (time.Time, error) {
	<-ctx.Done()
	return time.Time{}, fmt.Errorf("commit: %w", context.Cause(ctx))
}

func TestScheduler_RunsThatAStopEndsAreNoErrorsInTheLog(t *testing.T) {
	for name, o := range map[string]func(*world) Options{
		"claiming": func(w *world) Options { return Options{Fetcher: w, Runner: w, Ledger: stuck{w}, Desk: w} },
		"fetching": func(w *world) Options {
			w.fetchTakes = time.Hour
			return Options{Fetcher: w, Runner: w, Ledger: w, Desk: w}
		},
		"running": func(w *world) Options {
			w.runTakes = time.Hour
			return Options{Fetcher: w, Runner: w, Ledger: w, Desk: w}
		},
		"recording": func(w *world) Options { return Options{Fetcher: w, Runner: w, Ledger: w, Desk: stuck{w}} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				options := o(&world{})
				options.Log = slog.New(slog.NewTextHandler(&log, nil))
				s, err := New(options)
				if err != nil {
					t.Fatal(err)
				}
				mustApply(t, s, monitorOf(1, "* * * * *"))
				mustStart(t, s, nil)
				sleep(65 * time.Second)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if err := s.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error %v, want the deadline", err)
				}
				if log.Len() > 0 {
					t.Errorf("the log says:\n%s", &log)
				}
			})
		})
	}
}
