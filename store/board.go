package store

import (
	"context"
	"encoding/json"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"wingmirror/monitor"
)

// recentChanges is how many changes of each component a start remembers.
const recentChanges = 20

// BoardRecords returns everything about the board that still matters at a time.
func (db *DB) BoardRecords(ctx context.Context, at time.Time) (monitor.BoardRecords, error) {
	var r monitor.BoardRecords
	tx := db.read.WithContext(ctx)
	for _, read := range []func(*gorm.DB, *monitor.BoardRecords) error{
		readComponents,
		func(tx *gorm.DB, r *monitor.BoardRecords) error { return readOverrides(tx, r, at) },
		func(tx *gorm.DB, r *monitor.BoardRecords) error { return readPushes(tx, r, at) },
		readSources, readChanges, readSubscriptions, readLevels,
	} {
		if err := read(tx, &r); err != nil {
			return r, db.fault("read the board", err)
		}
	}
	return r, nil
}

type overrideRow struct {
	ID        int64 `gorm:"primaryKey"`
	Component string
	Level     uint8
	Reason    string
	Link      string
	Author    string
	FromAt    int64
	UntilAt   int64
	CreatedAt int64 `gorm:"autoCreateTime:false"`
	UpdatedAt int64 `gorm:"autoUpdateTime:false"`
	UpdatedBy string
	EndedAt   int64
	EndedBy   string
}

func (overrideRow) TableName() string { return "board_overrides" }

func (r overrideRow) override() monitor.Override {
	return monitor.Override{
		ID: r.ID, Component: r.Component, Level: monitor.DC(r.Level), Reason: r.Reason, Link: r.Link, Author: r.Author,
		From: fromMillis(r.FromAt), Until: fromMillis(r.UntilAt), CreatedAt: fromMillis(r.CreatedAt),
		UpdatedAt: fromMillis(r.UpdatedAt), UpdatedBy: r.UpdatedBy, EndedAt: fromMillis(r.EndedAt), EndedBy: r.EndedBy,
	}
}

func readOverrides(tx *gorm.DB, to *monitor.BoardRecords, at time.Time) error {
	var rows []overrideRow
	err := tx.Where("ended_at = 0 AND until_at > ?", millis(at)).Order("id").Find(&rows).Error
	for _, row := range rows {
		to.Overrides = append(to.Overrides, row.override())
	}
	return err
}

// SaveOverride stores an override, new (ID 0) or changed, and returns it as it
// is stored.
func (db *DB) SaveOverride(ctx context.Context, o monitor.Override) (monitor.Override, error) {
	row := overrideRow{
		ID: o.ID, Component: o.Component, Level: uint8(o.Level), Reason: o.Reason, Link: o.Link, Author: o.Author,
		FromAt: millis(o.From), UntilAt: millis(o.Until), CreatedAt: millis(o.CreatedAt), UpdatedAt: millis(o.UpdatedAt),
		UpdatedBy: o.UpdatedBy, EndedAt: millis(o.EndedAt), EndedBy: o.EndedBy,
	}
	err := db.transaction(ctx, "save override", func(tx *gorm.DB) error {
		if o.ID == 0 {
			return tx.Create(&row).Error
		}
		return changedOne(tx.Select("*").Where("id = ?", o.ID).Updates(&row))
	})
	return row.override(), err
}

// changedOne is the error of a change, ErrNotFound when there was nothing to change.
func changedOne(tx *gorm.DB) error {
	if tx.Error == nil && tx.RowsAffected == 0 {
		return monitor.ErrNotFound
	}
	return tx.Error
}

type pushRow struct {
	Component   string `gorm:"primaryKey"`
	ID          string `gorm:"primaryKey"`
	Level       uint8
	Title       string
	Description string
	Link        string
	StartAt     int64
	EndAt       int64
	Overrides   bool
	Metadata    string
	Author      string
	SeenAt      int64
	ChangedAt   int64
}

func (pushRow) TableName() string { return "board_pushes" }

func readPushes(tx *gorm.DB, to *monitor.BoardRecords, at time.Time) error {
	var rows []pushRow
	err := tx.Where("end_at > ? OR component = ''", millis(at)).Find(&rows).Error
	for _, row := range rows {
		r := monitor.Rationale{
			ID: row.ID, Component: row.Component, Source: "push", Level: monitor.DC(row.Level), Title: row.Title, Description: row.Description,
			Link: row.Link, Start: fromMillis(row.StartAt), End: fromMillis(row.EndAt), Overrides: row.Overrides, Author: row.Author,
			Seen: fromMillis(row.SeenAt), Changed: fromMillis(row.ChangedAt),
		}
		if row.Metadata != "" {
			r.Metadata = json.RawMessage(row.Metadata)
		}
		to.Pushes = append(to.Pushes, r)
	}
	return err
}

