package alerting

import (
	"strings"
	"time"

	"wingmirror/monitor"
)

// Escalate tells the next contact groups of an incident that nobody has
// acknowledged: every rung whose time has come and that was not taken yet. Like
// Decide it touches nothing. The second result is false when there is nothing to
// do: while a silence is in force, and while runs are ok again although the
// incident is not over yet, rungs wait.
func Escalate(before monitor.State, rungs []Rung, silence *Hold, at time.Time) (monitor.Change, bool) {
	open := before.Open
	if open == nil || open.AckedBy != "" || open.WaitsSince.IsZero() || silence != nil || !before.CalmSince.IsZero() {
		return monitor.Change{}, false
	}
	taken := open.Tier
	for taken < len(rungs) && !at.Before(open.WaitsSince.Add(rungs[taken].After)) {
		taken++
	}
	if taken == open.Tier {
		return monitor.Change{}, false
	}
	change := monitor.Change{State: before, Was: before.Level}
	change.State.Open = open.Clone()
	var told, nobody []string
	for _, r := range rungs[open.Tier:taken] {
		if len(r.To) == 0 {
			nobody = append(nobody, r.Group)
			continue
		}
		told = append(told, r.Group)
		change.To = join(change.To, r.To)
	}
	waited := Duration(at.Sub(open.WaitsSince).Truncate(time.Minute))
	if len(nobody) > 0 {
		change.Events = append(change.Events, monitor.Event{
			At: at, Type: monitor.EventHeld, Level: before.Level, Text: "not escalated: nobody of " + strings.Join(nobody, ", ") + " is on duty",
		})
	}
	if len(told) > 0 {
		change.Kind = monitor.NoticeEscalate
		change.Decision = monitor.Decision{Reason: monitor.ReasonUnanswered, Note: "after " + waited + " it goes to " + strings.Join(told, ", ")}
		change.Events = append(change.Events, monitor.Event{At: at, Type: monitor.EventEscalated, Level: before.Level, Text: "nobody acknowledged for " + waited + ": told " + strings.Join(told, ", ")})
		change.State.Open.Told = join(change.State.Open.Told, change.To)
		change.State.Open.Notices++
	}
	change.State.Open.Tier = taken
	change.Touch("")
	return change, true
}
