package backtest

import (
	"time"

	"wingmirror/monitor"
)

// Report is results as they are exchanged: the answer of the API, and the output
// of --json. Its keys are a promise.
type Report struct {
	Done    int            `json:"done" doc:"Runs so far, of all versions"`
	Total   int            `json:"total"`
	Partial bool           `json:"partial" doc:"More is to come, or it was cut short"`
	Results []ResultReport `json:"results" doc:"The saved version first when two are compared"`
	Diff    *DiffReport    `json:"diff,omitempty" doc:"What the second version changes"`
	Sweep   []SweepReport  `json:"sweep,omitempty" doc:"A line for each value"`
	Error   string         `json:"error,omitempty" doc:"Why it was cut short"`
}

// ResultReport is one version's part.
type ResultReport struct {
	Name      string           `json:"name"`
	Version   int              `json:"version" doc:"0 for one that is not saved"`
	From      time.Time        `json:"from"`
	Until     time.Time        `json:"until"`
	Runs      int              `json:"runs"`
	Opened    int              `json:"incidents_count"`
	Told      int              `json:"notices_count"`
	Pages     int              `json:"pages_count" doc:"Notices that say that something began or became worse"`
	Incidents []IncidentReport `json:"incidents"`
	Notices   []NoticeReport   `json:"notices"`
	Lane      []SpanReport     `json:"lane" doc:"What runs saw, over time; the worst of each stretch when it changes too often"`
	Faults    map[string]int   `json:"faults,omitempty"`
	Trouble   string           `json:"trouble,omitempty" doc:"Message of the first fault"`
	Sampled   int              `json:"sampled,omitempty" doc:"Only every so manieth run was made"`
	GaveUp    string           `json:"gave_up,omitempty"`
	Warnings  []string         `json:"warnings"`
	Score     *ScoreReport     `json:"score,omitempty" doc:"Against what people said of past incidents"`
}

// IncidentReport is a span of trouble.
type IncidentReport struct {
	OpenedAt time.Time  `json:"opened_at"`
	ClosedAt *time.Time `json:"closed_at,omitempty" doc:"Left out when it is open at the end"`
	Seconds  int64      `json:"seconds" doc:"How long it lasted, to its end or the range's"`
	Level    string     `json:"level"`
	Fault    string     `json:"fault,omitempty"`
	Message  string     `json:"message"`
	Notices  int        `json:"notices"`
	Told     bool       `json:"told" doc:"Somebody is told that it began"`
	AtStart  bool       `json:"at_start,omitempty" doc:"It may have begun before the range"`
}

// NoticeReport is a message that would go out.
type NoticeReport struct {
	At     time.Time `json:"at"`
	Kind   string    `json:"kind"`
	Level  string    `json:"level"`
	Text   string    `json:"text"`
	Reason string    `json:"reason"`
	To     []string  `json:"to"`

	Seconds int64 `json:"seconds" doc:"How long the incident had lasted by then"`
}

// SpanReport is a stretch of runs that saw the same.
type SpanReport struct {
	From  int64  `json:"from" doc:"Seconds since the epoch"`
	Until int64  `json:"until"`
	Seen  string `json:"seen" doc:"ok, warning, critical, or fault"`
}

// DiffReport is Diff.
type DiffReport struct {
	Added   []IncidentReport `json:"added"`
	Removed []IncidentReport `json:"removed"`
	Moved   []MoveReport     `json:"moved"`
	Same    int              `json:"same"`
}

// MoveReport is Move.
type MoveReport struct {
	Was IncidentReport `json:"was"`
	Now IncidentReport `json:"now"`
}

// ScoreReport is Score.
type ScoreReport struct {
	Wanted   int     `json:"wanted"`
	Caught   int     `json:"caught"`
	Recall   float64 `json:"recall"`
	False    int     `json:"false_pages"`
	Unjudged int     `json:"unjudged"`
	Lost     []int64 `json:"lost" doc:"Numbers of incidents that are no longer caught; 0 for one that was missed then as well"`
}

// SweepReport is one value of a sweep.
type SweepReport struct {
	Value   float64      `json:"value"`
	Pages   int          `json:"pages"`
	PerWeek float64      `json:"per_week" doc:"Pages in a week"`
	GaveUp  string       `json:"gave_up,omitempty"`
	Score   *ScoreReport `json:"score,omitempty"`
}

// NewReport makes a report of results. With labels, each result is measured; two
// results are compared.
func NewReport(results []Result, labels []monitor.Label) Report {
	var out Report
	for _, r := range results {
		one := r.report()
		if len(labels) > 0 {
			one.Score = r.ScoreAgainst(labels).report()
		}
		out.Done, out.Total = out.Done+r.Runs, out.Total+r.Ticks
		out.Results = append(out.Results, one)
	}
	if len(results) == 2 {
		out.Diff = Compare(results[0], results[1]).report(results[1].Until)
	}
	return out
}

// NewSweep makes a report of the results of a sweep, one for each value.
func NewSweep(results []Result, values []float64, labels []monitor.Label) Report {
	out := Report{Results: []ResultReport{}}
	for i, r := range results {
		line := SweepReport{Value: values[i], Pages: r.Pages, GaveUp: r.GaveUp}
		if span := r.seen(); span > 0 {
			line.PerWeek = float64(r.Pages) * float64(7*24*time.Hour) / float64(span)
		}
		if len(labels) > 0 {
			line.Score = r.ScoreAgainst(labels).report()
		}
		out.Done, out.Total = out.Done+r.Runs, out.Total+r.Ticks
		out.Sweep = append(out.Sweep, line)
	}
	return out
}

