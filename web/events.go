package web

import (
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	eventPause = time.Second      // between two events to one page, however much happens
	keepAlive  = 25 * time.Second // so that proxies see life
)

// events is the stream by which pages hear that something changed. It says
// nothing more: a page then asks for its list again, with its own filters.
func (s *server) events(w http.ResponseWriter, r *http.Request) error {
	if s.Events == nil {
		return notFound("this server sends no events")
	}
	control := http.NewResponseController(w)
	if err := control.SetWriteDeadline(time.Time{}); err != nil {
		s.Log.Debug("events without a lifted deadline", "error", err)
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	changes := s.Events.Changes(r.Context())
	alive := time.NewTicker(keepAlive)
	defer alive.Stop()
	text := "retry: 3000\n\n"
	for {
		if _, err := io.WriteString(w, text); err != nil {
			return nil //nolint:nilerr // the page was closed
		}
		if err := control.Flush(); err != nil {
			return fmt.Errorf("flush events: %w", err)
		}
		select {
		case <-r.Context().Done():
			return nil
		case <-alive.C:
			text = ": still here\n\n"
		case _, open := <-changes:
			if !open {
				return nil
			}
			text = "event: change\ndata: \n\n"
			select {
			case <-r.Context().Done():
				return nil
			case <-time.After(eventPause):
			}
		}
	}
}
