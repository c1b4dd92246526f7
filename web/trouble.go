package web

import (
	"context"
	"time"

	"wingmirror/monitor"
	"wingmirror/store"
)

// troubleBody is a span of trouble that a graph shows behind its lines.
type troubleBody struct {
	From  int64  `json:"from"`
	Until int64  `json:"until" doc:"Seconds since the epoch; 0 while it lasts"`
	Level string `json:"level"`
	ID    int64  `json:"id" doc:"Of the incident; 0 for trouble that is none"`
}

// mostTroubles is how many of a monitor's newest incidents are looked at; a
// window with more of them says nothing by showing them all.
const mostTroubles = 50

// troubles are the incidents of a monitor that overlap a window. Trouble in the
// state counts even when nobody is told of it; a zero state has none.
func (s *server) troubles(ctx context.Context, id int64, w windowBody, state monitor.State) ([]troubleBody, error) {
	incidents, err := s.Incidents.Incidents(ctx, store.IncidentFilter{Subject: monitor.MonitorSubject(id), Limit: mostTroubles})
	if err != nil {
		return nil, err
	}
	all := []troubleBody{}
	open := false
	for _, i := range incidents {
		open = open || i.ClosedAt.IsZero()
		t := troubleBody{From: i.OpenedAt.Unix(), Until: secondsOrZero(i.ClosedAt), Level: i.Level.String(), ID: i.ID}
		if i.Subject == monitor.MonitorSubject(id) && t.From <= w.Until && (t.Until == 0 || t.Until >= w.From) {
			all = append(all, t)
		}
	}
	if state.Level.Bad() && !state.Since.IsZero() && !open {
		all = append(all, troubleBody{From: state.Since.Unix(), Level: state.Level.String()})
	}
	return all, nil
}

func secondsOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