// seen is how much of the range has been run.
func (r Result) seen() time.Duration {
	if len(r.Times) == 0 {
		return 0
	}
	if r.Runs >= r.Ticks || r.Sampled > 1 {
		return r.Until.Sub(r.From)
	}
	return time.Unix(r.Times[len(r.Times)-1], 0).Sub(r.From)
}

func (r Result) report() ResultReport {
	out := ResultReport{
		Name: r.Monitor.Name, Version: r.Monitor.Version, From: r.From.UTC(), Until: r.Until.UTC(), Runs: r.Runs, Opened: r.Opened, Told: r.Told, Pages: r.Pages,
		Incidents: []IncidentReport{}, Notices: []NoticeReport{}, Lane: r.lane(), Faults: map[string]int{}, Trouble: r.Trouble,
		GaveUp: r.GaveUp, Warnings: r.Warnings,
	}
	if r.Sampled > 1 {
		out.Sampled = r.Sampled
	}
	if out.Warnings == nil {
		out.Warnings = []string{}
	}
	for _, i := range r.Incidents {
		out.Incidents = append(out.Incidents, i.report(r.Until))
	}
	for _, n := range r.Notices {
		out.Notices = append(out.Notices, NoticeReport{At: n.At.UTC(), Kind: string(n.Kind), Level: n.Level.String(), Text: n.Text, Reason: n.Reason, To: redacted(n.To), Seconds: int64(n.After / time.Second)})
	}
	for fault, n := range r.Faults {
		out.Faults[string(fault)] = n
	}
	return out
}

func redacted(to []string) []string {
	all := make([]string, len(to))
	for i, d := range to {
		all[i] = monitor.Destination(d).Redacted()
	}
	return all
}

func (i Incident) report(end time.Time) IncidentReport {
	out := IncidentReport{
		OpenedAt: i.OpenedAt.UTC(), Level: i.Level.String(), Fault: string(i.Fault), Message: i.Message, Notices: i.Notices, Told: i.Told, AtStart: i.AtStart,
	}
	if !i.ClosedAt.IsZero() {
		end = i.ClosedAt
		closed := i.ClosedAt.UTC()
		out.ClosedAt = &closed
	}
	out.Seconds = int64(end.Sub(i.OpenedAt) / time.Second)
	return out
}

func (d Diff) report(end time.Time) *DiffReport {
	out := &DiffReport{Added: []IncidentReport{}, Removed: []IncidentReport{}, Moved: []MoveReport{}, Same: d.Same}
	for _, i := range d.Added {
		out.Added = append(out.Added, i.report(end))
	}
	for _, i := range d.Removed {
		out.Removed = append(out.Removed, i.report(end))
	}
	for _, m := range d.Moved {
		out.Moved = append(out.Moved, MoveReport{Was: m.Was.report(end), Now: m.Now.report(end)})
	}
	return out
}

func (s Score) report() *ScoreReport {
	out := &ScoreReport{Wanted: s.Wanted, Caught: s.Caught, Recall: s.Recall(), False: s.False, Unjudged: s.Unjudged, Lost: []int64{}}
	for _, l := range s.Lost {
		out.Lost = append(out.Lost, l.Incident)
	}
	return out
}

// mostSpans is how many stretches a lane shows: more than a screen has pixels for.
const mostSpans = 2000

// lane sums up what runs saw.
func (r Result) lane() []SpanReport {
	spans := r.spans(0)
	if len(spans) <= mostSpans {
		return spans
	}
	return r.spans(max(1, int64(r.Until.Sub(r.From)/time.Second)/mostSpans))
}

// worse orders letters by how bad they are.
const worse = "ofwc"

// spans joins neighbours that saw the same. With a bucket, in seconds, runs in
// the same bucket count as the worst of them.
func (r Result) spans(bucket int64) []SpanReport {
	spans := []SpanReport{}
	names := map[byte]string{'o': "ok", 'w': "warning", 'c': "critical", 'f': "fault", 'u': "fault"}
	for i := 0; i < len(r.Times); {
		letter, next := r.Seen[i], i+1
		if bucket > 0 {
			for next < len(r.Times) && r.Times[next]/bucket == r.Times[i]/bucket {
				if rank(r.Seen[next]) > rank(letter) {
					letter = r.Seen[next]
				}
				next++
			}
		}
		until := r.Until.Unix()
		if next < len(r.Times) {
			until = r.Times[next]
		} else if len(r.Times) > 1 && r.Runs < r.Ticks {
			until = r.Times[next-1]
		}
		if n := len(spans); n > 0 && spans[n-1].Seen == names[letter] {
			spans[n-1].Until = until
		} else {
			spans = append(spans, SpanReport{From: r.Times[i], Until: until, Seen: names[letter]})
		}
		i = next
	}
	return spans
}

func rank(letter byte) int {
	for i := range len(worse) {
		if worse[i] == letter {
			return i
		}
	}
	return 0
}
