package backtests

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"wingmirror/scheduler/backtest"
)

// between is how much time lies between two reports of the same work.
const between = 400 * time.Millisecond

// work makes results and reports on its way.
type work func(ctx context.Context, report func(backtest.Report)) (backtest.Report, error)

// finished is the end of work.
type finished struct {
	report backtest.Report
	err    error
}

// stream starts work and returns the answer that tells of it. Whatever is wrong
// before the first report is returned as an error, so that it gets a status of its
// own. The work ends with ctx, which ends when the reader hangs up.
func (d desk) stream(ctx context.Context, do work) (*huma.StreamResponse, error) {
	ctx, cancel := context.WithCancel(ctx)
	reports := make(chan backtest.Report)
	end := make(chan finished, 1)
	go func() {
		report, err := do(ctx, func(r backtest.Report) {
			select {
			case reports <- r:
			case <-ctx.Done():
			}
		})
		end <- finished{report, err}
	}()
	var first *backtest.Report
	select {
	case r := <-reports:
		first = &r
	case e := <-end:
		if e.err != nil {
			cancel()
			return nil, e.err
		}
		end <- e
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		defer cancel()
		c.SetHeader("Content-Type", "application/x-ndjson")
		c.SetHeader("X-Accel-Buffering", "no")
		w := c.BodyWriter()
		encoder := json.NewEncoder(w)
		tell := func(r backtest.Report) {
			if err := encoder.Encode(r); err != nil {
				cancel() // the reader went away
			}
			if flusher, ok := w.(http.Flusher); ok {
				flusher.Flush()
			}
		}
		if first != nil {
			tell(*first)
		}
		for {
			select {
			case r := <-reports:
				tell(r)
			case e := <-end:
				if e.err != nil {
					if ctx.Err() == nil {
						d.Log().Error("backtest", "error", e.err)
					}
					e.report.Partial, e.report.Error = true, "the server failed; its log has details"
				}
				tell(e.report)
				return
			}
		}
	}}, nil
}

// throttled calls report at most so often, the first time at once.
func throttled(now func() time.Time, report func(backtest.Progress)) func(backtest.Progress) {
	var last time.Time
	return func(p backtest.Progress) {
		if at := now(); last.IsZero() || at.Sub(last) >= between {
			last = at
			report(p)
		}
	}
}
