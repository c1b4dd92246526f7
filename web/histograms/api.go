package histograms

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"wingmirror/histogram/cerberus"
	"wingmirror/histogram/encoding"
	"wingmirror/monitor"
)

type pushInput struct {
	Name    string `path:"name" maxLength:"200" doc:"Letters, digits and . _ - :"`
	RawBody []byte `contentType:"application/octet-stream" doc:"JSON: one histogram, or an array of them; see docs/histograms.md"`
}

type histogramPushOutput struct {
	Body struct {
		Name    string   `json:"name"`
		Periods []string `json:"periods" doc:"The beginnings of the periods that were stored"`
		Values  float64  `json:"values" doc:"How many values they count"`
	}
}

// maxPushed is how many periods one request may send.
const maxPushed = 1000

// push stores histograms that a program sends, all of them or none.
func (d desk) push(ctx context.Context, in *pushInput) (*histogramPushOutput, error) {
	all, err := encoding.Parse(in.RawBody)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 || len(all) > maxPushed {
		return nil, monitor.Invalid("body", "send between 1 and %d histograms at once", maxPushed)
	}
	probe := monitor.Probe{Name: in.Name}
	if stored, err := d.Probes.Probe(ctx, in.Name); err == nil {
		probe = stored
	}
	now := d.Now()
	var periods [2][]monitor.HistogramPeriod // replaced, added
	out := &histogramPushOutput{}
	out.Body.Name = in.Name
	for i, one := range all {
		p, err := period(one, probe, now)
		if err != nil {
			if len(all) > 1 {
				err = fmt.Errorf("histogram %d: %w", i+1, at(err, i))
			}
			return nil, err
		}
		way := 0
		if one.Add {
			way = 1
		}
		periods[way] = append(periods[way], p)
		out.Body.Periods = append(out.Body.Periods, p.At.Format(time.RFC3339))
		out.Body.Values += p.Total()
	}
	for way, some := range periods {
		if len(some) > 0 {
			if err := d.Periods.PutPeriods(ctx, in.Name, some, way == 1, now); err != nil {
				return nil, err
			}
		}
	}
	d.Touch(in.Name)
	d.Changed()
	return out, nil
}

// at puts the place in the array in front of the field.
func at(err error, i int) error {
	all := monitor.AllFieldErrors(err)
	if len(all) == 0 {
		return err
	}
	moved := *all[0]
	moved.Field = "[" + strconv.Itoa(i) + "]." + moved.Field
	return &moved
}

func period(one encoding.Pushed, probe monitor.Probe, now time.Time) (monitor.HistogramPeriod, error) {
	begin, span, err := one.Time(now)
	if err != nil {
		return monitor.HistogramPeriod{}, err
	}
	h, err := one.Histogram(func(lower []float64) []float64 { return cerberus.Edges(cmp.Or(probe.Kind, "linear"), lower) })
	return monitor.HistogramPeriod{At: begin, Span: span, Submissions: one.Submissions, Histogram: h}, err
}

