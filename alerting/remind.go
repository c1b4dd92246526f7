package alerting

import (
	"slices"
	"strings"
	"time"

	"wingmirror/monitor"
)

// Remind tells what was held back and is not any more: that an incident began, or
// became worse, while a silence was in force or nobody was on duty. Of subjects
// without ticks it also tells the repeats that are due; of others the runs do.
// Like Decide it touches nothing; the second result is false when there is nothing
// to tell, and then the change is no change.
func Remind(before monitor.State, t Terms, at time.Time) (monitor.Change, bool) {
	open := before.Open
	if !waits(before) {
		return monitor.Change{}, false
	}
	d := decider{before: before, t: t, o: monitor.Outcome{
		Subject: before.Subject, At: at, Level: before.Level, Fault: before.Fault, Message: before.Message,
	}}
	ofFault := open.Level == monitor.Unknown
	covered := ofFault && t.Source != nil && before.Fault == monitor.FaultFetch
	over := !ofFault && !d.alertLevel(before.Level).Bad() // the policy has changed: the next run says so
	if covered || over || !held(before) && before.Subject.Kind == monitor.KindMonitor {
		return monitor.Change{}, false
	}
	d.State, d.Was = before, before.Level
	d.State.Open = open.Clone()
	d.goesOn()
	return d.Change, d.Kind != monitor.NoticeNone
}

// HandOver tells whoever is on duty now, and was not told before, that an incident
// is still open. onDuty are the members of the contact groups that hear of it. The
// second result is false when there is nobody to tell: everybody was told, or
// somebody has taken the incident on.
func HandOver(before monitor.State, onDuty []string, silence *Hold, at time.Time) (monitor.Change, bool) {
	if !waits(before) || silence != nil || len(before.Open.Told) == 0 {
		return monitor.Change{}, false
	}
	change := monitor.Change{State: before, Was: before.Level, Kind: monitor.NoticeHandOver}
	var names []string
	for _, destination := range onDuty {
		if !slices.Contains(before.Open.Told, destination) && !slices.Contains(change.To, destination) {
			change.To = append(change.To, destination)
			names = append(names, monitor.Destination(destination).Redacted())
		}
	}
	if len(change.To) == 0 {
		return monitor.Change{}, false
	}
	change.Decision = monitor.Decision{Reason: monitor.ReasonHandedOver}
	change.Events = []monitor.Event{{At: at, Type: monitor.EventHandedOver, Level: before.Level, Text: "on duty now: " + strings.Join(names, ", ")}}
	change.State.Open = before.Open.Clone()
	change.State.Open.Told = append(change.State.Open.Told, change.To...)
	change.State.Open.Notices++
	change.Touch("")
	return change, true
}

// held reports whether somebody should have been told of what an incident is by now.
func held(s monitor.State) bool {
	return len(s.Open.Told) == 0 || s.Open.Level != monitor.Unknown && s.Level > s.Open.Fired
}

// waits reports whether an incident is under way that nobody has taken on, and
// that is not about to end.
func waits(s monitor.State) bool {
	return s.Open != nil && s.Open.AckedBy == "" && s.CalmSince.IsZero()
}
