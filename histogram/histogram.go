// Package histogram notices that a distribution changed its shape.
//
// A probe gives one histogram for each period, usually a day. Detect goes through
// them in order and compares each with the ones before it: by several distances
// on the cumulative distributions, each of which has a vote; against a floor
// below which a change is not worth anybody's time; against what is usual between
// the periods of this very probe; and only when it lasts for several periods. A
// weekly cycle is known by comparing with the same weekday as well, a slow drift
// by comparing with the time when the present shape began.
//
// The same periods always give the same regressions, with nothing kept between
// two calls. The package reads no clock, and neither stores nor tells anything.
package histogram

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"wingmirror/distribution"
	"wingmirror/monitor"
)

// Detector is the default method. Its zero value has the defaults.
type Detector struct {
	Persistence   int     // periods in a row that must differ; default 3
	Window        int     // periods before that they are compared with; default 28
	MinReferences int     // of those, at least; default 4
	MinSamples    float64 // values in a period, or it is passed over; default 100
	Sensitivity   float64 // divides the floors and the allowance for noise; default 1, 2 finds changes half as large
}

// DefaultMethod is the name of the Detector's method.
const DefaultMethod = "default"

func (d Detector) withDefaults() Detector {
	d.Persistence = cmp.Or(d.Persistence, 3)
	d.Window = cmp.Or(d.Window, 28)
	d.MinReferences = cmp.Or(d.MinReferences, 4)
	d.MinSamples = cmp.Or(d.MinSamples, 100)
	d.Sensitivity = cmp.Or(d.Sensitivity, 1)
	return d
}

// Check returns what is wrong with the settings as FieldErrors, or nil.
func (d Detector) Check() error {
	var errs monitor.FieldErrors
	check := func(ok bool, field, text string) {
		if !ok {
			errs = append(errs, monitor.Invalid(field, "%s", text))
		}
	}
	check(d.Persistence >= 0 && d.Persistence <= 30, "persistence", "say how many periods in a row must differ, from 1 to 30")
	check(d.Window == 0 || d.Window >= 4 && d.Window <= 400, "window", "say with how many periods before a change it is compared, from 4 to 400")
	check(d.MinSamples >= 0, "min-samples", "say how many values a period must have, 0 or more")
	check(d.Sensitivity == 0 || d.Sensitivity >= 0.1 && d.Sensitivity <= 10, "sensitivity", "is between 0.1 and 10; 1 is usual")
	if len(errs) == 0 {
		return nil
	}
	return errs
}

// Result is what one probe's periods say.
type Result struct {
	Regressions []monitor.Regression // by date
	Notes       []string             // what was passed over, and why
}

// Detect returns the lasting changes of shape in the periods, which may come in
// any order. Several periods of one time are added up.
func (d Detector) Detect(p monitor.Probe, periods []monitor.HistogramPeriod) Result {
	d = d.withDefaults()
	s, notes := prepare(p, periods, d.MinSamples)
	if s == nil {
		return Result{Notes: notes}
	}
	scan := newScan(d, p, s)
	scan.run()
	return Result{Regressions: scan.found, Notes: notes}
}

// series is a probe's usable periods over one layout of buckets.
type series struct {
	edges     []float64
	at        []float64 // positions of the edges, all finite
	unordered bool      // the order of the buckets means nothing
	days      []day
	step      time.Duration
	season    int // periods after which the pattern returns, 1 for none
}

type day struct {
	at         time.Time
	cumulative []float64
	total      float64
	phase      int // of the season
}

// prepare sorts, merges, re-bins and drops. It returns nil when nothing is left.
func prepare(p monitor.Probe, periods []monitor.HistogramPeriod, minSamples float64) (*series, []string) {
	var notes []string
	usable := make([]monitor.HistogramPeriod, 0, len(periods))
	empty := 0
	for _, one := range periods {
		if err := one.Check(); err != nil {
			notes = append(notes, fmt.Sprintf("%s is passed over: %v", dayName(one.At, one.Span), err))
		} else if one.Total() == 0 {
			empty++
		} else {
			usable = append(usable, one)
		}
	}
	if empty > 0 {
		notes = append(notes, plural(empty, "empty period is", "empty periods are")+" passed over")
	}
	slices.SortStableFunc(usable, func(a, b monitor.HistogramPeriod) int { return a.At.Compare(b.At) })
	usable, edges, layoutNotes := oneLayout(usable)
	notes = append(notes, layoutNotes...)
	if len(usable) == 0 {
		return nil, notes
	}
	s := &series{edges: edges, at: distribution.Positions(edges), unordered: Unordered(p.Kind)}
	s.step, s.season = rhythm(usable)
	thin := s.fill(usable, minSamples)
	if thin > 0 {
		notes = append(notes, fmt.Sprintf("%s passed over: fewer than %v values", plural(thin, "period is", "periods are"), minSamples))
	}
	return s, append(notes, s.gaps()...)
}

