package web

import (
	"context"
	"errors"

	"wingmirror/monitor"
	"wingmirror/scheduler"
)

func isConflict(err error) bool { return errors.Is(err, monitor.ErrConflict) }

// stateOf returns what is in force about a monitor; the zero state for one that
// is not saved or never ran.
func (s *server) stateOf(ctx context.Context, id int64) (monitor.State, error) {
	if id < 1 {
		return monitor.State{}, nil
	}
	state, err := s.History.State(ctx, monitor.MonitorSubject(id))
	if errors.Is(err, monitor.ErrNotFound) {
		return monitor.State{}, nil
	}
	return state, err
}

// changed tells listening pages, where somebody tells them at all.
func (s *server) changed() {
	if bell, ok := s.Events.(interface{ Ring() }); ok {
		bell.Ring()
	}
}

// wouldSend says what a live run with this outcome would send, and to whom.
func wouldSend(m monitor.Monitor, state monitor.State, e scheduler.Evaluation) []noticeBody {
	var what string
	switch {
	case e.Outcome.Fault != monitor.NoFault || e.Outcome.Level == state.Level:
		return []noticeBody{}
	case e.Outcome.Level.Bad():
		what = "an alert: " + e.Outcome.Level.String()
	case state.Level.Bad():
		what = "that it is resolved"
	default:
		return []noticeBody{}
	}
	notices := []noticeBody{}
	destinations, _ := monitor.ParseDestinations(m.Alerts)
	for _, d := range destinations {
		notices = append(notices, noticeBody{To: d.Redacted(), What: what})
	}
	return notices
}
