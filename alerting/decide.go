package alerting

import (
	"fmt"
	"slices"
	"time"

	"wingmirror/monitor"
)

// Decide returns what an outcome does to a subject: it touches nothing, and
// equal arguments give equal changes. Outcomes must come in the order of their
// scheduled times; one that is not newer than the state is ignored.
//
// The level in force follows what runs see with the delays that the policy asks
// for. An incident opens when a level that alerts comes into force, and closes
// when none is any more. It is announced once for each step up, and again at the
// repeat interval until somebody acknowledges it.
func Decide(before monitor.State, o monitor.Outcome, t Terms) monitor.Change {
	if !before.At.IsZero() && !o.At.After(before.At) {
		return monitor.Change{State: before, Decision: monitor.Decision{Reason: monitor.ReasonLate}, Was: before.Level}
	}
	d := decider{before: before, o: o, t: t}
	d.State, d.Was = before, before.Level
	d.State.Open = before.Open.Clone()
	d.State.At = o.At
	d.State.Message = monitor.Cut(o.Message, monitor.MaxRunMessage)
	if o.Fault != monitor.NoFault || o.Level == monitor.Unknown {
		d.cannotTell()
	} else {
		d.canTell()
	}
	return d.Change
}

type decider struct {
	monitor.Change
	before monitor.State
	o      monitor.Outcome
	t      Terms
}

// because sets the reason for what follows, or for why nothing does.
func (d *decider) because(reason monitor.Reason) {
	d.Decision = monitor.Decision{Reason: reason}
}

// cannotTell handles a fault: the level stays, and so does an incident. A fault
// alerts by itself only where the policy says so.
func (d *decider) cannotTell() {
	s := &d.State
	if d.before.Fault == monitor.NoFault {
		s.FaultSince, s.FaultRuns = d.o.At, 0
	}
	s.Fault = d.o.Fault
	s.FaultRuns++
	covered := d.t.Source != nil && d.o.Fault == monitor.FaultFetch
	switch {
	case covered:
		d.because(monitor.ReasonSource)
		d.Decision.Note = d.t.Source.Note
	case s.Open != nil && s.Open.Level == monitor.Unknown:
		d.goesOn()
	case s.Open == nil && d.t.Policy.Faults == monitor.On && s.FaultRuns >= d.t.Policy.Failures:
		d.open(monitor.Unknown)
	default:
		d.because(monitor.ReasonFault)
	}
}

// canTell handles a run that saw how the world is.
func (d *decider) canTell() {
	s := &d.State
	s.Fault, s.FaultSince, s.FaultRuns = monitor.NoFault, time.Time{}, 0
	d.countFlaps()
	d.settle()
	s.Observed = d.o.Level
	s.Runs++
	alert := d.alertLevel(s.Level)
	switch {
	case s.Open == nil && alert.Bad():
		d.open(alert)
	case s.Open == nil:
		d.quiet()
	case !alert.Bad():
		d.close()
	case alert > s.Open.Level:
		d.escalate(alert)
	case s.Level < d.before.Level:
		d.because(monitor.ReasonEased)
		d.event(monitor.EventEased, d.o.Message)
	case d.Decision.Reason == monitor.ReasonSteady: // not held back already
		d.goesOn()
	}
}

// countFlaps notes whether this run saw something else than the one before.
func (d *decider) countFlaps() {
	s := &d.State
	s.Flaps = s.Flaps << 1 & flapMask
	if d.before.Observed != monitor.Unknown && d.o.Level != d.before.Observed {
		s.Flaps |= 1
	}
	score := FlapScore(s.Flaps)
	switch {
	case d.t.Policy.Flapping != monitor.On:
		s.Flapping = false
	case score >= flapEnter:
		s.Flapping = true
	case score < flapLeave:
		s.Flapping = false
	}
}

// settle brings the level in force up to date, or says why it stays.
func (d *decider) settle() {
	s, seen := &d.State, d.o.Level
	calm, tries := s.CalmSince, s.Tries
	s.CalmSince, s.Tries = time.Time{}, 0
	switch {
	case seen == s.Level:
	case seen.Bad() && seen > s.Level:
		if tries++; !s.Level.Bad() && tries < d.t.Policy.Failures {
			s.Tries = tries
			d.because(monitor.ReasonUnconfirmed)
			d.Decision.Note = fmt.Sprintf("run %d of %d", tries, d.t.Policy.Failures)
			return
		}
		d.setLevel(seen)
	case s.Level == monitor.Unknown || seen.Bad():
		d.setLevel(seen)
	default: // ok after something bad
		if calm.IsZero() {
			calm = d.o.At
		}
		s.CalmSince = calm
		if s.Flapping {
			d.because(monitor.ReasonFlapping)
			d.Decision.Note = fmt.Sprintf("score %.0f %%, ends below %d %%", FlapScore(s.Flaps), flapLeave)
			return
		}
		if until := calm.Add(d.t.Policy.KeepFiring); d.o.At.Before(until) {
			d.because(monitor.ReasonKept)
			d.Decision.Until = until
			return
		}
		s.CalmSince = time.Time{}
		d.setLevel(seen)
	}
}

