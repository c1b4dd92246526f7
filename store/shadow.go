package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"

	"wingmirror/monitor"
)

type shadowRow struct {
	ID        int64 `gorm:"primaryKey"`
	MonitorID int64
	Body      string
	Author    string
	StartedAt int64
	EndsAt    int64
	EndedAt   int64
	Missed    int64
}

func (shadowRow) TableName() string { return "shadows" }

func (r shadowRow) shadow() (monitor.Shadow, error) {
	var m monitorRow
	err := json.Unmarshal([]byte(r.Body), &m)
	return monitor.Shadow{
		ID: r.ID, Monitor: m.monitor(), Author: r.Author, Started: fromMillis(r.StartedAt), Ends: fromMillis(r.EndsAt),
		Ended: fromMillis(r.EndedAt), Missed: r.Missed,
	}, err
}

// StartShadow stores a shadow and returns it with its number. One of the same
// monitor that still runs ends.
func (db *DB) StartShadow(ctx context.Context, s monitor.Shadow) (monitor.Shadow, error) {
	body, err := json.Marshal(rowOfMonitor(s.Monitor))
	if err != nil {
		return s, err
	}
	row := shadowRow{MonitorID: s.Monitor.ID, Body: string(body), Author: s.Author, StartedAt: millis(s.Started), EndsAt: millis(s.Ends)}
	err = db.transaction(ctx, fmt.Sprintf("start a shadow of monitor %d", s.Monitor.ID), func(tx *gorm.DB) error {
		if err := tx.Exec(`UPDATE shadows SET ended_at = ? WHERE monitor_id = ? AND ended_at = 0`, row.StartedAt, row.MonitorID).Error; err != nil {
			return err
		}
		return tx.Create(&row).Error
	})
	s.ID = row.ID
	return s, err
}

// EndShadow ends one that runs; another is ErrNotFound.
func (db *DB) EndShadow(ctx context.Context, id int64, at time.Time) error {
	return db.transaction(ctx, fmt.Sprintf("end shadow %d", id), func(tx *gorm.DB) error {
		return found(tx.Exec(`UPDATE shadows SET ended_at = ? WHERE id = ? AND ended_at = 0`, millis(at), id))
	})
}

// Shadows returns the shadows of a monitor, the newest first, or with 0 all that
// have not been ended.
func (db *DB) Shadows(ctx context.Context, id int64) ([]monitor.Shadow, error) {
	query := db.read.WithContext(ctx).Order("id DESC")
	if id == 0 {
		query = query.Where("ended_at = 0")
	} else {
		query = query.Where("monitor_id = ?", id)
	}
	var rows []shadowRow
	if err := query.Find(&rows).Error; err != nil {
		return nil, db.fault("read shadows", err)
	}
	all := make([]monitor.Shadow, len(rows))
	for i, row := range rows {
		var err error
		if all[i], err = row.shadow(); err != nil {
			return nil, db.fault("read shadows", err)
		}
	}
	return all, nil
}

// Shadow returns one, or ErrNotFound.
func (db *DB) Shadow(ctx context.Context, id int64) (monitor.Shadow, error) {
	what := fmt.Sprintf("read shadow %d", id)
	var row shadowRow
	if err := db.read.WithContext(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return monitor.Shadow{}, db.fault(what, err)
	}
	s, err := row.shadow()
	return s, db.fault(what, err)
}

// RecordShadow stores how a run of a shadow ended, and how many live runs it has
// missed since the last.
func (db *DB) RecordShadow(ctx context.Context, id int64, o monitor.Outcome, missed int64) error {
	return db.transaction(ctx, fmt.Sprintf("store a run of shadow %d", id), func(tx *gorm.DB) error {
		err := tx.Exec(`INSERT INTO shadow_runs (shadow_id, scheduled_at, level, fault, message) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			id, millis(o.At), o.Level, string(o.Fault), monitor.Cut(o.Message, monitor.MaxRunMessage)).Error
		if err == nil && missed > 0 {
			err = tx.Exec(`UPDATE shadows SET missed = missed + ? WHERE id = ?`, missed, id).Error
		}
		return err
	})
}

// ShadowOutcomes returns how the runs of a shadow ended, the oldest first.
func (db *DB) ShadowOutcomes(ctx context.Context, s monitor.Shadow) ([]monitor.Outcome, error) {
	return db.outcomes(ctx, s.Monitor.Subject(), `SELECT scheduled_at, level, fault, message FROM shadow_runs WHERE shadow_id = ? ORDER BY scheduled_at`, s.ID)
}
