package alerting

import "wingmirror/monitor"

// Rehearse returns what Record would decide about outcomes of the monitor, one
// after the other: with the same policy, contact groups and silences, but from
// states that the caller keeps, and without storing or telling anything. An
// outage of the source is not known: each run is taken by itself.
//
// A monitor that alerts nobody is taken to alert one imaginary destination, since
// whoever asks wants to see what would be told.
func (d *Desk) Rehearse(m monitor.Monitor) func(before monitor.State, o monitor.Outcome) monitor.Change {
	about := m.Watched().About()
	alerts := m.Alerts
	if len(alerts) == 0 {
		alerts = []string{"nobody:"}
	}
	terms := Terms{Policy: m.Policy.Or(d.o.Defaults), OffDuty: true}
	return func(before monitor.State, o monitor.Outcome) monitor.Change {
		t := terms
		t.Destinations = d.audience(alerts, before.Open, o.At)
		t.Silence = d.silence(about, o.At)
		t.Key = d.key(o.Subject, o.At)
		return Decide(before, o, t)
	}
}
