package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"wingmirror/account"
	"wingmirror/monitor"
)

// statusClientGone is what the log shows for a request that its sender gave up.
const statusClientGone = 499

// statusTable is the one place that maps errors to HTTP. The first match wins;
// what matches nothing is internal.
func statusTable() []struct {
	err    error
	status int
	title  string
} {
	return []struct {
		err    error
		status int
		title  string
	}{
		{errPrecondition, http.StatusPreconditionFailed, "Changed meanwhile"},
		{context.Canceled, statusClientGone, "Cancelled"},
		{account.ErrLogin, http.StatusUnauthorized, "Log in first"},
		{monitor.ErrNotFound, http.StatusNotFound, "Not found"},
		{monitor.ErrUnreadable, http.StatusBadRequest, titleUnreadable},
		{monitor.ErrInvalid, http.StatusUnprocessableEntity, "Cannot be used as it is"},
		{monitor.ErrConflict, http.StatusConflict, "Conflict"},
		{monitor.ErrUnavailable, http.StatusServiceUnavailable, "Unavailable"},
		{context.DeadlineExceeded, http.StatusServiceUnavailable, "Took too long"},
		{monitor.ErrDenied, http.StatusForbidden, "Not allowed"},
	}
}

const titleUnreadable = "Cannot be read"

// errPrecondition wraps a conflict with the version that If-Match named.
var errPrecondition = errors.New("the stored version is another one")

// problem is what is told about an error, in the form of RFC 9457.
// in says where in the request what is at fault stands.
func (s *server) problem(where string, err error, in place) *huma.ErrorModel {
	if own, ok := errors.AsType[*huma.ErrorModel](err); ok {
		return own
	}
	if limit, ok := errors.AsType[*account.LimitError](err); ok {
		return &huma.ErrorModel{Status: http.StatusTooManyRequests, Title: "Too many attempts", Detail: sentence(limit.Error())}
	}
	for _, row := range statusTable() {
		if !errors.Is(err, row.err) {
			continue
		}
		p := &huma.ErrorModel{Status: row.status, Title: row.title, Detail: sentence(err.Error())}
		if fields := monitor.AllFieldErrors(err); len(fields) > 0 {
			p.Detail = "Mend what errors lists and send it again."
			p.Errors = fieldDetails(fields, in)
		}
		return p
	}
	s.Log.Error("request failed", "request", where, "error", err)
	return &huma.ErrorModel{
		Status: http.StatusInternalServerError,
		Title:  "Internal error",
		Detail: "Wingmirror failed; its log has the cause. Nothing was changed.",
	}
}

// sentence makes an error's text, which begins small, one that can stand alone.
func sentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

func fieldDetails(fields monitor.FieldErrors, in place) []*huma.ErrorDetail {
	details := make([]*huma.ErrorDetail, len(fields))
	for i, f := range fields {
		location := "body"
		if f.Field != "" && f.Field != location {
			location = in(f.Field) + "." + f.Field
		}
		details[i] = &huma.ErrorDetail{Message: f.Message, Location: location}
		if f.Line > 0 || f.Column > 0 {
			details[i].Value = map[string]int{"line": f.Line, "column": f.Column}
		}
	}
	return details
}

// fail answers with an error: a page for a browser, a problem for a program.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := s.problem(r.Method+" "+r.URL.Path, err, placeIn(r))
	if !wantsPage(r) {
		writeProblem(w, p)
		return
	}
	room := s.navigation("").placeOf(r.URL.Path)
	data := errorData{Problem: p, Room: room}
	for _, d := range p.Errors {
		_, field, _ := strings.Cut(d.Location, ".")
		data.Lines = append(data.Lines, field+": "+d.Message)
	}
	if err := s.render(w, r, View{Page: "error", Title: p.Title, Nav: room.Label, Status: p.Status, Data: data}); err != nil {
		s.Log.Error("show error page", "error", err)
		http.Error(w, p.Title, p.Status)
	}
}

// errorData is a problem, and the place of the navigation in which it came up.
type errorData struct {
	Problem *huma.ErrorModel
	Lines   []string // what is wrong with each field
	Room    NavEntry
}

func writeProblem(w http.ResponseWriter, p *huma.ErrorModel) {
	var body bytes.Buffer
	if err := json.NewEncoder(&body).Encode(p); err != nil {
		http.Error(w, p.Title, p.Status)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_, _ = w.Write(body.Bytes()) // an error means that nobody is listening any more
}

func wantsPage(r *http.Request) bool {
	return !strings.HasPrefix(r.URL.Path, "/api/") && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// plain turns a page into a handler.
func (s *server) plain(p page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := p(w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

func (s *server) notFound(_ http.ResponseWriter, r *http.Request) error {
	return notFound("there is no page %s", r.URL.Path)
}

func (s *server) crossOrigin(w http.ResponseWriter, r *http.Request) {
	s.fail(w, r, &huma.ErrorModel{
		Status: http.StatusForbidden,
		Title:  "Not allowed",
		Detail: "This change was asked for by a page of another site. Open Wingmirror itself and try again.",
	})
}
