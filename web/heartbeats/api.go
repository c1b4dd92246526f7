package heartbeats

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"wingmirror/heartbeat"
	"wingmirror/monitor"
)

// HeartbeatKeyPath names a heartbeat. It is exported, since only such parts of an input
// are seen as parameters.
type HeartbeatKeyPath struct {
	Key string `path:"key" doc:"SPACE/NAME, with the slash written as %2F" example:"ops%2Fbackup"`
}

type heartbeatOutput struct{ Body heartbeatBody }

// output shows destinations without their keys to those who may not change them.
func (s desk) output(ctx context.Context, v heartbeat.View) *heartbeatOutput {
	return &heartbeatOutput{Body: toBody(v, s.shown(ctx, v.Heartbeat.Alerts))}
}

func (s desk) shown(ctx context.Context, alerts []string) []string {
	all := make([]string, len(alerts))
	for i, text := range alerts {
		if all[i] = text; !s.h.May(ctx, monitor.RoleEditor) {
			all[i] = monitor.Destination(text).Redacted()
		}
	}
	return all
}

type heartbeatsInput struct {
	monitor.Part[string]
	Space string `query:"space" doc:"Only heartbeats of this space"`
	Level string `query:"level" enum:"ok,warning,critical,unknown" doc:"Only heartbeats at this level"`
}

type heartbeatsOutput struct {
	Body struct {
		Heartbeats []heartbeatBody `json:"heartbeats"`
		Next       string          `json:"next,omitempty" doc:"after of the next part; left out on the last"`
	}
}

func (s desk) list(ctx context.Context, in *heartbeatsInput) (*heartbeatsOutput, error) {
	out := &heartbeatsOutput{}
	out.Body.Heartbeats = []heartbeatBody{}
	all := slices.DeleteFunc(s.Book.List(in.Space), func(v heartbeat.View) bool { return in.Level != "" && v.State.Level.String() != in.Level })
	all, out.Body.Next = monitor.PartAfter(all, func(v heartbeat.View) string { return v.Heartbeat.Space + "/" + v.Heartbeat.Name }, in.After, in.Limit)
	for _, v := range all {
		out.Body.Heartbeats = append(out.Body.Heartbeats, s.output(ctx, v).Body)
	}
	return out, nil
}

func (s desk) get(ctx context.Context, in *HeartbeatKeyPath) (*heartbeatOutput, error) {
	v, err := s.find(in.Key)
	if err != nil {
		return nil, err
	}
	return s.output(ctx, v), nil
}

func (s desk) find(key string) (heartbeat.View, error) {
	ref, err := refOf(key)
	if err != nil {
		return heartbeat.View{}, err
	}
	return s.Book.Get(ref)
}

type createHeartbeatInput struct {
	Body struct {
		HeartbeatChange
		Space string `json:"space" required:"true"`
	}
}

func (s desk) create(ctx context.Context, in *createHeartbeatInput) (*heartbeatOutput, error) {
	h, err := in.Body.apply(monitor.Heartbeat{Space: in.Body.Space, Active: true})
	if err != nil {
		return nil, err
	}
	return s.save(ctx, h, "heartbeat.create", "")
}

type changeHeartbeatInput struct {
	HeartbeatKeyPath
	Body HeartbeatChange
}

func (s desk) change(ctx context.Context, in *changeHeartbeatInput) (*heartbeatOutput, error) {
	v, err := s.find(in.Key)
	if err != nil {
		return nil, err
	}
	if in.Body.Version != 0 && in.Body.Version != v.Heartbeat.Version {
		return nil, fmt.Errorf("%w: it was changed by somebody else meanwhile (version %d, yours is %d)", monitor.ErrConflict, v.Heartbeat.Version, in.Body.Version)
	}
	h, err := in.Body.apply(v.Heartbeat)
	if err != nil {
		return nil, err
	}
	return s.save(ctx, h, "heartbeat.update", "")
}

func (s desk) save(ctx context.Context, h monitor.Heartbeat, action, detail string) (*heartbeatOutput, error) {
	if s.Checked != nil {
		if err := s.Checked(h.Alerts); err != nil {
			return nil, err
		}
	}
	saved, err := s.Book.Save(ctx, h, s.h.Author(ctx))
	if err != nil {
		return nil, err
	}
	return s.changed(ctx, saved, action, detail)
}

// changed is the answer after somebody changed a heartbeat.
func (s desk) changed(ctx context.Context, saved monitor.Heartbeat, action, detail string) (*heartbeatOutput, error) {
	s.h.Record(ctx, action, saved.Subject().String(), detail)
	v, err := s.Book.Get(saved.Ref())
	if err != nil {
		return nil, err
	}
	return s.output(ctx, v), nil
}

func (s desk) delete(ctx context.Context, in *HeartbeatKeyPath) (*struct{}, error) {
	ref, err := refOf(in.Key)
	if err != nil {
		return nil, err
	}
	if err := s.Book.Delete(ctx, ref, s.h.Author(ctx)); err != nil {
		return nil, err
	}
	s.h.Record(ctx, "heartbeat.delete", string(monitor.KindHeartbeat)+"/"+in.Key, "")
	return nil, nil
}

