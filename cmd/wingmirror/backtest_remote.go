package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"wingmirror/monitor"
	"wingmirror/scheduler/backtest"
	"wingmirror/web"
)

// maxLine is how long a line of a server's stream may be, in bytes: a report of
// everything that a backtest lists.
const maxLine = 64 << 20

// backtestRequest is what the API takes.
type backtestRequest struct {
	Monitor web.MonitorBody  `json:"monitor"`
	Against *web.MonitorBody `json:"against,omitempty"`
	From    time.Time        `json:"from"`
	Until   time.Time        `json:"until"`
}

// backtest lets the server run the variants. It tells how far it is line by line,
// and the last line is the whole.
func (r *remote) backtest(ctx context.Context, variants []monitor.Monitor, from, until time.Time, progress func(done, total int)) (backtest.Report, error) {
	in := backtestRequest{Monitor: web.NewMonitorBody(variants[len(variants)-1]), From: from, Until: until}
	if len(variants) == 2 {
		against := web.NewMonitorBody(variants[0])
		in.Against = &against
	}
	defer progress(0, 0)
	var report backtest.Report
	resp, err := r.send(ctx, http.MethodPost, "/backtests", in)
	if err != nil {
		return report, err
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		report = backtest.Report{}
		if err := json.Unmarshal(lines.Bytes(), &report); err != nil {
			return report, r.stranger(err)
		}
		progress(report.Done, report.Total)
	}
	if err := lines.Err(); err != nil {
		return report, err
	}
	if report.Error != "" && len(report.Results) == 0 {
		return report, errors.New(report.Error)
	}
	return report, nil
}
