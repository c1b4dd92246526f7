package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"wingmirror/alerting"
	"wingmirror/alerting/pagerduty"
	"wingmirror/monitor"
	"wingmirror/web"
)

// pagerDutyHook takes PagerDuty's word on our incidents: acknowledged and
// unacknowledged there is so here.
type pagerDutyHook struct {
	secret string
	desk   interface {
		Hear(ctx context.Context, key string, heard alerting.Heard, by string, at time.Time) error
	}
	changed func()
	log     *slog.Logger
}

// maxHook is more than PagerDuty sends.
const maxHook = 1 << 20

// ServeHTTP answers 204 to whatever needs no further delivery, which includes
// news about incidents that are over or are not ours.
func (h pagerDutyHook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	web.TimedBody(w, r)
	r.Body = http.MaxBytesReader(w, r.Body, maxHook)
	news, err := pagerduty.ReadWebhook(r, h.secret)
	if err == nil && news.Key != "" {
		err = h.apply(r.Context(), news)
	}
	switch {
	case err == nil, errors.Is(err, monitor.ErrNotFound):
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
	heard, ok := map[string]alerting.Heard{
		"incident.acknowledged":   alerting.HeardAcknowledged,
		"incident.unacknowledged": alerting.HeardUnacknowledged,
		"incident.resolved":       alerting.HeardResolved,
	}[news.Event]
	if !ok {
		return nil
	}
	if err := h.desk.Hear(ctx, news.Key, heard, news.By, time.Now()); err != nil {
		return err
	}
	h.changed()
	return nil
}
