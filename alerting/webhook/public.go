package webhook

import (
	"context"
	"errors"
	"net/http"

	"wingmirror/alerting"
	"wingmirror/outbound"
)

// privateFlag is what forbids addresses of private networks.
const privateFlag = "--webhook-private=false"

// post is alerting.Post, for which a forbidden address is a refusal.
func post(ctx context.Context, client *http.Client, address string, header http.Header, body []byte) (string, error) {
	answer, err := alerting.Post(ctx, client, address, header, body)
	if forbidden, ok := errors.AsType[*outbound.RefusedError](err); ok {
		return answer, alerting.Permanent(forbidden)
	}
	return answer, err
}
