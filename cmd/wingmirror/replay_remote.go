package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"wingmirror/scheduler/replay"
)

// replayRequest is what the API takes.
type replayRequest struct {
	Monitor int64      `json:"monitor,omitempty"`
	At      *time.Time `json:"at,omitempty"`
}

// replay has a server make recorded runs again. It tells of them line by line.
func (r *remote) replay(ctx context.Context, w replay.Wanted, each func(replay.RunReport)) (replay.Summary, error) {
	in := replayRequest{Monitor: w.Monitor}
	if !w.At.IsZero() {
		in.At = &w.At
	}
	resp, err := r.send(ctx, http.MethodPost, "/replays", in)
	if err != nil {
		return replay.Summary{}, err
	}
	defer resp.Body.Close()
	report := replay.Report{Partial: true}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		report = replay.Report{}
		if err := json.Unmarshal(lines.Bytes(), &report); err != nil {
			return report.Summary, r.stranger(err)
		}
		for _, run := range report.Runs {
			each(run)
		}
	}
	switch {
	case lines.Err() != nil:
		return report.Summary, lines.Err()
	case report.Error != "":
		return report.Summary, errors.New(report.Error)
	case report.Partial:
		return report.Summary, fmt.Errorf("%s went away after %d runs", r.server, report.Summary.Runs)
	}
	return report.Summary, nil
}

// export writes one recorded run as the server gives it.
func (r *remote) export(ctx context.Context, w replay.Wanted, out io.Writer) error {
	resp, err := r.send(ctx, http.MethodGet, fmt.Sprintf("/monitors/%d/runs/%s/export", w.Monitor, w.At.UTC().Format(time.RFC3339Nano)), nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(out, resp.Body)
	return err
}
