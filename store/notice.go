package store

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"wingmirror/monitor"
)

type noticeRow struct {
	ID          int64 `gorm:"primaryKey"`
	IncidentID  int64
	Incident    string
	MessageID   int64
	Kind        string
	Scheme      string
	Destination string
	Status      string
	CreatedAt   int64 `gorm:"autoCreateTime:false"`
	NextAt      int64
	WaitsSince  int64
	Attempts    int
	DeliveredAt int64
	Error       string
}

func (noticeRow) TableName() string { return "notices" }

func (r noticeRow) notice() monitor.Notice {
	return monitor.Notice{
		ID: r.ID, Incident: r.Incident, IncidentID: r.IncidentID, Destination: monitor.Destination(r.Destination),
		Status: monitor.NoticeStatus(r.Status), CreatedAt: fromMillis(r.CreatedAt), NextAt: fromMillis(r.NextAt),
		Attempts: r.Attempts, DeliveredAt: fromMillis(r.DeliveredAt), Error: r.Error,
		Message: monitor.Message{Kind: monitor.NoticeKind(r.Kind)},
	}
}

type attemptRow struct {
	ID         int64 `gorm:"primaryKey"`
	NoticeID   int64
	At         int64
	DurationUs int64
	Outcome    string
	RetryAt    int64
	Error      string
	Request    string
	Answer     string
}

func (attemptRow) TableName() string { return "attempts" }

// maxReceipt is how much of a request or an answer the delivery log keeps.
const maxReceipt = 32 << 10

type messageRow struct {
	ID    int64 `gorm:"primaryKey"`
	Body  storedMessage
	Graph []byte
}

func (messageRow) TableName() string { return "messages" }

// queueNotices puts the notices of one commit in the outbox. They all say the
// same, so their message is stored once.
func queueNotices(tx *gorm.DB, incident int64, notices []monitor.Notice) error {
	if len(notices) == 0 {
		return nil
	}
	message := messageRow{Body: storeMessage(notices[0].Message), Graph: packGraph(notices[0].Message.Graph)}
	if err := tx.Create(&message).Error; err != nil {
		return err
	}
	rows := make([]noticeRow, 0, len(notices))
	for _, n := range notices {
		if n.Message.Kind == monitor.NoticeRepeat {
			if waits, err := renewRepeat(tx, n, message.ID); err != nil {
				return err
			} else if waits {
				continue
			}
		}
		rows = append(rows, noticeRow{
			IncidentID: incident, Incident: n.Incident, MessageID: message.ID, Kind: string(n.Message.Kind),
			Scheme: n.Destination.Scheme(), Destination: string(n.Destination),
			Status: string(monitor.NoticePending), CreatedAt: millis(n.CreatedAt), NextAt: millis(n.NextAt), WaitsSince: millis(n.CreatedAt),
		})
	}
	if len(rows) == 0 {
		return nil
	}
	if err := tx.Create(&rows).Error; err != nil {
		return err
	}
	for _, n := range notices {
		if follows(n.Message.Kind) {
			if err := dropMoot(tx, n.Incident, string(n.Destination)); err != nil {
				return err
			}
		}
	}
	return nil
}

// renewRepeat has a repeat that still waits to be delivered, and is the last that
// does, tell what the new one tells, and reports whether there is one: whoever
// could not be reached for a day is not told the same 24 times.
func renewRepeat(tx *gorm.DB, n monitor.Notice, message int64) (bool, error) {
	renewed, err := affected(tx.Exec(`UPDATE notices SET message_id = ?, created_at = ? WHERE kind = 'repeat' AND status = 'pending' AND id =
		(SELECT MAX(id) FROM notices WHERE incident = ? AND destination = ? AND status = 'pending')`,
		message, millis(n.CreatedAt), n.Incident, string(n.Destination)))
	return renewed > 0, err
}

// follows reports whether a kind of notice means nothing to whoever never heard of
// the incident.
func follows(kind monitor.NoticeKind) bool {
	return kind == monitor.NoticeResolve || kind == monitor.NoticeAck
}

// mootText is the error of a notice that is not sent because those before it never
// arrived.
const mootText = "not sent: all before it were refused for good, so nobody there knows of the incident"

// dropMoot marks what follows notices that were all refused for good.
func dropMoot(tx *gorm.DB, incident, destination string) error {
	return tx.Exec(`UPDATE notices SET status = 'failed', next_at = 0, error = ? WHERE incident = ? AND destination = ? AND status = 'pending'
		AND kind IN ('resolve', 'acknowledge')
		AND EXISTS (SELECT 1 FROM notices o WHERE o.incident = notices.incident AND o.destination = notices.destination AND o.id < notices.id)
		AND NOT EXISTS (SELECT 1 FROM notices o WHERE o.incident = notices.incident AND o.destination = notices.destination AND o.id < notices.id
			AND (o.status <> 'failed'))`, mootText, incident, destination).Error
}

