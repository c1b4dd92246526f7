package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"wingmirror/alerting"
	"wingmirror/alerting/chart"
	"wingmirror/monitor"
)

// graphs serves the pictures that notices link to, to whoever has the signed
// address.
type graphs struct {
	links   alerting.Links
	notices interface {
		Notice(ctx context.Context, id int64) (monitor.Notice, []monitor.Attempt, error)
	}
	log *slog.Logger
}

func (g graphs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, ok := g.links.GraphNotice(strings.TrimPrefix(r.URL.Path, alerting.GraphPath))
	if !ok {
		http.NotFound(w, r)
		return
	}
	notice, _, err := g.notices.Notice(r.Context(), id)
	var picture []byte
	if err == nil {
		picture, err = chart.PNG(notice.Message)
	}
	switch {
	case errors.Is(err, monitor.ErrNotFound), err == nil && len(picture) == 0:
		http.NotFound(w, r)
	case err != nil:
		g.log.Error("draw the graph of a notice", "notice", id, "error", err)
		http.Error(w, "try again later", http.StatusServiceUnavailable)
	default:
		w.Header().Set("Content-Type", "image/png")
		w.Header().Set("Cache-Control", "private, max-age=86400, immutable") // a notice never changes
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(picture) // an error means that the reader went away
	}
}
