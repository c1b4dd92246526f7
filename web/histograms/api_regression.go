package histograms

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"wingmirror/histogram/expiry"
	"wingmirror/monitor"
	"wingmirror/store"
)

type regressionBody struct {
	ID        int64          `json:"id"`
	Histogram string         `json:"histogram"`
	Date      time.Time      `json:"date" doc:"The first period with the new shape"`
	Seen      time.Time      `json:"certain_since" doc:"The last period that it took to be sure"`
	Recovered *time.Time     `json:"recovered,omitempty" doc:"The first period with the old shape again"`
	Found     time.Time      `json:"found_at"`
	Method    string         `json:"method"`
	Shape     string         `json:"shape" enum:"step,drift"`
	Moved     string         `json:"moved" enum:"up,down,mixed"`
	Better    string         `json:"verdict_of_direction,omitempty" enum:",better,worse"`
	Size      float64        `json:"size" doc:"By how much values moved on average, in the histogram's unit"`
	Unit      string         `json:"unit,omitempty"`
	Relative  float64        `json:"relative" doc:"The size as a share of the interquartile range before"`
	KS        float64        `json:"ks"`
	JS        float64        `json:"jensen_shannon"`
	Votes     []string       `json:"votes" nullable:"false"`
	Text      string         `json:"text"`
	Before    *histogramBody `json:"before,omitempty"`
	After     *histogramBody `json:"after,omitempty"`
	Verdict   string         `json:"verdict,omitempty" enum:",true,noise" doc:"What people say of it"`
	JudgedBy  string         `json:"judged_by,omitempty"`
	Note      string         `json:"note,omitempty"`
}

func toRegressionBody(f finding, whole bool) regressionBody {
	b := regressionBody{
		ID: f.ID, Histogram: f.Name, Date: f.At, Seen: f.Seen, Found: f.FoundAt, Method: f.Method, Shape: string(f.Shape), Moved: string(f.Moved), Better: f.Better,
		Size: f.Size, Unit: f.Probe.Unit, Relative: f.Relative, KS: f.KS, JS: f.JS, Votes: f.Votes, Text: f.Sentence,
		Verdict: string(f.Verdict), JudgedBy: f.JudgedBy, Note: f.Note,
	}
	if !f.Recovered.IsZero() {
		b.Recovered = &f.Recovered
	}
	if whole {
		before, after := toHistogramBody(f.Regression.Before.Edges, f.Regression.Before.Counts), toHistogramBody(f.After.Edges, f.After.Counts)
		b.Before, b.After = &before, &after
	}
	return b
}

