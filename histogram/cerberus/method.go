package cerberus

import (
	"time"

	"wingmirror/distribution"
	"wingmirror/histogram"
	"wingmirror/monitor"
)

// Method is the name of the original's method.
const Method = "cerberus"

// DetectPeriods runs the original's method over periods, as if each were a day
// of a histogram file.
func DetectPeriods(p monitor.Probe, periods []monitor.HistogramPeriod) histogram.Result {
	file := File{Name: p.Name}
	for _, one := range periods {
		file.Entries = append(file.Entries, Entry{
			Measure: p.Name, Kind: p.Kind, Date: one.At.UTC().Format(time.RFC3339), Submissions: one.Submissions,
			Buckets: one.Edges[:max(0, len(one.Edges)-1)], Values: one.Counts,
		})
	}
	return DetectFile(p, file)
}

// DetectFile runs the original's method over a histogram file.
func DetectFile(p monitor.Probe, file File) histogram.Result {
	found, notes := Detect(file.Entries)
	days, _ := Days(file.Entries)
	result := histogram.Result{Notes: append(file.Notes, notes...)}
	for _, f := range found {
		r := f.regression(p)
		for i, d := range days {
			if d.Day() == f.Date {
				r.Seen, _ = time.Parse(time.DateOnly, days[min(i+following, len(days)-1)].Day())
				r.Samples = [2]float64{sum(days[max(i-1, 0)].Values), sum(d.Values)}
			}
		}
		result.Regressions = append(result.Regressions, r)
	}
	return result
}

// Describe makes a regressions file's entry of a regression. One that the
// original's method found says no more than the original did.
func Describe(r monitor.Regression, d Definition) Regression {
	entry := Regression{
		Buckets: r.Before.Edges[:max(0, len(r.Before.Edges)-1)], Regression: r.After.Counts, Reference: r.Before.Counts,
		Description: d.Text, Emails: d.Emails(),
	}
	if r.Method == Method {
		return entry
	}
	p := d.Probe(r.Name)
	entry.Change = &Change{
		Method: r.Method, Shape: string(r.Shape), Moved: string(r.Moved), Size: r.Size, Unit: p.Unit, Relative: r.Relative,
		Welcome: map[monitor.Toggle]string{monitor.On: "better", monitor.Off: "worse"}[r.Welcome],
		KS:      r.KS, JS: r.JS, Votes: r.Votes, Seen: r.Seen.Format(time.DateOnly), Text: histogram.Sentence(r, p),
	}
	return entry
}

func sum(xs []float64) float64 { return distribution.Histogram{Counts: xs}.Total() }

// regression says of a find what the original does not: its size and direction.
func (f Found) regression(p monitor.Probe) monitor.Regression {
	at, _ := time.Parse(time.DateOnly, f.Date) // Detect takes days that are dates only
	edges := Edges(p.Kind, f.Buckets)
	r := monitor.Regression{
		Name: p.Name, At: at, Span: 24 * time.Hour, Seen: at, Method: Method, Shape: monitor.StepChange, Votes: []string{"hellinger"},
		Before: distribution.Histogram{Edges: edges, Counts: f.Reference},
		After:  distribution.Histogram{Edges: edges, Counts: f.Regression},
	}
	histogram.Measure(&r, p)
	return r
}

// Periods turns the entries of a histogram file into periods of a day, those of
// one date added up. Entries whose buckets are no histogram are left out, with
// a note.
func (f File) Periods(kind string) ([]monitor.HistogramPeriod, []string) {
	var periods []monitor.HistogramPeriod
	notes := f.Notes
	for _, e := range f.Entries {
		at, err := time.Parse(time.DateOnly, e.Day())
		h := distribution.Histogram{Edges: Edges(firstOf(kind, e.Kind), e.Buckets), Counts: e.Values}
		if err == nil {
			err = h.Check()
		}
		if err != nil {
			notes = append(notes, "the entry of "+e.Day()+" is left out: "+err.Error())
			continue
		}
		periods = append(periods, monitor.HistogramPeriod{At: at, Span: 24 * time.Hour, Submissions: e.Submissions, Histogram: h})
	}
	return periods, notes
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
