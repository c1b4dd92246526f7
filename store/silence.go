package store

import (
	"context"
	"database/sql/driver"
	"fmt"
	"time"

	"gorm.io/gorm"

	"wingmirror/monitor"
)

type silenceRow struct {
	ID         int64 `gorm:"primaryKey"`
	Version    int
	Everything bool
	Monitors   idList
	Subjects   subjectList
	Path       string
	Labels     stringMap
	FromAt     int64
	UntilAt    int64
	Schedule   string
	Zone       string
	Length     string
	Reason     string
	Author     string
	CreatedAt  int64 `gorm:"autoCreateTime:false"`
	UpdatedAt  int64 `gorm:"autoUpdateTime:false"`
	EndedAt    int64
	EndedBy    string
}

func (silenceRow) TableName() string { return "silences" }

// idList is a list of numbers, stored as JSON text.
type idList []int64

// Value implements driver.Valuer.
func (l idList) Value() (driver.Value, error) {
	if len(l) == 0 {
		return "[]", nil
	}
	return jsonColumn([]int64(l))
}

// Scan implements sql.Scanner.
func (l *idList) Scan(src any) error {
	if src == "[]" {
		*l = nil
		return nil
	}
	return scanJSON(src, (*[]int64)(l))
}

// subjectList is a list of subjects, stored as JSON text of kind/key.
type subjectList []monitor.Subject

// Value implements driver.Valuer.
func (l subjectList) Value() (driver.Value, error) {
	texts := make(stringList, len(l))
	for i, subject := range l {
		texts[i] = subject.String()
	}
	return texts.Value()
}

// Scan implements sql.Scanner.
func (l *subjectList) Scan(src any) error {
	var texts stringList
	if err := texts.Scan(src); err != nil {
		return err
	}
	*l = nil
	for _, text := range texts {
		subject, err := monitor.ParseSubject(text)
		if err != nil {
			return err
		}
		*l = append(*l, subject)
	}
	return nil
}

func rowOfSilence(s monitor.Silence) silenceRow {
	return silenceRow{
		ID: s.ID, Version: s.Version, Everything: s.Matches.Everything, Monitors: idList(s.Matches.Monitors), Subjects: s.Matches.Subjects, Path: s.Matches.Group,
		Labels: stringMap(s.Matches.Labels), FromAt: millis(s.From), UntilAt: millis(s.Until), Schedule: s.Schedule, Zone: s.Zone,
		Length: s.Length.String(), Reason: s.Reason, Author: s.Author, CreatedAt: millis(s.CreatedAt), UpdatedAt: millis(s.UpdatedAt),
		EndedAt: millis(s.EndedAt), EndedBy: s.EndedBy,
	}
}

func (r silenceRow) silence() (monitor.Silence, error) {
	var length monitor.Span
	if r.Length != "" {
		var err error
		if length, err = monitor.ParseSpan(r.Length); err != nil {
			return monitor.Silence{}, fmt.Errorf("silence %d: %w", r.ID, err)
		}
	}
	return monitor.Silence{
		ID: r.ID, Version: r.Version,
		Matches: monitor.Match{Everything: r.Everything, Monitors: r.Monitors, Subjects: r.Subjects, Group: r.Path, Labels: r.Labels},
		From:    fromMillis(r.FromAt), Until: fromMillis(r.UntilAt), Schedule: r.Schedule, Zone: r.Zone, Length: length,
		Reason: r.Reason, Author: r.Author, CreatedAt: fromMillis(r.CreatedAt), UpdatedAt: fromMillis(r.UpdatedAt),
		EndedAt: fromMillis(r.EndedAt), EndedBy: r.EndedBy,
	}, nil
}

