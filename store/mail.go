package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"wingmirror/monitor"
)

type mailRow struct {
	ID        int64 `gorm:"primaryKey"`
	Key       string
	Recipient string
	Subject   string
	Body      string
	CreatedAt int64 `gorm:"autoCreateTime:false"`
	NextAt    int64
	Attempts  int
	SentAt    int64
	Problem   string
}

func (mailRow) TableName() string { return "mails" }

func (r mailRow) mail() monitor.Mail {
	return monitor.Mail{
		ID: r.ID, Key: r.Key, To: r.Recipient, Subject: r.Subject, Body: r.Body, CreatedAt: fromMillis(r.CreatedAt),
		NextAt: fromMillis(r.NextAt), Attempts: r.Attempts, SentAt: fromMillis(r.SentAt), Problem: r.Problem,
	}
}

// queueMails stores mails to be sent. One whose key is there already is not
// queued again.
func queueMails(tx *gorm.DB, mails []monitor.Mail, at time.Time) error {
	for _, m := range mails {
		row := mailRow{Key: m.Key, Recipient: m.To, Subject: m.Subject, Body: m.Body, CreatedAt: millis(at), NextAt: millis(at)}
		if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error; err != nil {
			return err
		}
	}
	return nil
}

// DueMails returns the mails that are to be tried at a time, oldest first.
func (db *DB) DueMails(ctx context.Context, at time.Time, most int) ([]monitor.Mail, error) {
	var rows []mailRow
	err := db.read.WithContext(ctx).Where("next_at > 0 AND next_at <= ?", millis(at)).Order("id").Limit(most).Find(&rows).Error
	return mailsOf(rows), db.fault("read mails", err)
}

// Mails returns the newest mails.
func (db *DB) Mails(ctx context.Context, most int) ([]monitor.Mail, error) {
	var rows []mailRow
	err := db.read.WithContext(ctx).Order("id DESC").Limit(most).Find(&rows).Error
	return mailsOf(rows), db.fault("read mails", err)
}

func mailsOf(rows []mailRow) []monitor.Mail {
	all := make([]monitor.Mail, len(rows))
	for i, row := range rows {
		all[i] = row.mail()
	}
	return all
}

// MailTried stores the end of an attempt: the mail's SentAt, NextAt, Attempts and
// Problem.
func (db *DB) MailTried(ctx context.Context, m monitor.Mail) error {
	return db.transaction(ctx, fmt.Sprintf("store attempt at mail %d", m.ID), func(tx *gorm.DB) error {
		return tx.Exec(`UPDATE mails SET sent_at = ?, next_at = ?, attempts = ?, problem = ? WHERE id = ?`,
			millis(m.SentAt), millis(m.NextAt), m.Attempts, monitor.Cut(m.Problem, 2000), m.ID).Error
	})
}

// ReadReminders reads who has been reminded of what into state; nothing when
// nobody has been.
func (db *DB) ReadReminders(ctx context.Context, state any) error {
	var bodies []string
	err := db.read.WithContext(ctx).Raw(`SELECT body FROM histogram_reminders WHERE id = 1`).Scan(&bodies).Error
	if err == nil && len(bodies) > 0 {
		err = json.Unmarshal([]byte(bodies[0]), state)
	}
	return db.fault("read reminders", err)
}

// CommitReminders stores who has been reminded, and queues the mails that do it,
// both or neither.
func (db *DB) CommitReminders(ctx context.Context, state any, mails []monitor.Mail, at time.Time) error {
	body, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("write reminders: %w", err)
	}
	return db.transaction(ctx, "store reminders", func(tx *gorm.DB) error {
		err := tx.Exec(`INSERT INTO histogram_reminders (id, body) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body`, string(body)).Error
		if err != nil {
			return err
		}
		return queueMails(tx, mails, at)
	})
}
