package main

import (
	"bytes"
	"context"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"wingmirror/alerting"
	"wingmirror/monitor"
)

// drawer knows one notice with a graph, 42, and one without, 43.
type drawer struct{}

func (drawer) Notice(_ context.Context, id int64) (monitor.Notice, []monitor.Attempt, error) {
	n := monitor.Notice{ID: id, Message: monitor.Message{Name: "Load", At: time.Unix(180, 0)}}
	switch id {
	case 42:
		n.Message.Graph = []monitor.Line{{Label: "load", Points: []monitor.GraphPoint{{Time: 60, Value: 1}, {Time: 120, Value: 3}}}}
	case 43:
	default:
		return monitor.Notice{}, nil, monitor.ErrNotFound
	}
	return n, nil, nil
}

func TestGraphs_AreServedToWhoeverHasTheSignedAddress(t *testing.T) {
	links := alerting.Links{Base: "http://w", Secret: "s3cret"}
	get := func(address string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		graphs{links, drawer{}, slog.New(slog.DiscardHandler)}.ServeHTTP(w, httptest.NewRequest("GET", strings.TrimPrefix(address, "http://w"), nil))
		return w
	}
	w := get(links.Graph(42))
	if w.Code != 200 || w.Header().Get("Content-Type") != "image/png" || !bytes.HasPrefix(w.Body.Bytes(), []byte("\x89PNG")) {
		t.Errorf("answered %d, %s", w.Code, w.Header().Get("Content-Type"))
	}
	for _, address := range []string{links.Graph(43), links.Graph(44), "/graphs/42-0123.png", "/graphs/42.png", "/graphs/"} {
		if w := get(address); w.Code != 404 {
			t.Errorf("%s answered %d", address, w.Code)
		}
	}
}
