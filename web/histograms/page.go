package histograms

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"wingmirror/histogram"
	"wingmirror/histogram/expiry"
	"wingmirror/monitor"
	"wingmirror/store"
	"wingmirror/web"
)

// finding is a regression with what its pages say of it.
type finding struct {
	monitor.Regression
	Probe    monitor.Probe
	Sentence string
	Level    string
	Better   string // better, worse, or ""
	Chart    chart
}

func newFinding(r monitor.Regression, p monitor.Probe) finding {
	p.Name = r.Name
	return finding{
		Regression: r, Probe: p, Sentence: histogram.Sentence(r, p), Level: histogram.Level(r).String(),
		Better: map[monitor.Toggle]string{monitor.On: "better", monitor.Off: "worse"}[r.Welcome],
	}
}

// Day is the date that the finding stands under.
func (f finding) Day() string { return f.At.Format(time.DateOnly) }

// Href is its page.
func (f finding) Href() string { return "/regressions/" + strconv.FormatInt(f.ID, 10) }

type dashboardData struct {
	Query, From, To, Verdict string
	Days                     []dayOfFindings
	Found                    int
	Probes                   []probeRow
	Precision                []precisionRow
	CanEdit                  bool
	Cut                      bool   // there are more
	Base                     string // address of these pages, for what is to be copied
}

type dayOfFindings struct {
	Day      string
	Findings []finding
}

type probeRow struct {
	monitor.Probe
	store.HistogramLatest
}

type precisionRow struct {
	store.Precision
	Share string
}

// shownFindings is how many regressions the dashboard shows at once, since each
// has a chart.
const shownFindings = 60

// dashboard lists regressions by date, newest first, and all histograms.
func (d desk) dashboard(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	data := dashboardData{Query: strings.TrimSpace(q.Get("q")), From: q.Get("from"), To: q.Get("to"), Verdict: q.Get("verdict"), CanEdit: d.May(ctx, monitor.RoleEditor), Base: d.Base}
	filter, err := regressionFilter(data.Query, data.From, data.To, data.Verdict)
	if err != nil {
		return err
	}
	filter.Limit = shownFindings + 1
	probes, err := d.Probes.Probes(ctx)
	if err != nil {
		return err
	}
	byName := map[string]monitor.Probe{}
	for _, p := range probes {
		byName[p.Name] = p
	}
	found, err := d.Regressions.Regressions(ctx, filter)
	if err != nil {
		return err
	}
	if data.Cut = len(found) > shownFindings; data.Cut {
		found = found[:shownFindings]
	}
	data.Found = len(found)
	for _, one := range found {
		f := newFinding(one, byName[one.Name])
		f.Chart = overlay(one, false)
		if n := len(data.Days); n == 0 || data.Days[n-1].Day != f.Day() {
			data.Days = append(data.Days, dayOfFindings{Day: f.Day()})
		}
		last := &data.Days[len(data.Days)-1]
		last.Findings = append(last.Findings, f)
	}
	latest, err := d.Periods.HistogramsLatest(ctx)
	if err != nil {
		return err
	}
	for _, p := range probes {
		if data.Query == "" || strings.Contains(strings.ToLower(p.Name+" "+p.Description), strings.ToLower(data.Query)) {
			data.Probes = append(data.Probes, probeRow{p, latest[p.Name]})
		}
	}
	if data.Precision, err = d.precision(r); err != nil {
		return err
	}
	return d.Render(w, r, web.View{Page: "histograms", Title: "Histograms", Nav: "Histograms", Live: true, Data: data})
}

func (d desk) precision(r *http.Request) ([]precisionRow, error) {
	all, err := d.Regressions.RegressionPrecision(r.Context())
	var rows []precisionRow
	for _, p := range all {
		row := precisionRow{Precision: p}
		if n := p.True + p.Noise; n > 0 {
			row.Share = fmt.Sprintf("%.0f %%", 100*float64(p.True)/float64(n))
			rows = append(rows, row)
		}
	}
	return rows, err
}

// regressionFilter reads what a page or the API is asked for.
func regressionFilter(search, from, to, verdict string) (store.RegressionFilter, error) {
	f := store.RegressionFilter{Search: search, Verdict: verdict}
	if verdict != "" && verdict != "none" && verdict != "true" && verdict != "noise" {
		return f, monitor.Invalid("verdict", "%q is none of true, noise, none", monitor.Cut(verdict, 40))
	}
	for field, into := range map[string]*time.Time{"from": &f.From, "to": &f.Until} {
		text := map[string]string{"from": from, "to": to}[field]
		if text == "" {
			continue
		}
		at, err := time.Parse(time.DateOnly, text)
		if err != nil {
			return f, monitor.Invalid(field, "%q is no date; write YYYY-MM-DD", monitor.Cut(text, 40))
		}
		*into = at
	}
	if !f.Until.IsZero() {
		f.Until = f.Until.AddDate(0, 0, 1)
	}
	return f, nil
}

type regressionData struct {
	finding
	Log        bool
	Difference chart
	Evolution  chart
	Quantiles  []quantileRow
	Moved      []quantileRow // a bucket each
	CanEdit    bool
}

type quantileRow struct{ Name, Before, After, Change string }

