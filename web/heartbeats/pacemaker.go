package heartbeats

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"time"

	"wingmirror/heartbeat"
	"wingmirror/monitor"
	"wingmirror/web"
)

// PacemakerBook is what Pacemaker's API needs of heartbeats.
type PacemakerBook interface {
	Taker
	List(space string) []heartbeat.View
	Get(ref monitor.HeartbeatRef) (heartbeat.View, error)
	Delete(ctx context.Context, ref monitor.HeartbeatRef, author string) error
	Vote(ctx context.Context, ref monitor.HeartbeatRef, up bool, author string) error
}

// BeatLog reads beats.
type BeatLog interface {
	Beats(ctx context.Context, id int64, limit int) ([]monitor.Beat, error)
}

// Pacemaker serves Pacemaker's own API to its clients: the same requests and
// answers, but for what docs/heartbeats.md lists.
type Pacemaker struct {
	Book PacemakerBook
	Keys KeyRing
	Beat BeatLog
	Log  *slog.Logger
}

const (
	pacemakerRows = 501     // of a history
	maxPacemaker  = 1 << 20 // bytes of a request
	byPacemaker   = "a client of Pacemaker's API"
)

// Handler serves the API below a base path, "" for the root.
func (p Pacemaker) Handler(base string) http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, serve func(w http.ResponseWriter, r *http.Request) error) {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" "+base+path, func(w http.ResponseWriter, r *http.Request) {
			web.TimedBody(w, r)
			r.Body = http.MaxBytesReader(w, r.Body, maxPacemaker)
			if err := serve(w, r); err != nil {
				p.refuse(w, r, err)
			}
		})
	}
	if base != "" {
		handle("GET ", p.alive)
		handle("POST ", p.beat(""))
	}
	handle("GET /{$}", p.alive)
	handle("POST /{$}", p.beat(""))
	handle("POST /http", p.beat("http"))
	handle("POST /vote", p.vote)
	handle("GET /heartbeats", p.list)
	handle("DELETE /heartbeats", p.delete)
	handle("GET /history", p.history)
	handle("POST /echo", p.echo)
	return mux
}

func (p Pacemaker) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if limit, ok := errors.AsType[*http.MaxBytesError](err); ok {
		http.Error(w, fmt.Sprintf("the request has more than %d bytes", limit.Limit), http.StatusRequestEntityTooLarge)
		return
	}
	answerError(w, r, p.Log, err)
}

func (p Pacemaker) alive(w http.ResponseWriter, _ *http.Request) error { return text(w, "OK") }

func (p Pacemaker) echo(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	p.Log.Debug("echo", "body", monitor.Cut(string(body), 1000))
	if err != nil {
		return err
	}
	return text(w, "ok")
}

func text(w http.ResponseWriter, s string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err := io.WriteString(w, s)
	return err
}

// pacemakerBeat is a heartbeat as Pacemaker's clients send it and get it back.
type pacemakerBeat struct {
	APIKey       *string  `json:"api_key"`
	Check        *string  `json:"check"`
	State        *string  `json:"state"`
	TTL          *int64   `json:"ttl"`
	Elapsed      *int64   `json:"elapsed"`
	Tags         []string `json:"tags"`
	Summary      *string  `json:"summary"`
	Type         *string  `json:"heartbeat_type"`
	TransitionTo *string  `json:"transition_to"`
	Metric       *float64 `json:"metric"`
}

const heartbeatType = "heartbeat"

func decode(r *http.Request, into any) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return err
		}
		return monitor.Invalid("body", "it broke off after %d bytes", len(body))
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(into); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return monitor.Invalid(wrong.Field, "a %s is not understood there; a %s is wanted", wrong.Value, jsonType(wrong.Type.String()))
		}
		return monitor.Invalid("body", "it is not a JSON object: %v", err)
	}
	if d.More() {
		return monitor.Invalid("body", "there is more behind the JSON object")
	}
	return nil
}

func jsonType(goType string) string {
	switch strings.TrimLeft(goType, "*[]") {
	case "string":
		return "text"
	case "int64":
		return "whole number"
	case "float64":
		return "number"
	}
	return "JSON object"
}