// Unordered reports whether the buckets of a kind are categories, so that one is
// not above another.
func Unordered(kind string) bool {
	return slices.Contains([]string{"categorical", "enumerated", "flag", "boolean"}, kind)
}

// oneLayout finds edges for all periods. Where an old layout has nothing in
// common with the newest, the periods before it are dropped.
func oneLayout(periods []monitor.HistogramPeriod) ([]monitor.HistogramPeriod, []float64, []string) {
	if len(periods) == 0 {
		return nil, nil, nil
	}
	var layouts [][]float64
	newest := periods[len(periods)-1].Edges
	for i := len(periods) - 1; i >= 0; i-- {
		edges := periods[i].Edges
		if slices.ContainsFunc(layouts, func(l []float64) bool { return slices.Equal(l, edges) }) {
			continue
		}
		if len(layouts) > 0 && distribution.Common(append(slices.Clone(layouts), edges)...) == nil {
			note := fmt.Sprintf("everything until %s is passed over: its buckets have no edge in common with those of later periods", dayName(periods[i].At, periods[i].Span))
			return periods[i+1:], common(layouts), []string{note}
		}
		layouts = append(layouts, edges)
	}
	if len(layouts) == 1 {
		return periods, newest, nil
	}
	edges := common(layouts)
	return periods, edges, []string{fmt.Sprintf("%d layouts of buckets are compared over %d buckets that they have in common", len(layouts), len(edges)-1)}
}

func common(layouts [][]float64) []float64 {
	if len(layouts) == 1 {
		return layouts[0]
	}
	return distribution.Common(layouts...)
}

// rhythm returns the usual distance of two periods, and how many make a season:
// a week of days, a day of hours.
func rhythm(periods []monitor.HistogramPeriod) (time.Duration, int) {
	var steps []time.Duration
	for i := 1; i < len(periods); i++ {
		if d := periods[i].At.Sub(periods[i-1].At); d > 0 {
			steps = append(steps, d)
		}
	}
	step := cmp.Or(periods[len(periods)-1].Span, 24*time.Hour)
	if len(steps) > 0 {
		slices.Sort(steps)
		step = steps[len(steps)/2]
	}
	switch {
	case step == 24*time.Hour:
		return step, 7
	case step < 24*time.Hour && (24*time.Hour)%step == 0 && 24*time.Hour/step <= 48:
		return step, int(24 * time.Hour / step)
	}
	return step, 1
}

// fill makes the days, and returns how many periods were too thin for one.
func (s *series) fill(periods []monitor.HistogramPeriod, minSamples float64) int {
	thin := 0
	n := len(s.edges)
	room := make([]float64, n*len(periods))
	counts := make([]float64, n-1)
	for i := 0; i < len(periods); {
		clear(counts)
		at := periods[i].At
		for ; i < len(periods) && periods[i].At.Equal(at); i++ {
			h := periods[i].Histogram
			if !slices.Equal(h.Edges, s.edges) {
				h = h.Rebin(s.edges)
			}
			for b, c := range h.Counts {
				counts[b] += c
			}
		}
		d := day{at: at, cumulative: room[:n:n], phase: int(at.Unix()/int64(s.step.Seconds()+.5)) % s.season}
		room = room[n:]
		if d.total = distribution.CumulativeInto(d.cumulative, counts); d.total < minSamples {
			thin++
			continue
		}
		s.days = append(s.days, d)
	}
	return thin
}

// gaps says where periods are missing.
func (s *series) gaps() []string {
	missing, first := 0, time.Time{}
	for i := 1; i < len(s.days); i++ {
		if n := int(s.days[i].at.Sub(s.days[i-1].at)/s.step) - 1; n > 0 {
			if missing == 0 {
				first = s.days[i-1].at.Add(s.step)
			}
			missing += n
		}
	}
	if missing == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s missing, the first is %s; those around are compared as neighbours", plural(missing, "period is", "periods are"), dayName(first, s.step))}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// dayName writes the time of a period: a date for days and longer.
func dayName(at time.Time, span time.Duration) string {
	if span == 0 || span >= 24*time.Hour {
		return at.UTC().Format(time.DateOnly)
	}
	return at.UTC().Format("2006-01-02 15:04")
}
