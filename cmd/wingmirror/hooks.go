package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"wingmirror/alerting"
	"wingmirror/alerting/pagerduty"
	"wingmirror/monitor"
)

// pagerDutyHook takes PagerDuty's word on our incidents: acknowledged and
// unacknowledged there is so here.
type pagerDutyHook struct {
	secret    string
	incidents interface {
		IncidentID(ctx context.Context, key string) (int64, error)
		Incident(ctx context.Context, id int64) (monitor.Incident, []monitor.Event, error)
	}
	desk    *alerting.Desk
	changed func()
	log     *slog.Logger
}

// maxHook is more than PagerDuty sends.
const maxHook = 1 << 20

// ServeHTTP answers 204 to whatever needs no further delivery, which includes
// news about incidents that are over or are not ours.
func (h pagerDutyHook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxHook)
	news, err := pagerduty.ReadWebhook(r, h.secret)
	if err == nil && news.Key != "" {
		err = h.apply(r.Context(), news)
	}
	switch {
	case err == nil, errors.Is(err, monitor.ErrNotFound), errors.Is(err, monitor.ErrConflict):
		w.WriteHeader(http.StatusNoContent)
	case errors.Is(err, monitor.ErrDenied):
		http.Error(w, err.Error(), http.StatusForbidden)
	case errors.Is(err, monitor.ErrInvalid):
		http.Error(w, err.Error(), http.StatusBadRequest)
	default:
		h.log.Error("take PagerDuty's webhook", "error", err)
		http.Error(w, "try again later", http.StatusServiceUnavailable)
	}
}

func (h pagerDutyHook) apply(ctx context.Context, news pagerduty.News) error {
	id, err := h.incidents.IncidentID(ctx, news.Key)
	if err != nil {
		return err
	}
	incident, _, err := h.incidents.Incident(ctx, id)
	if err != nil {
		return err
	}
	if !incident.ClosedAt.IsZero() {
		return fmt.Errorf("incident %d is over: %w", id, monitor.ErrConflict)
	}
	at := time.Now()
	switch news.Event {
	case "incident.acknowledged":
		about := monitor.Message{Subject: incident.Subject, Name: incident.Name}
		_, err = h.desk.Acknowledge(ctx, incident.Subject, about, news.By, at)
	case "incident.unacknowledged":
		_, err = h.desk.Unacknowledge(ctx, incident.Subject, news.By, at)
	case "incident.resolved":
		_, err = h.desk.Note(ctx, incident.Subject, "resolved in PagerDuty; it stays open here until a run is ok", news.By, at)
	default:
		return nil
	}
	if err == nil {
		h.changed()
	}
	return err
}