type regressionsInput struct {
	Histogram string `query:"histogram" doc:"Only those of this histogram"`
	Search    string `query:"q" doc:"Part of a name or description"`
	From      string `query:"from" doc:"First day, YYYY-MM-DD"`
	To        string `query:"to" doc:"Last day, YYYY-MM-DD"`
	Verdict   string `query:"verdict" enum:",true,noise,none" doc:"What people say of it; none: nothing yet"`
	Before    string `query:"before" doc:"Only what follows this: next of the page before"`
	Limit     int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

type regressionsOutput struct {
	Body struct {
		Regressions []regressionBody `json:"regressions"`
		Next        string           `json:"next,omitempty" doc:"before of the next page; left out on the last"`
	}
}

func (d desk) apiRegressions(ctx context.Context, in *regressionsInput) (*regressionsOutput, error) {
	filter, err := regressionFilter(in.Search, in.From, in.To, in.Verdict)
	if err != nil {
		return nil, err
	}
	filter.Name, filter.Limit = in.Histogram, in.Limit+1
	if filter.Past, err = readPlace(in.Before); err != nil {
		return nil, err
	}
	found, err := d.Regressions.Regressions(ctx, filter)
	if err != nil {
		return nil, err
	}
	probes, err := d.Probes.Probes(ctx)
	if err != nil {
		return nil, err
	}
	byName := map[string]monitor.Probe{}
	for _, p := range probes {
		byName[p.Name] = p
	}
	out := &regressionsOutput{}
	out.Body.Regressions = []regressionBody{}
	if len(found) > in.Limit {
		found = found[:in.Limit]
		out.Body.Next = placeText(found[in.Limit-1])
	}
	for _, r := range found {
		out.Body.Regressions = append(out.Body.Regressions, toRegressionBody(newFinding(r, byName[r.Name]), false))
	}
	return out, nil
}

// placeText says where a regression stands in their list: time, number and name.
func placeText(r monitor.Regression) string {
	return monitor.MomentKey(r.At, r.ID) + " " + r.Name
}

// readPlace reads what placeText wrote; "" is the list's beginning.
func readPlace(text string) (store.RegressionPlace, error) {
	if text == "" {
		return store.RegressionPlace{}, nil
	}
	day, rest, _ := strings.Cut(text, " ")
	number, name, _ := strings.Cut(rest, " ")
	at, err := time.Parse(time.RFC3339, day)
	id, wrong := strconv.ParseInt(number, 10, 64)
	if err != nil || wrong != nil || name == "" {
		return store.RegressionPlace{}, monitor.Invalid("before", "%q is not the next of a page before", monitor.Cut(text, 100))
	}
	return store.RegressionPlace{At: at, Name: name, ID: id}, nil
}

type regressionInput struct {
	ID int64 `path:"id" minimum:"1"`
}

type regressionOutput struct{ Body regressionBody }

func (d desk) apiRegression(ctx context.Context, in *regressionInput) (*regressionOutput, error) {
	r, err := d.Regressions.Regression(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	p, err := d.Probes.Probe(ctx, r.Name)
	return &regressionOutput{toRegressionBody(newFinding(r, p), true)}, err
}

type regressionJudgeInput struct {
	ID   int64 `path:"id" minimum:"1"`
	Body struct {
		Verdict string `json:"verdict,omitempty" enum:",true,noise" doc:"true, noise, or nothing to take it back"`
		Note    string `json:"note,omitempty" maxLength:"2000"`
	}
}

func (d desk) apiJudge(ctx context.Context, in *regressionJudgeInput) (*regressionOutput, error) {
	r, err := d.Regressions.Judge(ctx, in.ID, monitor.Verdict(in.Body.Verdict), in.Body.Note, d.Author(ctx), d.Now())
	if err != nil {
		return nil, err
	}
	d.Record(ctx, "regression.judge", "histogram/"+r.Name, r.At.Format(time.DateOnly)+": "+cmp.Or(in.Body.Verdict, "taken back"))
	d.Touch(r.Name)
	d.Changed()
	p, err := d.Probes.Probe(ctx, r.Name)
	return &regressionOutput{toRegressionBody(newFinding(r, p), false)}, err
}

type regressionPrecisionOutput struct {
	Body struct {
		Methods []regressionPrecisionBody `json:"methods"`
	}
}

type regressionPrecisionBody struct {
	Method    string   `json:"method"`
	True      int      `json:"true"`
	Noise     int      `json:"noise"`
	Unjudged  int      `json:"unjudged"`
	Precision *float64 `json:"precision,omitempty" doc:"true / (true + noise)"`
}

func (d desk) apiPrecision(ctx context.Context, _ *struct{}) (*regressionPrecisionOutput, error) {
	all, err := d.Regressions.RegressionPrecision(ctx)
	out := &regressionPrecisionOutput{}
	out.Body.Methods = []regressionPrecisionBody{}
	for _, p := range all {
		out.Body.Methods = append(out.Body.Methods, toPrecisionBody(p))
	}
	return out, err
}

func toPrecisionBody(p store.Precision) regressionPrecisionBody {
	b := regressionPrecisionBody{Method: p.Method, True: p.True, Noise: p.Noise, Unjudged: p.Unjudged}
	if n := p.True + p.Noise; n > 0 {
		share := float64(p.True) / float64(n)
		b.Precision = &share
	}
	return b
}

type histogramReminderBody struct {
	Histogram   string   `json:"histogram"`
	Version     string   `json:"version"`
	Date        string   `json:"date"`
	Watchers    []string `json:"watchers" nullable:"false"`
	Description string   `json:"description,omitempty"`
}

type histogramExpiringOutput struct {
	Body struct {
		Upcoming []histogramReminderBody `json:"upcoming" doc:"Those that expire within twelve weeks; parts have these first"`
		Expired  []histogramReminderBody `json:"expired"`
		Next     string                  `json:"next,omitempty" doc:"after of the next part; left out on the last"`
		Versions int                     `json:"versions" doc:"How many versions the calendar has; 0 without one"`
	}
}

func (d desk) apiExpiring(ctx context.Context, in *monitor.Part[string]) (*histogramExpiringOutput, error) {
	probes, err := d.Probes.Probes(ctx)
	if err != nil {
		return nil, err
	}
	calendar, _ := d.Calendar()
	today := d.Now().UTC().Truncate(24 * time.Hour)
	out := &histogramExpiringOutput{}
	out.Body.Versions = len(calendar)
	upcoming, expired := expiry.Upcoming(probes, calendar, today, soon), expiry.Expired(probes, calendar, today)
	part, next := monitor.PartAfter(slices.Concat(upcoming, expired), func(r expiry.Reminder) string {
		if r.Date.After(today) {
			return "1 " + r.Date.Format(time.DateOnly) + " " + r.Name
		}
		return "2 " + r.Name
	}, in.After, in.Limit)
	border := slices.IndexFunc(part, func(r expiry.Reminder) bool { return !r.Date.After(today) })
	if border < 0 {
		border = len(part)
	}
	out.Body.Upcoming, out.Body.Expired, out.Body.Next = toReminderBodies(part[:border]), toReminderBodies(part[border:]), next
	return out, nil
}

func toReminderBodies(all []expiry.Reminder) []histogramReminderBody {
	bodies := []histogramReminderBody{}
	for _, r := range all {
		bodies = append(bodies, histogramReminderBody{r.Name, r.Version, r.Date.Format(time.DateOnly), r.Watchers, r.Description})
	}
	return bodies
}
