package event

import (
	"context"
	"errors"
	"time"

	"wingmirror/monitor"
)

// Preview is what a rules file would have done with stored events.
type Preview struct {
	From   time.Time
	Until  time.Time // of the last event that was seen; the end of what was asked when all were
	Events int
	All    bool // false: it took too long, and only the events until Until were seen
	Rules  []RulePreview
}

// RulePreview is what one rule would have done.
type RulePreview struct {
	Rule    *Rule
	Fired   int     // how many alerts there would have been
	Firing  int     // how many of them would still be there
	Alerts  []Alert // the first of them, with when they ended in Ended
	Ended   []float64
	Trouble Trouble
}

// shownAlerts is how many alerts of a rule a preview lists.
const shownAlerts = 20

// Previewed runs a file over stored events, with the engine and in the order in
// which they came, and tells nobody.
func Previewed(ctx context.Context, file *File, events Events, from, until time.Time) (Preview, error) {
	x := NewEngine(file)
	p := Preview{From: from, Until: until, All: true, Rules: make([]RulePreview, len(file.Rules))}
	index := map[*Rule]int{}
	for i, r := range file.Rules {
		p.Rules[i].Rule, p.Rules[i].Trouble.Rule = r, r
		index[r] = i
	}
	errEnough := errors.New("enough")
	last := from
	err := events.EachEvent(ctx, 0, from, func(e monitor.PushedEvent) error {
		if e.Received.After(until) {
			return errEnough
		}
		full, wrong := decodeOne(e.Body)
		if wrong != "" {
			return nil
		}
		p.Events++
		last = e.Received
		x.Advance(monitor.TimeSeconds(e.Received))
		x.Add(&full)
		p.count(x.Drain(), index)
		return nil
	})
	switch {
	case errors.Is(err, errEnough):
		err = nil
	case errors.Is(err, context.DeadlineExceeded):
		err, p.All, p.Until = nil, false, last
	}
	x.Advance(monitor.TimeSeconds(p.Until))
	p.count(x.Drain(), index)
	for _, a := range x.Firing() {
		p.Rules[index[a.Rule]].Firing++
	}
	for _, t := range x.Troubles() {
		p.Rules[index[t.Rule]].Trouble = t
	}
	return p, err
}

func (p *Preview) count(alerts []Alert, index map[*Rule]int) {
	for _, a := range alerts {
		r := &p.Rules[index[a.Rule]]
		switch {
		case a.Firing:
			r.Fired++
			if len(r.Alerts) < shownAlerts {
				a.Events = nil
				r.Alerts, r.Ended = append(r.Alerts, a), append(r.Ended, 0)
			}
		default:
			for i := range r.Alerts {
				if r.Alerts[i].Key == a.Key && r.Alerts[i].Started == a.Started {
					r.Ended[i] = a.At
				}
			}
		}
	}
}