// shownAround is how much time around a regression its evolution shows.
const shownAround = 60 * 24 * time.Hour

// regressionPage shows one regression.
func (d desk) regressionPage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return monitor.Missing("there is no regression %q", monitor.Cut(r.PathValue("id"), 40))
	}
	one, err := d.Regressions.Regression(ctx, id)
	if err != nil {
		return err
	}
	probe, err := d.Probes.Probe(ctx, one.Name)
	if err != nil {
		return err
	}
	data := regressionData{finding: newFinding(one, probe), Log: r.URL.Query().Get("scale") == "log", CanEdit: d.May(ctx, monitor.RoleEditor)}
	data.Chart, data.Difference = overlay(one, data.Log), difference(one)
	if !histogram.Unordered(probe.Kind) {
		for _, q := range histogram.Quantiles() {
			before, after := one.Before.Quantile(q), one.After.Quantile(q)
			data.Quantiles = append(data.Quantiles, quantileRow{
				"p" + strconv.FormatFloat(100*q, 'f', -1, 64), histogram.Number(before), histogram.Number(after), change(before, after),
			})
		}
	}
	for _, m := range histogram.MovedBuckets(one, 6) {
		data.Moved = append(data.Moved, quantileRow{
			histogram.Number(m.From) + " to " + histogram.Number(m.To), share(m.Before), share(m.After), fmt.Sprintf("%+.2f", 100*m.Change()),
		})
	}
	periods, err := d.Periods.Periods(ctx, one.Name, one.At.Add(-shownAround))
	if err != nil {
		return err
	}
	periods = slices.DeleteFunc(periods, func(p monitor.HistogramPeriod) bool { return p.At.After(one.At.Add(shownAround)) })
	data.Evolution = evolution(histogram.Sanitized(periods, d.Now()), []time.Time{one.At}, probe.Unit)
	title := one.Name + " on " + data.Day()
	return d.Render(w, r, web.View{Page: "regression", Title: title, Nav: "Histograms", Above: web.Path(web.Crumb{Label: one.Name, Href: "/histograms/" + one.Name}), Data: data})
}

func share(s float64) string { return fmt.Sprintf("%.2f %%", 100*s) }

func change(before, after float64) string {
	if before == 0 || before != before || after != after {
		return ""
	}
	return fmt.Sprintf("%+.1f %%", 100*(after/before-1))
}

type probeData struct {
	monitor.Probe
	Periods   int
	Last      time.Time
	Evolution chart
	Findings  []finding
	Owners    string
	CanEdit   bool
	Released  string // when it expires
	Kinds     []string
}

// shownHistory is how much of a histogram's past its page shows.
const shownHistory = 180 * 24 * time.Hour

// probePage shows one histogram, its regressions, and the form of its definition.
func (d desk) probePage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	probe, err := d.Probes.Probe(ctx, r.PathValue("name"))
	if err != nil {
		return err
	}
	data := probeData{Probe: probe, Owners: strings.Join(probe.Owners, "\n"), Kinds: kinds(), CanEdit: d.May(ctx, monitor.RoleEditor)}
	periods, err := d.Periods.Periods(ctx, probe.Name, time.Time{})
	if err != nil {
		return err
	}
	if data.Periods = len(periods); data.Periods > 0 {
		data.Last = periods[len(periods)-1].At
		since := data.Last.Add(-shownHistory)
		periods = slices.DeleteFunc(periods, func(p monitor.HistogramPeriod) bool { return p.At.Before(since) })
	}
	found, err := d.Regressions.Regressions(ctx, store.RegressionFilter{Name: probe.Name})
	if err != nil {
		return err
	}
	var changes []time.Time
	for _, one := range found {
		data.Findings = append(data.Findings, newFinding(one, probe))
		changes = append(changes, one.At)
	}
	data.Evolution = evolution(histogram.Sanitized(periods, d.Now()), changes, probe.Unit)
	if calendar, _ := d.Calendar(); len(calendar) > 0 {
		if at, ok := calendar.Date(probe.Expires); ok {
			data.Released = at.Format(time.DateOnly)
		}
	}
	return d.Render(w, r, web.View{Page: "histogram", Title: probe.Name, Nav: "Histograms", Above: web.Path(), Live: true, Data: data})
}

type expiringData struct {
	Upcoming, Expired []expiry.Reminder
	Versions          int
	Problem           string
}

// soon is how far ahead the page of reminders looks.
const soon = 84 * 24 * time.Hour

// expiringPage lists what expires soon, and what has.
func (d desk) expiringPage(w http.ResponseWriter, r *http.Request) error {
	probes, err := d.Probes.Probes(r.Context())
	if err != nil {
		return err
	}
	calendar, problem := d.Calendar()
	today := d.Now().UTC().Truncate(24 * time.Hour)
	data := expiringData{Upcoming: expiry.Upcoming(probes, calendar, today, soon), Expired: expiry.Expired(probes, calendar, today), Versions: len(calendar)}
	if problem != nil {
		data.Problem = problem.Error()
	}
	return d.Render(w, r, web.View{Page: "expiring", Title: "Expiring histograms", Nav: "Histograms", Data: data})
}

func kinds() []string {
	return []string{"linear", "exponential", "enumerated", "categorical", "boolean", "flag", "count"}
}
