package web

import (
	"context"
	"errors"
	"slices"
	"time"

	"wingmirror/alerting"
	"wingmirror/monitor"
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

// wouldSend decides about a test run as about a live one now, and says what would
// be sent to whom, and why or why not.
func (s *server) wouldSend(m monitor.Monitor, state monitor.State, o monitor.Outcome) (notices []noticeBody, decision string) {
	now := s.Now()
	state.At = time.Time{} // a test run may look at any time
	state.Subject = o.Subject
	destinations, _ := monitor.ParseDestinations(m.Alerts)
	terms := alerting.Terms{
		Policy: m.Policy.Or(s.Defaults).Or(monitor.DefaultPolicy()), Key: "test", OffDuty: len(destinations) > 0,
		Silence: s.hold(monitor.Message{Subject: o.Subject, Group: m.Group, Labels: m.Labels}, now),
	}
	via := map[string]string{} // of who is a member of a group
	for _, d := range destinations {
		for _, to := range s.onDuty(d, now) {
			if slices.Contains(terms.Destinations, to) {
				continue
			}
			terms.Destinations = append(terms.Destinations, to)
			if to != string(d) {
				via[to] = string(d)
			}
		}
	}
	change := alerting.Decide(state, o, terms)
	notices = []noticeBody{}
	for _, to := range change.To {
		notices = append(notices, noticeBody{To: monitor.Destination(to).Redacted(), What: string(change.Kind), Via: via[to]})
	}
	return notices, change.Decision.String()
}

// onDuty is whom a destination leads to: itself, or a group's members who are on duty.
func (s *server) onDuty(d monitor.Destination, at time.Time) []string {
	if s.Contacts == nil {
		return []string{string(d)}
	}
	return s.Contacts.Resolve([]string{string(d)}, at)
}