// unblocked is the condition that a pending notice n has none before it about the
// same incident to the same destination.
const unblocked = `NOT EXISTS (SELECT 1 FROM notices earlier WHERE earlier.status = 'pending'
	AND earlier.incident = n.incident AND earlier.destination = n.destination AND earlier.id < n.id)`

// Due returns pending notices of one scheme that are to be tried at the given
// time, longest due first, with their messages. A notice waits for the one
// before it about the same incident to the same destination, so that a resolve
// never overtakes its fire. One that began to wait later than at is due, too:
// the clock was set back, and nothing is known of how long it has waited.
func (db *DB) Due(ctx context.Context, scheme string, at time.Time, limit int) ([]monitor.Notice, error) {
	const pending = `SELECT * FROM notices n WHERE scheme = ? AND status = 'pending' AND ` + unblocked + ` AND `
	tx, now := db.read.WithContext(ctx), millis(at)
	var rows, early []noticeRow
	err := tx.Raw(pending+`next_at <= ? ORDER BY next_at, id LIMIT ?`, scheme, now, limit).Scan(&rows).Error
	if err == nil && len(rows) < limit {
		err = tx.Raw(pending+`waits_since > ? AND next_at > ? ORDER BY next_at, id LIMIT ?`, scheme, now, now, limit-len(rows)).Scan(&early).Error
	}
	if err != nil {
		return nil, db.fault("read outbox", err)
	}
	rows = append(rows, early...)
	all := make([]monitor.Notice, len(rows))
	messages := map[int64]monitor.Message{}
	for i, row := range rows {
		all[i] = row.notice()
		if _, ok := messages[row.MessageID]; !ok {
			if messages[row.MessageID], err = takeMessage(tx, row.MessageID); err != nil {
				return nil, db.fault("read outbox", err)
			}
		}
		all[i].Message = messages[row.MessageID]
	}
	return all, nil
}

// NextDue returns when, after the given time, the next pending notice of a
// scheme is to be tried, and whether there is one. It skips those that wait for
// another.
func (db *DB) NextDue(ctx context.Context, scheme string, after time.Time) (time.Time, bool, error) {
	var rows []noticeRow
	err := db.read.WithContext(ctx).Raw(`SELECT next_at FROM notices n WHERE scheme = ? AND status = 'pending' AND next_at > ?
		AND `+unblocked+` ORDER BY next_at LIMIT 1`, scheme, millis(after)).Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return time.Time{}, false, db.fault("read outbox", err)
	}
	return fromMillis(rows[0].NextAt), true, nil
}

func takeMessage(tx *gorm.DB, id int64) (monitor.Message, error) {
	var row messageRow
	if err := tx.Where("id = ?", id).Take(&row).Error; err != nil {
		return monitor.Message{}, err
	}
	message := row.Body.message()
	var err error
	message.Graph, err = unpackGraph(row.Graph)
	return message, err
}

// Tried stores one attempt to deliver a notice, and how far the notice has come
// by it.
func (db *DB) Tried(ctx context.Context, a monitor.Attempt) error {
	what := fmt.Sprintf("store attempt of notice %d", a.Notice)
	return db.transaction(ctx, what, func(tx *gorm.DB) error {
		err := tx.Create(&attemptRow{
			NoticeID: a.Notice, At: millis(a.At), DurationUs: inMicros(a.Duration), Outcome: string(a.Outcome),
			RetryAt: millis(a.RetryAt), Error: a.Error,
			Request: monitor.Cut(a.Receipt.Request, maxReceipt), Answer: monitor.Cut(a.Receipt.Answer, maxReceipt),
		}).Error
		if err != nil {
			return err
		}
		status, delivered := monitor.NoticePending, int64(0)
		switch a.Outcome {
		case monitor.AttemptDelivered:
			status, delivered = monitor.NoticeDelivered, millis(a.At.Add(a.Duration))
		case monitor.AttemptRefused:
			status = monitor.NoticeFailed
		}
		var row noticeRow
		err = tx.Raw(`UPDATE notices SET status = ?, next_at = ?, waits_since = ?, attempts = attempts + 1, delivered_at = ?, error = ? WHERE id = ?
			RETURNING incident, destination, attempts`, string(status), millis(a.RetryAt), millis(a.At), delivered, a.Error, a.Notice).Row().
			Scan(&row.Incident, &row.Destination, &row.Attempts)
		if err == nil && a.Outcome == monitor.AttemptRefused {
			err = dropMoot(tx, row.Incident, row.Destination)
		}
		if err == nil && row.Attempts > keepFirst+keepLast {
			err = thinAttempts(tx, a.Notice)
		}
		return err
	})
}

// Of the attempts to deliver one notice, the first and the last are kept.
const (
	keepFirst = 10
	keepLast  = 40
)