// beat takes a heartbeat. What is wrong with it is said before what is wrong with
// its key.
func (p Pacemaker) beat(kind string) func(w http.ResponseWriter, r *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		var b pacemakerBeat
		if err := decode(r, &b); err != nil {
			return err
		}
		if err := b.validate(); err != nil {
			return err
		}
		key, err := p.Keys.Find(*b.APIKey)
		if err != nil {
			return err
		}
		if kind != "" {
			b.Type = &kind
		}
		a, err := b.arrival(key)
		if err != nil {
			return err
		}
		v, err := p.Book.Take(r.Context(), a)
		if err != nil {
			return err
		}
		writeJSON(w, http.StatusOK, map[string]string{"status": v.Word})
		return nil
	}
}

func (b *pacemakerBeat) validate() error {
	known := b.State != nil && (*b.State == heartbeat.StateOK || *b.State == heartbeat.StateCritical)
	switch {
	case b.APIKey == nil:
		return monitor.Invalid("api_key", "it is missing")
	case b.Check == nil || *b.Check == "":
		return monitor.Invalid("check", "it is missing")
	case !known && (b.State != nil || b.Metric == nil):
		return monitor.Invalid("state", "not a valid state value, should be OK or CRITICAL or include a metric number")
	case b.TTL != nil && *b.TTL > maxTTL:
		return monitor.Invalid("ttl", "%d is more than ten years of seconds", *b.TTL)
	}
	return nil
}

const maxTTL = 10 * 366 * 24 * 3600 // seconds

func (b *pacemakerBeat) arrival(key monitor.HeartbeatKey) (heartbeat.Arrival, error) {
	ref := monitor.HeartbeatRef{Space: key.Space, Name: *b.Check}
	a := heartbeat.Arrival{Ref: ref, Kind: monitor.BeatOK, Metric: b.Metric, TTL: b.TTL, Transition: b.TransitionTo, Quota: key.Quota}
	if b.State != nil {
		a.State = *b.State
		if a.State == heartbeat.StateCritical {
			a.Kind = monitor.BeatFail
		}
	}
	if b.Summary != nil {
		a.Note = *b.Summary
	}
	if b.Elapsed != nil && *b.Elapsed > 0 && *b.Elapsed < math.MaxInt64/int64(time.Millisecond) {
		a.Took = time.Duration(*b.Elapsed) * time.Millisecond
	}
	kept := *b
	kept.APIKey = nil // whoever may read this is not to learn the sender's key
	if kept.Type == nil {
		kept.Type = new(heartbeatType)
	}
	var err error
	a.Payload, err = json.Marshal(kept)
	return a, err
}

func (p Pacemaker) space(r *http.Request) (string, error) {
	query := r.URL.Query()
	if !query.Has("api_key") {
		return "", monitor.Invalid("api_key", "it is missing")
	}
	key, err := p.Keys.Find(query.Get("api_key"))
	return key.Space, err
}

// check is the heartbeat that a query names.
func (p Pacemaker) check(r *http.Request) (monitor.HeartbeatRef, error) {
	space, err := p.space(r)
	if err != nil {
		return monitor.HeartbeatRef{}, err
	}
	name := r.URL.Query().Get("check")
	if name == "" {
		return monitor.HeartbeatRef{}, monitor.Invalid("check", "it is missing")
	}
	return monitor.HeartbeatRef{Space: space, Name: name}, nil
}

// storedBeat is one row of the list of heartbeats.
type storedBeat struct {
	Beat     json.RawMessage `json:"heartBeat"`
	Expires  int64           `json:"expires"`
	LastSeen int64           `json:"lastSeen"`
	State    string          `json:"calculatedState"`
}

// list gives the newest beat of each check; with type=http those that came to
// /http, otherwise all others.
func (p Pacemaker) list(w http.ResponseWriter, r *http.Request) error {
	space, err := p.space(r)
	if err != nil {
		return err
	}
	wanted := r.URL.Query().Get("type")
	all := []storedBeat{}
	for _, v := range p.Book.List(space) {
		row, kind, err := toStored(v)
		if err != nil {
			return err
		}
		if wanted == kind || wanted == "" && kind != "http" {
			all = append(all, row)
		}
	}
	writeJSON(w, http.StatusOK, all)
	return nil
}

