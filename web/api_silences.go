package web

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"wingmirror/monitor"
)

// silenceRoutes are those of silences, where there is somebody to keep them.
func (s *server) silenceRoutes() []Route {
	const get, post, put = http.MethodGet, http.MethodPost, http.MethodPut
	if s.Silences == nil {
		return nil
	}
	return []Route{
		route(get, "/silences", viewer, Page(s.silencesPage)),
		route(get, "/api/v1/silences", viewer, Op(s.apiSilences, "List silences, newest first")),
		route(post, "/api/v1/silences", editor, Op(s.apiCreateSilence, "Hold notices back, once or again and again", http.StatusCreated)),
		route(get, "/api/v1/silences/{id}", viewer, Op(s.apiSilence, "Get a silence")),
		route(put, "/api/v1/silences/{id}", editor, Op(s.apiUpdateSilence, "Change a silence")),
		route(post, "/api/v1/silences/{id}/end", editor, Op(s.apiEndSilence, "End a silence early, for good")),
		route(post, "/api/v1/silences/preview", viewer, Op(s.apiPreviewSilence, "Say what a silence would match, when, and what it would have hidden; stores nothing")),
	}
}

// shownOver is how many silences that are over are listed.
const shownOver = 50

type listSilencesInput struct {
	PageInput
	Status string `query:"status" enum:"active,waiting,over" doc:"Only silences that stand like this"`
}

type silencesOutput struct {
	Body struct {
		Silences []silenceBody `json:"silences" doc:"All that can still hold, and the newest of those that are over"`
		Next     int64         `json:"next,omitempty" doc:"before of the next page; left out on the last"`
	}
}

func (s *server) apiSilences(ctx context.Context, in *listSilencesInput) (*silencesOutput, error) {
	now := s.Now()
	all, err := s.Silences.Silences(ctx, now, shownOver)
	if err != nil {
		return nil, err
	}
	out := &silencesOutput{}
	out.Body.Silences = []silenceBody{}
	for _, silence := range all {
		if body := toSilenceBody(silence, now); in.Status == "" || body.Status == in.Status {
			out.Body.Silences = append(out.Body.Silences, body)
		}
	}
	out.Body.Silences, out.Body.Next = monitor.PartBefore(out.Body.Silences, func(b silenceBody) int64 { return b.ID }, in.Before, in.Limit)
	out.Body.Silences = nonNil(out.Body.Silences)
	return out, nil
}

type silenceOutput struct {
	ETag string `header:"ETag"`
	Body silenceBody
}

func (s *server) toSilenceOutput(silence monitor.Silence) *silenceOutput {
	return &silenceOutput{ETag: etag(silence.Version), Body: toSilenceBody(silence, s.Now())}
}

func (s *server) apiSilence(ctx context.Context, in *idInput) (*silenceOutput, error) {
	silence, err := s.Silences.Silence(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.toSilenceOutput(silence), nil
}

type createSilenceInput struct{ Body silenceBody }

func (s *server) apiCreateSilence(ctx context.Context, in *createSilenceInput) (*silenceOutput, error) {
	in.Body.ID, in.Body.Version = 0, 0
	return s.saveSilence(ctx, in.Body)
}

type updateSilenceInput struct {
	ID      int64  `path:"id" minimum:"1"`
	IfMatch string `header:"If-Match" doc:"ETag of the silence that is replaced; without it the body's version counts"`
	Body    silenceBody
}

func (s *server) apiUpdateSilence(ctx context.Context, in *updateSilenceInput) (*silenceOutput, error) {
	named, err := replaced(in.IfMatch, &in.Body.Version, "silence")
	if err != nil {
		return nil, err
	}
	in.Body.ID = in.ID
	out, err := s.saveSilence(ctx, in.Body)
	return out, precondition(err, named)
}

func (s *server) saveSilence(ctx context.Context, body silenceBody) (*silenceOutput, error) {
	now := s.Now()
	silence, errs := body.silence(now)
	if len(errs) == 0 {
		errs = monitor.AllFieldErrors(monitor.ValidateSilence(silence, now))
	}
	if len(errs) > 0 {
		return nil, errs
	}
	silence.Author = author(ctx)
	action := "silence.create"
	if silence.ID != 0 {
		action = "silence.update"
	}
	stored, err := s.Silences.SaveSilence(ctx, silence, now)
	if err != nil {
		return nil, fmt.Errorf("save silence: %w", err)
	}
	s.recordSilence(ctx, action, stored)
	return s.toSilenceOutput(stored), nil
}

// recordSilence writes what a silence says now into the audit log, so that the
// log has each of its versions.
func (s *server) recordSilence(ctx context.Context, action string, silence monitor.Silence) {
	detail := fmt.Sprintf("version %d: %s, %s: %s", silence.Version, silence.Matches, silence.When(time.UTC), silence.Reason)
	s.record(ctx, action, "silence/"+strconv.FormatInt(silence.ID, 10), monitor.Cut(detail, 500))
	s.changed()
}

func (s *server) apiEndSilence(ctx context.Context, in *idInput) (*silenceOutput, error) {
	ended, err := s.Silences.EndSilence(ctx, in.ID, author(ctx), s.Now())
	if err != nil {
		return nil, err
	}
	s.recordSilence(ctx, "silence.end", ended)
	return s.toSilenceOutput(ended), nil
}
