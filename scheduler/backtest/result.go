package backtest

import (
	"slices"
	"time"

	"wingmirror/monitor"
)

// Result is what would have become of one variant.
type Result struct {
	Monitor   monitor.Monitor
	From      time.Time
	Until     time.Time
	Ticks     int        // runs that the range has
	Runs      int        // that were made; more than Ticks when extra runs were asked for
	Times     []int64    // of the runs that were made, in seconds since the epoch
	Seen      []byte     // what each of them saw: o, w, c for the levels, f for a fault
	Incidents []Incident // at most MostIncidents, the oldest
	Notices   []Notice   // at most MostNotices, the oldest
	Opened    int        // incidents in all
	Told      int        // notices in all
	Pages     int        // of them those that say that something began or became worse
	Faults    map[monitor.Fault]int
	Trouble   string // message of the first fault
	Sampled   int    // only every so manieth tick was run; 0 and 1: all were
	GaveUp    string // why it was ended early; "" when it was not
	Warnings  []string
}

// Most of what a result lists. Counts go on.
const (
	MostIncidents = 2000
	MostNotices   = 5000
)

// Incident is a span of trouble that would have been.
type Incident struct {
	Key      string
	OpenedAt time.Time
	ClosedAt time.Time // zero when it is open at the end of the range
	Level    monitor.Level
	Fault    monitor.Fault
	Message  string
	Notices  int
	Told     bool // somebody would have been told that it began
	AtStart  bool // the first run of the range found it: it may have begun before
}

// Notice is a message that would have gone out.
type Notice struct {
	At     time.Time
	Kind   monitor.NoticeKind
	Level  monitor.Level
	Text   string
	Reason string // why
	To     []string
	After  time.Duration // since the incident began
}

// take notes what a run saw and what was decided about it.
func (r *Result) take(o monitor.Outcome, c monitor.Change) {
	r.Runs++
	r.Times = append(r.Times, o.At.Unix())
	letter := "uowc"[min(o.Level, monitor.Critical)]
	if o.Fault != monitor.NoFault {
		letter = 'f'
		r.Faults[o.Fault]++
		if r.Trouble == "" {
			r.Trouble = monitor.Cut(o.Message, monitor.MaxRunMessage)
		}
	}
	r.Seen = append(r.Seen, letter)
	r.takeIncident(o, c)
	if c.Kind == monitor.NoticeNone {
		return
	}
	r.Told++
	if c.Kind == monitor.NoticeFire || c.Kind == monitor.NoticeEscalate {
		r.Pages++
	}
	if len(r.Notices) < MostNotices {
		level := c.State.Level
		if c.Kind == monitor.NoticeResolve {
			level = monitor.OK
		}
		n := Notice{At: o.At, Kind: c.Kind, Level: level, Text: monitor.Cut(o.Message, monitor.MaxRunMessage), Reason: c.Decision.String(), To: c.To}
		if c.Incident != nil {
			n.After = o.At.Sub(c.Incident.OpenedAt)
		}
		r.Notices = append(r.Notices, n)
	}
}

func (r *Result) takeIncident(o monitor.Outcome, c monitor.Change) {
	if c.Incident == nil {
		return
	}
	i := slices.IndexFunc(r.Incidents, func(known Incident) bool { return known.Key == c.Incident.Key })
	if i < 0 {
		if c.Incident.OpenedAt.Equal(o.At) {
			r.Opened++
		}
		if len(r.Incidents) == MostIncidents {
			return
		}
		i = len(r.Incidents)
		r.Incidents = append(r.Incidents, Incident{Key: c.Incident.Key, OpenedAt: c.Incident.OpenedAt, AtStart: r.Runs == 1})
	}
	known := &r.Incidents[i]
	known.ClosedAt, known.Level, known.Fault = c.Incident.ClosedAt, c.Incident.Level, c.Incident.Fault
	if c.Incident.Message != "" {
		known.Message = monitor.Cut(c.Incident.Message, monitor.MaxRunMessage)
	}
	if c.Kind != monitor.NoticeNone {
		known.Notices++
		known.Told = known.Told || c.Kind == monitor.NoticeFire
	}
}

// snapshot shares nothing that changes with r.
func (r *Result) snapshot() Result {
	c := *r
	c.Times, c.Seen = slices.Clip(r.Times), slices.Clip(r.Seen)
	c.Incidents, c.Notices, c.Warnings = slices.Clone(r.Incidents), slices.Clip(r.Notices), slices.Clone(r.Warnings)
	c.Faults = make(map[monitor.Fault]int, len(r.Faults))
	for fault, n := range r.Faults {
		c.Faults[fault] = n
	}
	return c
}