// toStored writes a heartbeat as Pacemaker stored it. One that never expires does
// so, in its way, a second before it was seen.
func toStored(v heartbeat.View) (storedBeat, string, error) {
	payload := v.State.Payload
	if len(payload) == 0 {
		var err error
		payload, err = json.Marshal(pacemakerBeat{Check: &v.Heartbeat.Name, State: &v.State.Word, Type: new(heartbeatType)})
		if err != nil {
			return storedBeat{}, "", err
		}
	}
	var fields pacemakerBeat
	if err := json.Unmarshal(payload, &fields); err != nil {
		return storedBeat{}, "", err
	}
	kind := heartbeatType
	if fields.Type != nil {
		kind = *fields.Type
	}
	row := storedBeat{Beat: payload, LastSeen: v.State.Seen.Unix(), Expires: v.State.Deadline.Unix(), State: v.State.Word}
	if v.State.Deadline.IsZero() {
		row.Expires = row.LastSeen - 1
	}
	if v.State.Seen.IsZero() {
		row.LastSeen, row.Expires, row.State = 0, 0, heartbeat.StateUnknown
	}
	return row, kind, nil
}

// delete removes a check; one that is not there is deleted already.
func (p Pacemaker) delete(w http.ResponseWriter, r *http.Request) error {
	ref, err := p.check(r)
	if err != nil {
		return err
	}
	if err := p.Book.Delete(r.Context(), ref, byPacemaker); err != nil && !errors.Is(err, monitor.ErrNotFound) {
		return err
	}
	return text(w, "OK")
}

// historyRow is one row of a check's history.
type historyRow struct {
	Current   *float64 `json:"current"`
	Predicted *float64 `json:"predicted"`
	Timestamp int64    `json:"timestamp"`
	State     string   `json:"state"`
}

func (p Pacemaker) history(w http.ResponseWriter, r *http.Request) error {
	ref, err := p.check(r)
	if err != nil {
		return err
	}
	rows := []historyRow{}
	v, err := p.Book.Get(ref)
	if err == nil {
		var beats []monitor.Beat
		if beats, err = p.Beat.Beats(r.Context(), v.Heartbeat.ID, 0); err != nil {
			return err
		}
		rows = toHistory(beats)
	} else if !errors.Is(err, monitor.ErrNotFound) {
		return err
	}
	writeJSON(w, http.StatusOK, rows)
	return nil
}

func toHistory(beats []monitor.Beat) []historyRow {
	rows := []historyRow{}
	for _, b := range beats {
		if b.Kind == monitor.BeatStart || b.Kind == monitor.BeatLog || len(rows) == pacemakerRows {
			continue
		}
		row := historyRow{Current: b.Metric, Timestamp: b.At.Unix(), State: b.Word}
		if b.Reading != nil && !math.IsNaN(b.Reading.Expected) {
			row.Predicted = &b.Reading.Expected
		}
		rows = append(rows, row)
	}
	return rows
}

// vote takes a word on the newest alert. It is ignored for a check that nobody
// knows, as one that never alerted is.
func (p Pacemaker) vote(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		APIKey *string `json:"api_key"`
		Check  *string `json:"check"`
		Vote   string  `json:"vote"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	switch {
	case in.APIKey == nil:
		return monitor.Invalid("api_key", "it is missing")
	case in.Check == nil:
		return monitor.Invalid("check", "it is missing")
	case in.Vote != "up" && in.Vote != "down":
		return monitor.Invalid("vote", "not a valid vote, should be 'up' or 'down'")
	}
	key, err := p.Keys.Find(*in.APIKey)
	if err != nil {
		return err
	}
	ref := monitor.HeartbeatRef{Space: key.Space, Name: *in.Check}
	if err := p.Book.Vote(r.Context(), ref, in.Vote == "up", byPacemaker); err != nil && !errors.Is(err, monitor.ErrNotFound) {
		return err
	}
	writeJSON(w, http.StatusOK, []string{})
	return nil
}
