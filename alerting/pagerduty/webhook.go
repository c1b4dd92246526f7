package pagerduty

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/PagerDuty/go-pagerduty/webhookv3"

	"wingmirror/monitor"
)

// News is what PagerDuty tells about an incident of ours.
type News struct {
	Key   string // of the incident: the dedup key it was triggered with
	Event string // such as incident.acknowledged, incident.unacknowledged, incident.resolved
	By    string // who did it, by name; "PagerDuty" when it does not say
}

// ReadWebhook reads one V3 webhook. A signature that is missing or wrong is
// ErrDenied, anything that is not a webhook ErrInvalid. Events that are not about
// an incident give News with an empty Key, and nothing is to be done about them.
//
// See https://developer.pagerduty.com/docs/webhooks-overview and
// https://developer.pagerduty.com/docs/verifying-webhook-signatures.
func ReadWebhook(r *http.Request, secret string) (News, error) {
	if secret == "" {
		return News{}, fmt.Errorf("%w: no secret for PagerDuty's webhooks is configured", monitor.ErrDenied)
	}
	if err := webhookv3.VerifySignature(r, secret); err != nil {
		if errors.Is(err, webhookv3.ErrNoValidSignatures) || errors.Is(err, webhookv3.ErrMalformedHeader) {
			return News{}, fmt.Errorf("%w: the signature is not PagerDuty's; is the secret the one of this webhook subscription?", monitor.ErrDenied)
		}
		return News{}, fmt.Errorf("%w: %w", monitor.ErrInvalid, err)
	}
	var body struct {
		Event struct {
			Type  string `json:"event_type"`
			Agent *struct {
				Summary string `json:"summary"`
			} `json:"agent"`
			Data struct {
				Type string `json:"type"`
				Key  string `json:"incident_key"`
			} `json:"data"`
		} `json:"event"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return News{}, fmt.Errorf("%w: not a webhook: %w", monitor.ErrInvalid, err)
	}
	news := News{Event: body.Event.Type, By: "PagerDuty"}
	if body.Event.Data.Type == "incident" {
		news.Key = body.Event.Data.Key
	}
	if body.Event.Agent != nil && body.Event.Agent.Summary != "" {
		news.By = monitor.Cut(body.Event.Agent.Summary, 100) + " (PagerDuty)"
	}
	return news, nil
}
