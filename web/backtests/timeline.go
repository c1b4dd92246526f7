package backtests

import (
	"context"
	"math"
	"strconv"
	"time"

	"wingmirror/monitor"
	"wingmirror/scheduler/backtest"
	"wingmirror/store"
)

type timelineInput struct {
	ID    int64     `path:"id" minimum:"1"`
	From  time.Time `query:"from" doc:"Default: a day before until"`
	Until time.Time `query:"until" doc:"Default: now"`
}

type timelineOutput struct {
	Body struct {
		From      time.Time             `json:"from"`
		Until     time.Time             `json:"until"`
		Runs      int                   `json:"runs"`
		Lane      []backtest.SpanReport `json:"lane" doc:"What runs saw; the worst of each stretch when it changes too often"`
		Incidents []timelineIncident    `json:"incidents"`
		Labels    []labelBody           `json:"labels"`
		Recorded  []time.Time           `json:"recorded" doc:"Runs that can be made again, at most 500 of them"`
	}
}

type timelineIncident struct {
	ID       int64      `json:"id"`
	OpenedAt time.Time  `json:"opened_at"`
	ClosedAt *time.Time `json:"closed_at,omitempty"`
	Level    string     `json:"level"`
	Message  string     `json:"message"`
}

const (
	mostTimeline = 400 * 24 * time.Hour
	mostRecorded = 500
)

func (d desk) timeline(ctx context.Context, in *timelineInput) (*timelineOutput, error) {
	from, until := in.From, in.Until
	if until.IsZero() {
		until = d.Now()
	}
	if from.IsZero() {
		from = until.Add(-24 * time.Hour)
	}
	if !from.Before(until) || until.Sub(from) > mostTimeline {
		return nil, monitor.Invalid("from", "give a range of at most %d days that ends after it begins", int(mostTimeline.Hours()/24))
	}
	times, seen, err := d.Past.Seen(ctx, in.ID, from, until)
	if err != nil {
		return nil, err
	}
	out := &timelineOutput{}
	b := &out.Body
	b.From, b.Until, b.Runs = from.UTC(), until.UTC(), len(times)
	b.Lane = backtest.Lane(times, seen, from, until)
	if b.Incidents, err = d.incidentsBetween(ctx, in.ID, from, until); err != nil {
		return nil, err
	}
	labels, err := d.Labels.LabelsOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	b.Labels = []labelBody{}
	for _, l := range labels {
		if l.Overlaps(from, until) {
			b.Labels = append(b.Labels, toLabel(l))
		}
	}
	if b.Recorded, err = d.Recordings.RecordedAt(ctx, in.ID, from, until); err != nil {
		return nil, err
	}
	b.Recorded = b.Recorded[max(0, len(b.Recorded)-mostRecorded):]
	return out, nil
}

// mostIncidents is how many incidents of a monitor a timeline looks through.
const mostIncidents = 1000

func (d desk) incidentsBetween(ctx context.Context, id int64, from, until time.Time) ([]timelineIncident, error) {
	all, err := d.Past.Incidents(ctx, store.IncidentFilter{Subject: monitor.MonitorSubject(id), Limit: mostIncidents})
	shown := []timelineIncident{}
	for _, i := range all {
		if i.OpenedAt.After(until) || !i.ClosedAt.IsZero() && i.ClosedAt.Before(from) {
			continue
		}
		one := timelineIncident{ID: i.ID, OpenedAt: i.OpenedAt.UTC(), Level: i.Level.String(), Message: i.Message}
		if !i.ClosedAt.IsZero() {
			closed := i.ClosedAt.UTC()
			one.ClosedAt = &closed
		}
		shown = append(shown, one)
	}
	return shown, err
}

type recordingInput struct {
	ID int64     `path:"id" minimum:"1"`
	At time.Time `path:"at" doc:"The scheduled time"`
}

type recordingOutput struct {
	Body struct {
		Monitor  int64             `json:"monitor"`
		At       time.Time         `json:"at"`
		Version  int               `json:"version"`
		From     int64             `json:"from" doc:"Of the window, in seconds since the epoch; excluded"`
		Until    int64             `json:"until"`
		Previous previousBody      `json:"previous" doc:"What the script could know of the run before"`
		Library  string            `json:"library" doc:"Hash of the helper files; empty for none"`
		Program  string            `json:"program" doc:"Version of the program that made the run"`
		Digest   string            `json:"digest" doc:"Of the result"`
		Targets  []recordingTarget `json:"targets"`
	}
}

type previousBody struct {
	Level   string `json:"level"`
	Since   int64  `json:"since" doc:"Seconds since the epoch; 0 before the first run"`
	Runs    int    `json:"runs"`
	Message string `json:"message"`
}

type recordingTarget struct {
	Target string            `json:"target"`
	Status string            `json:"status"`
	Reason string            `json:"reason"`
	Series []recordingSeries `json:"series"`
}

type recordingSeries struct {
	Label  string   `json:"label"`
	Start  int64    `json:"start"`
	Step   int64    `json:"step"`
	Values []number `json:"values"`
}

// number is a value as JSON can hold it: what is no number is null.
type number float64

// MarshalJSON writes null for what JSON has no word for.
func (n number) MarshalJSON() ([]byte, error) {
	v := float64(n)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, v, 'g', -1, 64), nil
}

func (d desk) recording(ctx context.Context, in *recordingInput) (*recordingOutput, error) {
	rec, err := d.Recordings.Recording(ctx, in.ID, in.At)
	if err != nil {
		return nil, err
	}
	out := &recordingOutput{}
	b := &out.Body
	b.Monitor, b.At, b.Version, b.From, b.Until = rec.Monitor, rec.At.UTC(), rec.Version, rec.Window.From, rec.Window.Until
	b.Library, b.Program, b.Digest = rec.Library, rec.Program, rec.Digest
	b.Previous = previousBody{Level: rec.Previous.Level.String(), Runs: rec.Previous.Runs, Message: rec.Previous.Message}
	if !rec.Previous.Since.IsZero() {
		b.Previous.Since = rec.Previous.Since.Unix()
	}
	b.Targets = []recordingTarget{}
	for _, t := range rec.Targets {
		one := recordingTarget{Target: t.Target, Status: string(t.Status), Reason: t.Reason, Series: []recordingSeries{}}
		for _, s := range t.Series {
			values := make([]number, len(s.Values))
			for i, v := range s.Values {
				values[i] = number(v)
			}
			one.Series = append(one.Series, recordingSeries{Label: s.Label, Start: s.Start, Step: s.Step, Values: values})
		}
		b.Targets = append(b.Targets, one)
	}
	return out, nil
}