func (d *decider) setLevel(level monitor.Level) {
	d.State.Level, d.State.Since, d.State.Runs = level, d.o.At, 0
}

// alertLevel is what a level means for alerting.
func (d *decider) alertLevel(level monitor.Level) monitor.Level {
	if level == monitor.Warning && d.t.Policy.Warnings == monitor.Off {
		return monitor.OK
	}
	return level
}

// quiet is a run without an incident.
func (d *decider) quiet() {
	if d.Decision.Reason == monitor.ReasonSteady && d.State.Level == monitor.Warning {
		d.because(monitor.ReasonWarningsOff)
	}
}

func (d *decider) open(level monitor.Level) {
	d.State.Open = &monitor.Open{Key: d.t.Key, OpenedAt: d.o.At, Level: level}
	if level == monitor.Unknown {
		d.State.Open.Fault = d.o.Fault
	}
	d.event(monitor.EventOpened, d.o.Message)
	d.announce(monitor.NoticeFire, monitor.ReasonFired)
	d.Touch(d.o.Message)
}

// escalate notes that the incident became worse than it ever was. Whoever had
// acknowledged it did so for something milder.
func (d *decider) escalate(level monitor.Level) {
	open := d.State.Open
	if open.AckedBy != "" {
		open.AckedBy, open.AckedAt, open.WaitsSince, open.Tier = "", time.Time{}, time.Time{}, 0
	}
	open.Level = level
	d.event(monitor.EventEscalated, d.o.Message)
	d.announce(monitor.NoticeEscalate, monitor.ReasonEscalated)
	d.Touch(d.o.Message)
}

func (d *decider) close() {
	reason := monitor.ReasonResolved
	if len(d.State.Open.Told) == 0 {
		reason = monitor.ReasonClosed
	}
	d.Change = d.State.Close(monitor.Decision{Reason: reason}, "", d.o.At)
}

// goesOn is one more run of an incident that did not become worse.
func (d *decider) goesOn() {
	open, repeat := d.State.Open, d.t.Policy.Repeat
	next := open.LastNotice.Add(repeat)
	switch {
	case open.AckedBy != "": // also while nobody had been told
		d.because(monitor.ReasonAcknowledged)
		d.Decision.Note = "by " + open.AckedBy
	case len(open.Told) == 0:
		d.announce(monitor.NoticeFire, monitor.ReasonFired)
	case open.Level.Bad() && d.State.Level > open.Fired: // held back when it became worse
		d.announce(monitor.NoticeEscalate, monitor.ReasonEscalated)
	case repeat < 0:
		d.because(monitor.ReasonRepeatNever)
	case d.o.At.Before(next):
		d.because(monitor.ReasonRepeatLater)
		d.Decision.Until = next
	default:
		d.announce(monitor.NoticeRepeat, monitor.ReasonRepeated)
		if d.Kind != monitor.NoticeNone {
			d.event(monitor.EventRepeated, d.o.Message)
		}
	}
	if d.Kind != monitor.NoticeNone {
		d.Touch("")
	}
}

// announce tells the monitor's destinations, unless something holds it back.
func (d *decider) announce(kind monitor.NoticeKind, reason monitor.Reason) {
	open := d.State.Open
	step := d.before.Open == nil || open.Level > d.before.Open.Level
	switch {
	case len(d.t.Destinations) == 0:
		d.because(monitor.ReasonNobody)
		if d.t.OffDuty {
			d.because(monitor.ReasonOffDuty)
			if step {
				d.event(monitor.EventHeld, d.Decision.String())
			}
		}
		return
	case d.t.Silence != nil:
		d.because(monitor.ReasonSilenced)
		d.Decision.Until, d.Decision.Note = d.t.Silence.Until, d.t.Silence.Note
		if step {
			d.event(monitor.EventHeld, d.Decision.String())
		}
		return
	}
	d.because(reason)
	d.Kind, d.To = kind, slices.Clone(d.t.Destinations)
	for _, destination := range d.To {
		if !slices.Contains(open.Told, destination) {
			open.Told = append(open.Told, destination)
		}
	}
	open.Fired, open.LastNotice = max(open.Fired, min(open.Level, d.State.Level)), d.o.At
	open.Notices++
	if open.WaitsSince.IsZero() {
		open.WaitsSince = d.o.At
	}
}

func (d *decider) event(kind monitor.EventType, text string) {
	d.Events = append(d.Events, monitor.Event{At: d.o.At, Type: kind, Level: d.State.Level, Text: text})
	if d.Incident == nil && d.State.Open != nil {
		d.Touch("")
	}
}