type histogramProbeBody struct {
	Name        string            `json:"name" readOnly:"true" required:"false"`
	Version     int               `json:"version,omitempty" doc:"That this replaces; without it whatever is stored"`
	Description string            `json:"description,omitempty"`
	Kind        string            `json:"kind,omitempty" doc:"linear, exponential, enumerated, categorical, boolean, flag or count" example:"exponential"`
	Unit        string            `json:"unit,omitempty" example:"ms"`
	Better      string            `json:"better,omitempty" enum:",lower,higher" doc:"Which direction of change is welcome; empty when nobody can tell"`
	Owners      []string          `json:"owners,omitempty" nullable:"false" doc:"Mail addresses or other destinations that are told"`
	Expires     string            `json:"expires,omitempty" doc:"The version in which it expires; never if it does not"`
	Link        string            `json:"link,omitempty" doc:"A page about it elsewhere"`
	Group       string            `json:"group,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Ignored     string            `json:"ignored,omitempty" enum:",yes,no" doc:"yes: changes are recorded, and nobody is told"`
}

func toProbeBody(p monitor.Probe) histogramProbeBody {
	ignored := ""
	if p.Ignored {
		ignored = "yes"
	}
	return histogramProbeBody{p.Name, p.Version, p.Description, p.Kind, p.Unit, string(p.Better), p.Owners, p.Expires, p.Link, p.Group, p.Labels, ignored}
}

func (b histogramProbeBody) probe(name string) monitor.Probe {
	return monitor.Probe{
		Name: name, Version: b.Version, Description: b.Description, Kind: b.Kind, Unit: b.Unit, Better: monitor.Better(b.Better), Owners: b.Owners,
		Expires: b.Expires, Link: b.Link, Group: b.Group, Labels: b.Labels, Ignored: b.Ignored == "yes",
	}
}

type histogramListOutput struct {
	Body struct {
		Histograms []histogramListBody `json:"histograms"`
		Next       string              `json:"next,omitempty" doc:"after of the next part; left out on the last"`
	}
}

type histogramListBody struct {
	histogramProbeBody
	Periods int        `json:"periods" doc:"How many are stored"`
	Last    *time.Time `json:"last,omitempty" doc:"When the newest period begins"`
}

func (d desk) apiList(ctx context.Context, in *monitor.Part[string]) (*histogramListOutput, error) {
	probes, err := d.Probes.Probes(ctx)
	if err != nil {
		return nil, err
	}
	latest, err := d.Periods.HistogramsLatest(ctx)
	if err != nil {
		return nil, err
	}
	out := &histogramListOutput{}
	out.Body.Histograms = []histogramListBody{}
	probes, out.Body.Next = monitor.PartAfter(probes, func(p monitor.Probe) string { return p.Name }, in.After, in.Limit)
	for _, p := range probes {
		body := histogramListBody{histogramProbeBody: toProbeBody(p), Periods: latest[p.Name].Periods}
		if last := latest[p.Name].Last; !last.IsZero() {
			body.Last = &last
		}
		out.Body.Histograms = append(out.Body.Histograms, body)
	}
	return out, nil
}

type nameInput struct {
	Name  string `path:"name"`
	Since string `query:"since" format:"date" doc:"Only periods from this day on"`
}

// histogramBody has null for infinite edges, which JSON cannot write.
type histogramBody struct {
	Edges  []*float64 `json:"edges" nullable:"false" doc:"One more than counts; null is infinite"`
	Counts []float64  `json:"counts" nullable:"false"`
}

type histogramPeriodBody struct {
	At          time.Time `json:"at"`
	Period      string    `json:"period"`
	Submissions float64   `json:"submissions,omitempty"`
	histogramBody
}

func toHistogramBody(edges, counts []float64) histogramBody {
	b := histogramBody{Counts: counts}
	for _, e := range edges {
		if math.IsInf(e, 0) {
			b.Edges = append(b.Edges, nil)
		} else {
			b.Edges = append(b.Edges, &e)
		}
	}
	return b
}

type histogramProbeOutput struct {
	Body struct {
		histogramProbeBody
		Periods []histogramPeriodBody `json:"periods"`
	}
}

func (d desk) apiProbe(ctx context.Context, in *nameInput) (*histogramProbeOutput, error) {
	p, err := d.Probes.Probe(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	var since time.Time
	if in.Since != "" {
		if since, err = time.Parse(time.DateOnly, in.Since); err != nil {
			return nil, monitor.Invalid("since", "%q is no date; write YYYY-MM-DD", monitor.Cut(in.Since, 40))
		}
	}
	periods, err := d.Periods.Periods(ctx, in.Name, since)
	if err != nil {
		return nil, err
	}
	out := &histogramProbeOutput{}
	out.Body.histogramProbeBody, out.Body.Periods = toProbeBody(p), []histogramPeriodBody{}
	for _, one := range periods {
		out.Body.Periods = append(out.Body.Periods, histogramPeriodBody{one.At, spanText(one.Span), one.Submissions, toHistogramBody(one.Edges, one.Counts)})
	}
	return out, nil
}

type saveInput struct {
	Name string `path:"name"`
	Body histogramProbeBody
}

type savedOutput struct{ Body histogramProbeBody }

func (d desk) apiSave(ctx context.Context, in *saveInput) (*savedOutput, error) {
	edited := in.Body.probe(in.Name)
	if edited.Labels == nil { // the form has no field for them
		if stored, err := d.Probes.Probe(ctx, in.Name); err == nil {
			edited.Labels = stored.Labels
		}
	}
	p, err := d.Probes.SaveProbe(ctx, edited, d.Author(ctx), d.Now())
	if err != nil {
		return nil, err
	}
	d.Record(ctx, "histogram.update", p.Subject().String(), "version "+strconv.Itoa(p.Version))
	d.Touch(p.Name)
	d.Changed()
	return &savedOutput{toProbeBody(p)}, nil
}

type deleteInput struct {
	Name string `path:"name"`
}

func (d desk) apiDelete(ctx context.Context, in *deleteInput) (*struct{}, error) {
	p, err := d.Probes.Probe(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	if err := d.Probes.DeleteProbe(ctx, in.Name); err != nil {
		return nil, err
	}
	d.Record(ctx, "histogram.delete", p.Subject().String(), "")
	d.Changed()
	return nil, d.Retire(ctx, p, d.Author(ctx))
}

type definitionsInput struct {
	RawBody []byte `contentType:"application/octet-stream" doc:"JSON: one histogram, or an array of them; see docs/histograms.md"`
}

type histogramDefinitionsOutput struct {
	Body struct {
		Saved []string `json:"saved"`
	}
}

// apiDefinitions saves every probe of a definitions file. What the file does not
// say, such as labels, stays as it is.
func (d desk) apiDefinitions(ctx context.Context, in *definitionsInput) (*histogramDefinitionsOutput, error) {
	definitions, err := cerberus.ParseDefinitions(in.RawBody)
	if err != nil {
		return nil, err
	}
	out := &histogramDefinitionsOutput{}
	out.Body.Saved = []string{}
	stored, err := d.Probes.Probes(ctx)
	if err != nil {
		return nil, err
	}
	before := map[string]monitor.Probe{}
	for _, p := range stored {
		before[p.Name] = p
	}
	probes := make([]monitor.Probe, 0, len(definitions))
	for _, name := range definitions.Names() {
		p, old := definitions[name].Probe(name), before[name]
		p.Link, p.Group, p.Labels, p.Ignored = old.Link, old.Group, old.Labels, old.Ignored
		p.Unit, p.Better = cmp.Or(p.Unit, old.Unit), cmp.Or(p.Better, old.Better)
		if err := monitor.ValidateProbe(p); err != nil {
			return nil, fmt.Errorf("%s: %w", monitor.Cut(name, 100), err)
		}
		probes = append(probes, p)
	}
	for _, p := range probes {
		if _, err := d.Probes.SaveProbe(ctx, p, d.Author(ctx), d.Now()); err != nil {
			return nil, err
		}
		out.Body.Saved = append(out.Body.Saved, p.Name)
	}
	d.Record(ctx, "histogram.define", "histograms", strconv.Itoa(len(probes))+" definitions")
	d.Changed()
	return out, nil
}

// spanText is the length of a period as it is sent: 1d, 60m.
func spanText(d time.Duration) string {
	const day = 24 * time.Hour
	return monitor.Span{Days: int(d / day), Time: d % day}.String()
}
