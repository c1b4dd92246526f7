package web

import (
	"context"
	"errors"
	"time"

	"wingmirror/monitor"
	"wingmirror/scheduler"
	"wingmirror/scheduler/replay"
)

// replayBody says how a run that was made again compares with the first time.
type replayBody struct {
	Verdict     string              `json:"verdict" doc:"same (byte for byte), different, or unrepeatable when how it ended depended on the machine"`
	Version     int                 `json:"version" doc:"Of the monitor that was run then"`
	Differences []replay.Difference `json:"differences"`
}

// replay makes a recorded run again, with the monitor as it is written now.
func (s *server) replay(ctx context.Context, m monitor.Monitor, at time.Time) (scheduler.Evaluation, *replayBody, error) {
	if s.Past == nil {
		return scheduler.Evaluation{}, nil, notFound("nothing is recorded")
	}
	done, err := s.Past.Replay(ctx, m, at)
	if errors.Is(err, monitor.ErrNotFound) {
		return scheduler.Evaluation{}, nil, monitor.Invalid("recorded", "what the run at %s saw is not kept any more", at.UTC().Format(time.RFC3339))
	}
	if err != nil {
		return scheduler.Evaluation{}, nil, err
	}
	b := &replayBody{Verdict: string(done.Verdict), Version: done.Recording.Version, Differences: done.Differences}
	if b.Differences == nil {
		b.Differences = []replay.Difference{}
	}
	return done.Evaluation, b, nil
}