func thinAttempts(tx *gorm.DB, notice int64) error {
	return tx.Exec(`DELETE FROM attempts WHERE notice_id = ?
		AND id > (SELECT id FROM attempts WHERE notice_id = ? ORDER BY id LIMIT 1 OFFSET ?)
		AND id <= (SELECT id FROM attempts WHERE notice_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`,
		notice, notice, keepFirst-1, notice, keepLast).Error
}

// Retry makes a notice due again at once: one that was refused for good, or one
// that waits for its next try; what was not sent because it was refused follows it.
// A delivered one is ErrConflict.
func (db *DB) Retry(ctx context.Context, id int64, at time.Time) error {
	return db.transaction(ctx, fmt.Sprintf("retry notice %d", id), func(tx *gorm.DB) error {
		var row noticeRow
		if err := tx.Where("id = ?", id).Take(&row).Error; err != nil {
			return err
		}
		if row.Status == string(monitor.NoticeDelivered) {
			return fmt.Errorf("%w: it was delivered already", monitor.ErrConflict)
		}
		return found(tx.Exec(`UPDATE notices SET status = 'pending', next_at = ?, waits_since = ? WHERE id = ? OR
			(incident = ? AND destination = ? AND id > ? AND status = 'failed' AND attempts = 0)`,
			millis(at), millis(at), id, row.Incident, row.Destination, id))
	})
}

func found(result *gorm.DB) error {
	if result.Error == nil && result.RowsAffected == 0 {
		return gorm.ErrRecordNotFound
	}
	return result.Error
}

// NoticeFilter says which notices are asked for. Zero fields mean all.
type NoticeFilter struct {
	Incident int64
	Status   monitor.NoticeStatus
	Before   int64 // only those with a lower ID: the next page
	Limit    int   // 0 is 50
}

// Notices returns the outbox and what has left it, newest first. Messages are
// there but for their graphs.
func (db *DB) Notices(ctx context.Context, f NoticeFilter) ([]monitor.Notice, error) {
	query := db.read.WithContext(ctx).Table("notices n").Joins("JOIN messages m ON m.id = n.message_id").
		Select("n.*, m.body").Order("n.id DESC").Limit(limitOr(f.Limit, 50))
	if f.Incident > 0 {
		query = query.Where("n.incident_id = ?", f.Incident)
	}
	if f.Status != "" {
		query = query.Where("n.status = ?", string(f.Status))
	}
	if f.Before > 0 {
		query = query.Where("n.id < ?", f.Before)
	}
	var rows []struct {
		Row  noticeRow `gorm:"embedded"`
		Body storedMessage
	}
	if err := query.Scan(&rows).Error; err != nil {
		return nil, db.fault("read outbox", err)
	}
	all := make([]monitor.Notice, len(rows))
	for i, row := range rows {
		all[i] = row.Row.notice()
		all[i].Message = row.Body.message()
	}
	return all, nil
}

// Notice returns one notice with its message, and its attempts, oldest first.
func (db *DB) Notice(ctx context.Context, id int64) (monitor.Notice, []monitor.Attempt, error) {
	what := fmt.Sprintf("read notice %d", id)
	tx := db.read.WithContext(ctx)
	var row noticeRow
	if err := tx.Where("id = ?", id).Take(&row).Error; err != nil {
		return monitor.Notice{}, nil, db.fault(what, err)
	}
	notice := row.notice()
	var err error
	if notice.Message, err = takeMessage(tx, row.MessageID); err != nil {
		return monitor.Notice{}, nil, db.fault(what, err)
	}
	var rows []attemptRow
	if err := tx.Where("notice_id = ?", id).Order("id").Find(&rows).Error; err != nil {
		return monitor.Notice{}, nil, db.fault(what, err)
	}
	attempts := make([]monitor.Attempt, len(rows))
	for i, a := range rows {
		attempts[i] = monitor.Attempt{
			ID: a.ID, Notice: a.NoticeID, At: fromMillis(a.At), Duration: micros(a.DurationUs),
			Outcome: monitor.AttemptOutcome(a.Outcome), RetryAt: fromMillis(a.RetryAt), Error: a.Error,
			Receipt: monitor.Receipt{Request: a.Request, Answer: a.Answer},
		}
	}
	return notice, attempts, nil
}

// NoticeCounts returns how many notices there are of each status.
func (db *DB) NoticeCounts(ctx context.Context) (map[monitor.NoticeStatus]int64, error) {
	var rows []struct {
		Status string
		N      int64
	}
	err := db.read.WithContext(ctx).Raw(`SELECT status, COUNT(*) AS n FROM notices GROUP BY status`).Scan(&rows).Error
	counts := map[monitor.NoticeStatus]int64{}
	for _, row := range rows {
		counts[monitor.NoticeStatus(row.Status)] = row.N
	}
	return counts, db.fault("count notices", err)
}
