package store

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"wingmirror/monitor"
)

type labelRow struct {
	ID         int64 `gorm:"primaryKey"`
	MonitorID  int64
	IncidentID int64
	Verdict    string
	FromAt     int64
	UntilAt    int64
	Note       string
	Author     string
	At         int64
}

func (labelRow) TableName() string { return "labels" }

func (r labelRow) label() monitor.Label {
	return monitor.Label{
		ID: r.ID, Monitor: r.MonitorID, Incident: r.IncidentID, Verdict: monitor.LabelVerdict(r.Verdict),
		From: fromMillis(r.FromAt), Until: fromMillis(r.UntilAt), Note: r.Note, Author: r.Author, At: fromMillis(r.At),
	}
}

// SaveLabel stores a label and returns it with its number. An incident has one
// label: a second one takes its place, and its span is that of the incident.
func (db *DB) SaveLabel(ctx context.Context, l monitor.Label) (monitor.Label, error) {
	row := labelRow{
		MonitorID: l.Monitor, IncidentID: l.Incident, Verdict: string(l.Verdict), FromAt: millis(l.From), UntilAt: millis(l.Until),
		Note: l.Note, Author: l.Author, At: millis(l.At),
	}
	err := db.transaction(ctx, "store label", func(tx *gorm.DB) error {
		if row.IncidentID != 0 {
			if err := tx.Where("incident_id = ?", row.IncidentID).Delete(&labelRow{}).Error; err != nil {
				return err
			}
		}
		return tx.Clauses(clause.Returning{}).Create(&row).Error
	})
	return row.label(), err
}

// DeleteLabel takes a label back; an unknown one is ErrNotFound.
func (db *DB) DeleteLabel(ctx context.Context, id int64) error {
	return db.transaction(ctx, fmt.Sprintf("delete label %d", id), func(tx *gorm.DB) error {
		return found(tx.Exec(`DELETE FROM labels WHERE id = ?`, id))
	})
}

// LabelsOf returns what is said of a monitor's past, the oldest first. A label of an
// incident that has closed meanwhile ends with it.
func (db *DB) LabelsOf(ctx context.Context, id int64) ([]monitor.Label, error) {
	var rows []labelRow
	err := db.read.WithContext(ctx).Raw(`SELECT l.id, l.monitor_id, l.incident_id, l.verdict, l.from_at,
		CASE WHEN l.until_at = 0 THEN COALESCE(i.closed_at, 0) ELSE l.until_at END AS until_at, l.note, l.author, l.at
		FROM labels l LEFT JOIN incidents i ON i.id = l.incident_id AND l.incident_id <> 0
		WHERE l.monitor_id = ? ORDER BY l.from_at, l.id`, id).Scan(&rows).Error
	all := make([]monitor.Label, len(rows))
	for i, row := range rows {
		all[i] = row.label()
	}
	return all, db.fault(fmt.Sprintf("read labels of monitor %d", id), err)
}

// Seen returns what runs of a monitor saw between two times, the oldest first: their
// scheduled times in seconds since the epoch, and a letter each, as in Overview.
func (db *DB) Seen(ctx context.Context, id int64, from, until time.Time) (times []int64, letters []byte, err error) {
	rows, err := db.read.WithContext(ctx).Raw(`SELECT scheduled_at, level, fault FROM runs
		WHERE monitor_id = ? AND scheduled_at >= ? AND scheduled_at < ? AND phase = ? ORDER BY scheduled_at`,
		id, millis(from), millis(until), monitor.Done).Rows()
	err = scanAll(rows, err, func(r rowScanner) error {
		var at int64
		var level monitor.Level
		var fault string
		err := r.Scan(&at, &level, &fault)
		times = append(times, at/1000)
		letters = append(letters, letter(level, monitor.Fault(fault))...)
		return err
	})
	return times, letters, db.fault(fmt.Sprintf("read what monitor %d saw", id), err)
}

// Outcomes returns how runs of a monitor between two times ended, the oldest first.
func (db *DB) Outcomes(ctx context.Context, id int64, from, until time.Time) ([]monitor.Outcome, error) {
	return db.outcomes(ctx, monitor.MonitorSubject(id), `SELECT scheduled_at, level, fault, message FROM runs
		WHERE monitor_id = ? AND scheduled_at >= ? AND scheduled_at < ? AND phase = 1 ORDER BY scheduled_at`, id, millis(from), millis(until))
}

func (db *DB) outcomes(ctx context.Context, subject monitor.Subject, query string, args ...any) ([]monitor.Outcome, error) {
	var all []monitor.Outcome
	rows, err := db.read.WithContext(ctx).Raw(query, args...).Rows()
	err = scanAll(rows, err, func(r rowScanner) error {
		var at int64
		o := monitor.Outcome{Subject: subject}
		err := r.Scan(&at, &o.Level, &o.Fault, &o.Message)
		o.At = fromMillis(at)
		all = append(all, o)
		return err
	})
	return all, db.fault("read outcomes of "+subject.String(), err)
}