func (s desk) pin(ctx context.Context, in *HeartbeatKeyPath) (*heartbeatOutput, error) {
	ref, err := refOf(in.Key)
	if err != nil {
		return nil, err
	}
	saved, err := s.Book.Pin(ctx, ref, s.h.Author(ctx))
	if err != nil {
		return nil, err
	}
	return s.changed(ctx, saved, "heartbeat.pin", scheduleText(saved.Schedule))
}

type voteHeartbeatInput struct {
	HeartbeatKeyPath
	Body struct {
		Vote string `json:"vote" enum:"up,down" doc:"up: it was useful; down: it was noise"`
	}
}

func (s desk) vote(ctx context.Context, in *voteHeartbeatInput) (*struct{}, error) {
	ref, err := refOf(in.Key)
	if err != nil {
		return nil, err
	}
	if err := s.Book.Vote(ctx, ref, in.Body.Vote == "up", s.h.Author(ctx)); err != nil {
		return nil, err
	}
	s.h.Record(ctx, "heartbeat.vote", string(monitor.KindHeartbeat)+"/"+in.Key, in.Body.Vote)
	return nil, nil
}

type beatsInput struct {
	HeartbeatKeyPath
	Limit int `query:"limit" minimum:"0" maximum:"1000" doc:"At most so many; 0 is 100"`
}

type beatsOutput struct {
	Body struct {
		Beats []beatBody `json:"beats"`
	}
}

func (s desk) beats(ctx context.Context, in *beatsInput) (*beatsOutput, error) {
	v, err := s.find(in.Key)
	if err != nil {
		return nil, err
	}
	all, err := s.Past.Beats(ctx, v.Heartbeat.ID, cmp.Or(in.Limit, 100))
	if err != nil {
		return nil, err
	}
	out := &beatsOutput{}
	out.Body.Beats = make([]beatBody, len(all))
	for i, b := range all {
		out.Body.Beats[i] = toBeatBody(b)
	}
	return out, nil
}

type sendBeatInput struct {
	HeartbeatKeyPath
	Body struct {
		Kind   string   `json:"kind" required:"false" enum:"ok,fail,start,log" doc:"Left out: ok, or fail when the exit status is not 0"`
		Code   *int     `json:"exit_status" required:"false" minimum:"0" maximum:"255"`
		Run    string   `json:"run" required:"false" doc:"Pairs a start with its end"`
		Took   float64  `json:"took" required:"false" minimum:"0" maximum:"100000000" doc:"Seconds"`
		Metric *float64 `json:"metric" required:"false"`
		Text   string   `json:"text" required:"false" maxLength:"100000"`
	}
}

type sendBeatOutput struct{ Body beatVerdictBody }

// send takes a beat from whoever may send one by a token or a login.
func (s desk) send(ctx context.Context, in *sendBeatInput) (*sendBeatOutput, error) {
	ref, err := refOf(in.Key)
	if err != nil {
		return nil, err
	}
	kind := monitor.BeatKind(in.Body.Kind)
	if kind == "" {
		if kind = monitor.BeatOK; in.Body.Code != nil && *in.Body.Code != 0 {
			kind = monitor.BeatFail
		}
	}
	body := []byte(in.Body.Text)
	v, err := s.Book.Take(ctx, heartbeat.Arrival{
		Ref: ref, Kind: kind, Code: in.Body.Code, Run: in.Body.Run, Took: time.Duration(in.Body.Took * float64(time.Second)),
		Metric: in.Body.Metric, Body: body, Note: noteOf(kind, body),
	})
	if err != nil {
		return nil, err
	}
	return &sendBeatOutput{Body: toVerdictBody(v)}, nil
}

type heartbeatEventsInput struct {
	HeartbeatKeyPath
	What  string    `query:"what" enum:"flip,relearned,away,changed" doc:"Only these"`
	From  time.Time `query:"from" doc:"Only what happened at or after this"`
	Until time.Time `query:"until" doc:"Only what happened before this"`
	Limit int       `query:"limit" minimum:"0" maximum:"500" doc:"At most so many; 0 is 100"`
}

func (in *heartbeatEventsInput) wants(e monitor.HeartbeatEvent) bool {
	return (in.What == "" || e.What == in.What) && !e.At.Before(in.From) && (in.Until.IsZero() || e.At.Before(in.Until))
}

type heartbeatEventBody struct {
	At    time.Time     `json:"at"`
	What  string        `json:"what" doc:"flip, relearned, away or changed"`
	Level monitor.Level `json:"level" doc:"After it"`
	Text  string        `json:"text"`
}

type heartbeatEventsOutput struct {
	Body struct {
		Events []heartbeatEventBody `json:"events"`
	}
}

func (s desk) events(ctx context.Context, in *heartbeatEventsInput) (*heartbeatEventsOutput, error) {
	v, err := s.find(in.Key)
	if err != nil {
		return nil, err
	}
	all, err := s.Past.HeartbeatEvents(ctx, v.Heartbeat.ID, 0)
	if err != nil {
		return nil, err
	}
	out := &heartbeatEventsOutput{}
	out.Body.Events = []heartbeatEventBody{}
	for _, e := range all {
		if in.wants(e) && len(out.Body.Events) < cmp.Or(in.Limit, 100) {
			out.Body.Events = append(out.Body.Events, heartbeatEventBody{At: e.At, What: e.What, Level: e.Level, Text: e.Text})
		}
	}
	return out, nil
}
