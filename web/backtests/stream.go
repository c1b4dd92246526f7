package backtests

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"wingmirror/scheduler/backtest"
)

// between is how much time lies between two reports of the same work.
const between = 400 * time.Millisecond

// work makes a report, and reports on its way.
type work[R any] struct {
	do  func(ctx context.Context, tell func(R)) (R, error)
	cut func(why string) R // a report that it was cut short
}

// finished is the end of work.
type finished[R any] struct {
	report R
	err    error
}

// stream starts work and returns the answer that tells of it. Whatever is wrong
// before the first report is returned as an error, so that it gets a status of its
// own. The work ends with ctx, which ends when the reader hangs up.
func stream[R any](ctx context.Context, d desk, w work[R]) (*huma.StreamResponse, error) {
	ctx, cancel := context.WithCancel(ctx)
	reports := make(chan R)
	end := make(chan finished[R], 1)
	go func() {
		report, err := w.do(ctx, func(r R) {
			select {
			case reports <- r:
			case <-ctx.Done():
			}
		})
		end <- finished[R]{report, err}
	}()
	var first *R
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
		lines := ndjson{c.BodyWriter(), cancel}
		if first != nil {
			lines.tell(*first)
		}
		for {
			select {
			case r := <-reports:
				lines.tell(r)
			case e := <-end:
				if e.err != nil {
					if ctx.Err() == nil {
						d.Log().Error("streamed work ended early", "error", e.err)
					}
					e.report = w.cut("the server failed; its log has details")
				}
				lines.tell(e.report)
				return
			}
		}
	}}, nil
}

// ndjson writes lines of JSON, each sent at once.
type ndjson struct {
	w      io.Writer
	failed func() // the reader went away
}

func (n ndjson) tell(report any) {
	if err := json.NewEncoder(n.w).Encode(report); err != nil {
		n.failed()
	}
	if flusher, ok := n.w.(http.Flusher); ok {
		flusher.Flush()
	}
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
