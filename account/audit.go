package account

import (
	"context"
	"fmt"

	"wingmirror/monitor"
)

// maxAudit is the largest page, and one entry more that tells of another page.
const maxAudit = 1001

// Audit reads the audit log, newest first. Only admins may. To read on, ask for
// what is before the last ID.
func (a *Access) Audit(ctx context.Context, q monitor.AuditQuery) ([]monitor.AuditEntry, error) {
	if err := manages(From(ctx)); err != nil {
		return nil, err
	}
	if q.Limit < 0 || q.Limit > maxAudit || q.Before < 0 {
		return nil, monitor.Invalid("limit", "ask for 1 to %d entries, and before an id", maxAudit)
	}
	all, err := a.ledger.Audit(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("read the audit log: %w", err)
	}
	return all, nil
}

// Record writes down what the sender of a request did: action is noun and verb,
// such as monitor.update, subject what it was done to, detail one line or "".
func (a *Access) Record(ctx context.Context, action, subject, detail string) error {
	const most = 500
	entry := From(ctx).entry(a.now(), action, cutText(subject, most), cutText(detail, most))
	if err := a.ledger.Record(ctx, entry); err != nil {
		return fmt.Errorf("record %s of %s: %w", action, subject, err)
	}
	return nil
}
