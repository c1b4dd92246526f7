package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"wingmirror/monitor"
)

type incidentRow struct {
	ID       int64 `gorm:"primaryKey"`
	Key      string
	Kind     string
	Subject  string
	Name     string
	Level    monitor.Level
	Fault    string
	Message  string
	OpenedAt int64
	ClosedAt int64
	Closing  string
	AckedBy  string
	AckedAt  int64
}

func (incidentRow) TableName() string { return "incidents" }

func (r incidentRow) incident() monitor.Incident {
	return monitor.Incident{
		ID: r.ID, Key: r.Key, Subject: monitor.Subject{Kind: monitor.Kind(r.Kind), Key: r.Subject}, Name: r.Name,
		Level: r.Level, Fault: monitor.Fault(r.Fault), Message: r.Message,
		OpenedAt: fromMillis(r.OpenedAt), ClosedAt: fromMillis(r.ClosedAt), Closing: monitor.Reason(r.Closing),
		AckedBy: r.AckedBy, AckedAt: fromMillis(r.AckedAt),
	}
}

// saveIncident opens or changes an incident and returns its number. What it was
// called and when it opened never change; its message does when a new one is given.
func saveIncident(tx *gorm.DB, i monitor.Incident) (int64, error) {
	var id int64
	err := tx.Raw(`INSERT INTO incidents (key, kind, subject, name, level, fault, message, opened_at, closed_at, closing, acked_by, acked_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (key) DO UPDATE SET level = excluded.level, closed_at = excluded.closed_at, closing = excluded.closing,
		acked_by = excluded.acked_by, acked_at = excluded.acked_at,
		message = CASE WHEN excluded.message = '' THEN incidents.message ELSE excluded.message END
		RETURNING id`,
		i.Key, string(i.Subject.Kind), i.Subject.Key, i.Name, i.Level, string(i.Fault), i.Message,
		millis(i.OpenedAt), millis(i.ClosedAt), string(i.Closing), i.AckedBy, millis(i.AckedAt)).Row().Scan(&id)
	return id, err
}

type eventRow struct {
	ID         int64 `gorm:"primaryKey"`
	IncidentID int64
	At         int64
	Type       string
	Level      monitor.Level
	Author     string
	Text       string
}

func (eventRow) TableName() string { return "events" }

func addEvents(tx *gorm.DB, incident int64, events []monitor.Event) error {
	for _, e := range events {
		err := tx.Create(&eventRow{
			IncidentID: incident, At: millis(e.At), Type: string(e.Type), Level: e.Level, Author: e.Author, Text: e.Text,
		}).Error
		if err != nil {
			return err
		}
	}
	return nil
}

// IncidentFilter says which incidents are asked for. Zero fields mean all.
type IncidentFilter struct {
	Subject monitor.Subject
	Open    bool  // only those under way
	Before  int64 // only those with a lower ID: the next page
	Limit   int   // 0 is 50
}

// Incidents returns incidents, newest first.
func (db *DB) Incidents(ctx context.Context, f IncidentFilter) ([]monitor.Incident, error) {
	query := db.read.WithContext(ctx).Order("id DESC").Limit(limitOr(f.Limit, 50))
	if f.Subject != (monitor.Subject{}) {
		query = query.Where("kind = ? AND subject = ?", string(f.Subject.Kind), f.Subject.Key)
	}
	if f.Open {
		query = query.Where("closed_at = 0")
	}
	if f.Before > 0 {
		query = query.Where("id < ?", f.Before)
	}
	var rows []incidentRow
	if err := query.Find(&rows).Error; err != nil {
		return nil, db.fault("read incidents", err)
	}
	all := make([]monitor.Incident, len(rows))
	for i, row := range rows {
		all[i] = row.incident()
	}
	return all, nil
}

func limitOr(n, fallback int) int {
	if n <= 0 {
		return fallback
	}
	return n
}

// Incident returns one incident and its timeline, oldest first: what happened
// to it, which notices were queued, and every attempt to deliver them.
func (db *DB) Incident(ctx context.Context, id int64) (monitor.Incident, []monitor.Event, error) {
	what := fmt.Sprintf("read incident %d", id)
	tx := db.read.WithContext(ctx)
	var row incidentRow
	if err := tx.Where("id = ?", id).Take(&row).Error; err != nil {
		return monitor.Incident{}, nil, db.fault(what, err)
	}
	timeline, err := timelineOf(tx, id)
	return row.incident(), timeline, db.fault(what, err)
}

func timelineOf(tx *gorm.DB, id int64) ([]monitor.Event, error) {
	var events []eventRow
	if err := tx.Where("incident_id = ?", id).Order("id").Find(&events).Error; err != nil {
		return nil, err
	}
	var all []monitor.Event
	for _, e := range events {
		all = append(all, monitor.Event{
			At: fromMillis(e.At), Type: monitor.EventType(e.Type), Level: e.Level, Author: e.Author, Text: e.Text,
		})
	}
	var notices []noticeRow
	if err := tx.Where("incident_id = ?", id).Order("id").Find(&notices).Error; err != nil {
		return nil, err
	}
	names := map[int64]string{}
	for _, n := range notices {
		names[n.ID] = monitor.Destination(n.Destination).Redacted()
		all = append(all, monitor.Event{
			At: fromMillis(n.CreatedAt), Type: monitor.EventQueued, Notice: n.ID, Text: n.Kind + " to " + names[n.ID],
		})
	}
	var attempts []attemptRow
	err := tx.Omit("request", "answer").Where("notice_id IN (SELECT id FROM notices WHERE incident_id = ?)", id).Order("id").Find(&attempts).Error
	if err != nil {
		return nil, err
	}
	for _, a := range attempts {
		text := a.Outcome + " to " + names[a.NoticeID]
		if a.Error != "" {
			text += ": " + a.Error
		}
		all = append(all, monitor.Event{At: fromMillis(a.At), Type: monitor.EventAttempt, Notice: a.NoticeID, Text: text})
	}
	slices.SortStableFunc(all, func(a, b monitor.Event) int { return cmp.Compare(a.At.UnixMilli(), b.At.UnixMilli()) })
	return all, nil
}

// IncidentID returns the number of the incident with the given key, or ErrNotFound.
func (db *DB) IncidentID(ctx context.Context, key string) (int64, error) {
	var row incidentRow
	err := db.read.WithContext(ctx).Select("id").Where("key = ?", key).Take(&row).Error
	return row.ID, db.fault("read incident", err)
}