// Silences returns the silences that have not reached their end at a time, and
// of the others the newest, at most so many; newest first.
func (db *DB) Silences(ctx context.Context, at time.Time, over int) ([]monitor.Silence, error) {
	const isOver = `(ended_at > 0 OR until_at > 0 AND until_at <= ?)`
	var rows []silenceRow
	err := db.read.WithContext(ctx).Raw(`SELECT * FROM silences WHERE NOT `+isOver+` OR id IN
		(SELECT id FROM silences WHERE `+isOver+` ORDER BY id DESC LIMIT ?) ORDER BY id DESC`, millis(at), millis(at), over).Scan(&rows).Error
	if err != nil {
		return nil, db.fault("read silences", err)
	}
	all := make([]monitor.Silence, len(rows))
	for i, row := range rows {
		if all[i], err = row.silence(); err != nil {
			return nil, db.fault("read silences", err)
		}
	}
	return all, nil
}

// Silence returns one silence, or ErrNotFound.
func (db *DB) Silence(ctx context.Context, id int64) (monitor.Silence, error) {
	what := fmt.Sprintf("read silence %d", id)
	row, err := takeSilence(db.read.WithContext(ctx), id)
	if err != nil {
		return monitor.Silence{}, db.fault(what, err)
	}
	s, err := row.silence()
	return s, db.fault(what, err)
}

func takeSilence(tx *gorm.DB, id int64) (silenceRow, error) {
	var row silenceRow
	err := tx.Where("id = ?", id).Take(&row).Error
	return row, err
}

// SaveSilence stores a new silence, whose ID is zero, as version 1, or the next
// version of one that is there, and returns it as it is stored. An s.Version
// that is not the stored one, or a silence that somebody ended, is ErrConflict.
// Who made it and when stays as it was.
func (db *DB) SaveSilence(ctx context.Context, s monitor.Silence, at time.Time) (monitor.Silence, error) {
	if s.ID == 0 {
		s.Version, s.CreatedAt, s.UpdatedAt, s.EndedAt, s.EndedBy = 1, at, at, time.Time{}, ""
		row := rowOfSilence(s)
		err := db.transaction(ctx, "create silence", func(tx *gorm.DB) error { return tx.Create(&row).Error })
		if err != nil {
			return monitor.Silence{}, err
		}
		return row.silence()
	}
	return db.changeSilence(ctx, s.ID, "update", func(stored silenceRow) (silenceRow, error) {
		if stored.Version != s.Version {
			return stored, fmt.Errorf("%w: it was changed by somebody else meanwhile (version %d, yours is %d)", monitor.ErrConflict, stored.Version, s.Version)
		}
		next := rowOfSilence(s)
		next.Author, next.CreatedAt, next.UpdatedAt = stored.Author, stored.CreatedAt, millis(at)
		return next, nil
	})
}

// EndSilence ends a silence for good, whether it has begun or not. One that was
// ended, or is over by itself, is ErrConflict.
func (db *DB) EndSilence(ctx context.Context, id int64, by string, at time.Time) (monitor.Silence, error) {
	return db.changeSilence(ctx, id, "end", func(row silenceRow) (silenceRow, error) {
		if row.UntilAt > 0 && row.UntilAt <= millis(at) {
			return row, fmt.Errorf("it is over already: %w", monitor.ErrConflict)
		}
		row.EndedAt, row.EndedBy, row.UpdatedAt = millis(at), by, millis(at)
		return row, nil
	})
}

// changeSilence stores what change makes of a silence that nobody has ended.
func (db *DB) changeSilence(ctx context.Context, id int64, verb string, change func(silenceRow) (silenceRow, error)) (monitor.Silence, error) {
	var next silenceRow
	err := db.transaction(ctx, fmt.Sprintf("%s silence %d", verb, id), func(tx *gorm.DB) error {
		stored, err := takeSilence(tx, id)
		if err != nil {
			return err
		}
		if stored.EndedAt > 0 {
			return fmt.Errorf("%s has ended it: %w", stored.EndedBy, monitor.ErrConflict)
		}
		if next, err = change(stored); err != nil {
			return err
		}
		next.Version = stored.Version + 1
		return tx.Select("*").Where("id = ?", id).Updates(&next).Error
	})
	if err != nil {
		return monitor.Silence{}, err
	}
	return next.silence()
}
