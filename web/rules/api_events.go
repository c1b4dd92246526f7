package rules

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"wingmirror/event"
	"wingmirror/monitor"
)

type eventPushInput struct {
	Encoding string `header:"Content-Encoding" doc:"gzip, or left out"`
	RawBody  []byte `contentType:"application/octet-stream" doc:"JSON: one event, an array of events, or one on each line (NDJSON)"`
}

type eventSetAsideBody struct {
	Index  int    `json:"index" doc:"Place in the batch, from 0"`
	Line   int    `json:"line" doc:"Where it begins, from 1"`
	Reason string `json:"reason"`
}

type eventPushOutput struct {
	Body struct {
		Accepted   int                 `json:"accepted"`
		Duplicates int                 `json:"duplicates" doc:"Whose id came before: they count once"`
		SetAside   []eventSetAsideBody `json:"set_aside" doc:"Those that cannot be used, and why"`
		More       int                 `json:"more_set_aside,omitempty" doc:"How many more cannot be used, when there are very many"`
	}
}

// push takes events in. Where none of them can be used, that is the answer.
func (d desk) push(ctx context.Context, in *eventPushInput) (*eventPushOutput, error) {
	data, err := unpacked(in.Encoding, bytes.NewReader(in.RawBody))
	if err != nil {
		return nil, err
	}
	return d.take(ctx, data)
}

// maxPush is how many bytes of events one request may bring, unpacked.
const maxPush = 16 << 20

// pushPage is push for senders that name whatever type of content they like, and
// may pack it.
func (d desk) pushPage(w http.ResponseWriter, r *http.Request) error {
	data, err := unpacked(r.Header.Get("Content-Encoding"), r.Body)
	if err != nil {
		return err
	}
	out, err := d.take(r.Context(), data)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(out.Body)
}

// unpacked reads a body that may be packed.
func unpacked(encoding string, body io.Reader) ([]byte, error) {
	switch strings.ToLower(encoding) {
	case "", "identity":
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, monitor.Invalid("body", "it is not packed with gzip, as its Content-Encoding says")
		}
		body = z
	default:
		return nil, &huma.ErrorModel{
			Status: http.StatusUnsupportedMediaType, Title: "Unknown Content-Encoding",
			Detail: fmt.Sprintf("Events packed with %s cannot be read: pack them with gzip, or not at all.", monitor.Cut(encoding, 40)),
		}
	}
	data, err := io.ReadAll(io.LimitReader(body, maxPush+1))
	switch {
	case err != nil:
		return nil, monitor.Invalid("body", "it was cut off: %v", err)
	case len(data) > maxPush:
		return nil, &huma.ErrorModel{
			Status: http.StatusRequestEntityTooLarge, Title: "Too large",
			Detail: fmt.Sprintf("One request may bring %d MB of events: send them in several.", maxPush>>20),
		}
	}
	return data, nil
}

func (d desk) take(ctx context.Context, data []byte) (*eventPushOutput, error) {
	batch, err := event.Decode(data)
	if err != nil {
		return nil, err
	}
	if len(batch.Events)+len(batch.Bad) == 0 {
		return nil, monitor.Invalid("events", `the body holds no event; send for example {"service": "Inbox", "component": "Load5mAvg", "server": "inbox1", "value": 3.2, "timestamp": 1700000000, "active": true}`)
	}
	receipt, err := d.Live.Push(ctx, batch)
	if err != nil {
		return nil, fmt.Errorf("take events in: %w", err)
	}
	if receipt.Accepted+receipt.Duplicates == 0 {
		var all monitor.FieldErrors
		for _, bad := range receipt.SetAside {
			wrong := monitor.Invalid(fmt.Sprintf("events[%d]", bad.Index), "%s", bad.Reason)
			wrong.Line = bad.Line
			all = append(all, wrong)
		}
		return nil, all
	}
	out := &eventPushOutput{}
	out.Body.More = receipt.More
	out.Body.Accepted, out.Body.Duplicates, out.Body.SetAside = receipt.Accepted, receipt.Duplicates, []eventSetAsideBody{}
	for _, bad := range receipt.SetAside {
		out.Body.SetAside = append(out.Body.SetAside, eventSetAsideBody(bad))
	}
	return out, nil
}