// SavePush stores a rationale that was pushed, in place of one with its ID.
func (db *DB) SavePush(ctx context.Context, r monitor.Rationale) error {
	row := pushRow{
		Component: r.Component, ID: r.ID, Level: uint8(r.Level), Title: r.Title, Description: r.Description, Link: r.Link, StartAt: millis(r.Start),
		EndAt: millis(r.End), Overrides: r.Overrides, Metadata: string(r.Metadata), Author: r.Author, SeenAt: millis(r.Seen), ChangedAt: millis(r.Changed),
	}
	return db.transaction(ctx, "save pushed rationale", func(tx *gorm.DB) error {
		return tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error
	})
}

// DeletePush removes a rationale that was pushed; ErrNotFound when there is none.
func (db *DB) DeletePush(ctx context.Context, component, id string) error {
	return db.transaction(ctx, "withdraw rationale", func(tx *gorm.DB) error {
		return changedOne(tx.Where("component = ? AND id = ?", component, id).Delete(&pushRow{}))
	})
}

type changeRow struct {
	ID        int64 `gorm:"primaryKey"`
	Component string
	At        int64
	FromLevel uint8
	ToLevel   uint8
	Cause     string
	Author    string
}

func (changeRow) TableName() string { return "board_changes" }

func (r changeRow) change() monitor.BoardChange {
	return monitor.BoardChange{
		ID: r.ID, Component: r.Component, At: fromMillis(r.At), From: monitor.DC(r.FromLevel), To: monitor.DC(r.ToLevel), Cause: r.Cause, Author: r.Author,
	}
}

// readChanges reads the newest changes of each component, newest first.
func readChanges(tx *gorm.DB, to *monitor.BoardRecords) error {
	var rows []changeRow
	err := tx.Raw(`SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY component ORDER BY id DESC) AS place FROM board_changes) AS numbered
		WHERE place <= ? ORDER BY id DESC`, recentChanges).Scan(&rows).Error
	for _, row := range rows {
		to.Changes = append(to.Changes, row.change())
	}
	return err
}

// AddBoardChanges stores changes of levels, in their order, and puts the notices
// about them in the outbox.
func (db *DB) AddBoardChanges(ctx context.Context, changes []monitor.BoardChange, notices []monitor.Notice) error {
	rows := make([]changeRow, len(changes))
	for i, c := range changes {
		rows[i] = changeRow{Component: c.Component, At: millis(c.At), FromLevel: uint8(c.From), ToLevel: uint8(c.To), Cause: c.Cause, Author: c.Author}
	}
	return db.transaction(ctx, "note changes of the board", func(tx *gorm.DB) error {
		if err := tx.CreateInBatches(rows, 500).Error; err != nil {
			return err
		}
		for _, n := range notices {
			if err := queueNotices(tx, 0, []monitor.Notice{n}); err != nil {
				return err
			}
		}
		return nil
	})
}

// BoardChanges returns a component's changes with an ID below before (0: from
// the newest on), newest first, at most so many.
func (db *DB) BoardChanges(ctx context.Context, component string, before int64, limit int) ([]monitor.BoardChange, error) {
	query := db.read.WithContext(ctx).Where("component = ?", component)
	if before > 0 {
		query = query.Where("id < ?", before)
	}
	var rows []changeRow
	if err := query.Order("id DESC").Limit(limit).Find(&rows).Error; err != nil {
		return nil, db.fault("read changes of component "+component, err)
	}
	all := make([]monitor.BoardChange, len(rows))
	for i, row := range rows {
		all[i] = row.change()
	}
	return all, nil
}

// SweepBoard removes overrides and pushes that were over, and changes that were
// made, before a time. The newest change of each component stays.
func (db *DB) SweepBoard(ctx context.Context, before time.Time) error {
	return db.transaction(ctx, "sweep the board", func(tx *gorm.DB) error {
		for _, statement := range []string{
			`DELETE FROM board_overrides WHERE until_at < ?`, `DELETE FROM board_pushes WHERE end_at < ?`,
			`DELETE FROM board_changes WHERE at < ? AND id NOT IN (SELECT MAX(id) FROM board_changes GROUP BY component)`,
		} {
			if err := tx.Exec(statement, millis(before)).Error; err != nil {
				return err
			}
		}
		return nil
	})
}
