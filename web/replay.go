package web

import (
	"context"
	"errors"
	"strconv"
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

// labelOf returns what people said of an incident, or nil.
func (s *server) labelOf(ctx context.Context, i monitor.Incident) (*monitor.Label, error) {
	id, err := strconv.ParseInt(i.Subject.Key, 10, 64)
	if s.Labels == nil || i.Subject.Kind != monitor.KindMonitor || err != nil {
		return nil, nil
	}
	labels, err := s.Labels.LabelsOf(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, l := range labels {
		if l.Incident == i.ID {
			return &l, nil
		}
	}
	return nil, nil
}