const (
	shownEvents = 100
	mostEvents  = 1000
)

type eventSearchInput struct {
	Service   string    `query:"service"`
	Component string    `query:"component"`
	Server    string    `query:"server"`
	Text      string    `query:"q" doc:"Somewhere in the event's JSON"`
	From      time.Time `query:"from" doc:"Timestamps at or after this"`
	Until     time.Time `query:"until" doc:"Timestamps before this"`
	Before    int64     `query:"before" doc:"Only events that came before the one of this seq: the next page"`
	Limit     int       `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

type pushedEventBody struct {
	Seq      int64           `json:"seq"`
	Received time.Time       `json:"received_at"`
	Event    json.RawMessage `json:"event" doc:"As it was sent"`
}

type eventSearchOutput struct {
	Body struct {
		Events []pushedEventBody `json:"events"`
		Next   int64             `json:"next,omitempty" doc:"before of the next page; left out on the last"`
	}
}

func (d desk) search(ctx context.Context, in *eventSearchInput) (*eventSearchOutput, error) {
	limit := min(max(in.Limit, 1), mostEvents)
	found, err := d.Store.Events(ctx, monitor.EventFilter{
		From: in.From, Until: in.Until, Service: in.Service, Component: in.Component, Server: in.Server, Text: strings.TrimSpace(in.Text),
		Before: in.Before, Limit: limit + 1,
	})
	if err != nil {
		return nil, err
	}
	out := &eventSearchOutput{}
	found, out.Body.Next = monitor.PartBefore(found, func(e monitor.PushedEvent) int64 { return e.Seq }, in.Before, limit)
	out.Body.Events = make([]pushedEventBody, len(found))
	for i, e := range found {
		out.Body.Events[i] = pushedEventBody{Seq: e.Seq, Received: e.Received, Event: e.Body}
	}
	return out, nil
}

type eventSeriesInput struct {
	Service   string    `query:"service" required:"true"`
	Component string    `query:"component" required:"true"`
	From      time.Time `query:"from" doc:"Default: an hour before until"`
	Until     time.Time `query:"until" doc:"Default: now"`
}

type eventSeriesBody struct {
	Label  string   `json:"label" doc:"The server; of a cluster the service"`
	Points [][2]any `json:"points" doc:"Pairs of seconds since the epoch and a value, null for none"`
}

type eventSeriesOutput struct {
	Body struct {
		From   int64             `json:"from"`
		Until  int64             `json:"until"`
		Step   int64             `json:"step" doc:"Seconds; values within one are averaged"`
		Series []eventSeriesBody `json:"series"`
	}
}

func (d desk) series(ctx context.Context, in *eventSeriesInput) (*eventSeriesOutput, error) {
	until := in.Until
	if until.IsZero() {
		until = d.h.Now()
	}
	from := in.From
	if from.IsZero() {
		from = until.Add(-time.Hour)
	}
	if !from.Before(until) {
		return nil, monitor.Invalid("from", "it must be before until")
	}
	window := monitor.Window{From: from.Unix(), Until: until.Unix()}
	const points = 1440 // on a chart: the minutes of a day, which is how often agents push
	step := max(1, (window.Until-window.From)/points)
	found, err := event.Series(ctx, d.Store, in.Service, in.Component, window, step)
	if err != nil {
		return nil, err
	}
	out := &eventSeriesOutput{}
	out.Body.From, out.Body.Until, out.Body.Step, out.Body.Series = window.From, window.Until, step, []eventSeriesBody{}
	for _, s := range found {
		body := eventSeriesBody{Label: s.Label, Points: [][2]any{}}
		for i, v := range s.Values {
			if v == v { // a chart joins what has no value between
				body.Points = append(body.Points, [2]any{s.Time(i), v})
			}
		}
		out.Body.Series = append(out.Body.Series, body)
	}
	return out, nil
}
