package alerting

import (
	"context"
	"fmt"
	"time"

	"wingmirror/monitor"
)

// Test sends a test notice to a destination at once, past the outbox, and
// returns what came of it: somebody is waiting for the answer. Where an incident
// opens by it, as in PagerDuty, it is resolved again.
func Test(ctx context.Context, channels map[string]Channel, to monitor.Destination, at time.Time) (monitor.Receipt, error) {
	if to.Scheme() == "group" {
		return monitor.Receipt{}, monitor.Invalid("alerts", "a group cannot be tried as a whole; try its members one by one")
	}
	channel, ok := channels[to.Scheme()]
	if !ok {
		return monitor.Receipt{}, fmt.Errorf("%w: there is no channel for %s destinations", monitor.ErrUnavailable, to.Scheme())
	}
	n := monitor.Notice{
		ID: at.UnixMilli(), Incident: fmt.Sprintf("wingmirror-test/%d", at.UnixMilli()), Destination: to, CreatedAt: at,
		Message: monitor.Message{
			Kind: monitor.NoticeTest, Subject: monitor.Subject{Kind: "test", Key: "destination"}, Name: "Wingmirror test",
			Level: monitor.OK, Text: "This is a test: notices for this destination arrive.", At: at, OpenedAt: at,
		},
	}
	receipt, err := channel.Deliver(ctx, n)
	if err != nil || !to.Acknowledges() {
		return receipt, err
	}
	n.Message.Kind = monitor.NoticeResolve
	if _, err := channel.Deliver(ctx, n); err != nil {
		return receipt, fmt.Errorf("the test arrived, but could not be resolved: %w", err)
	}
	return receipt, nil
}
