package store

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"wingmirror/monitor"
)

type announcementRow struct {
	ID        int64 `gorm:"primaryKey"`
	Version   int
	Kind      string
	Text      string
	FromAt    int64
	UntilAt   int64
	Author    string
	CreatedAt int64 `gorm:"autoCreateTime:false"`
	UpdatedAt int64 `gorm:"autoUpdateTime:false"`
	UpdatedBy string
}

func (announcementRow) TableName() string { return "announcements" }

func rowOfAnnouncement(a monitor.Announcement) announcementRow {
	return announcementRow{
		ID: a.ID, Version: a.Version, Kind: string(a.Kind), Text: a.Text, FromAt: millis(a.From), UntilAt: millis(a.Until),
		Author: a.Author, CreatedAt: millis(a.CreatedAt), UpdatedAt: millis(a.UpdatedAt), UpdatedBy: a.UpdatedBy,
	}
}

func (r announcementRow) announcement() monitor.Announcement {
	return monitor.Announcement{
		ID: r.ID, Version: r.Version, Kind: monitor.AnnouncementKind(r.Kind), Text: r.Text, From: fromMillis(r.FromAt), Until: fromMillis(r.UntilAt),
		Author: r.Author, CreatedAt: fromMillis(r.CreatedAt), UpdatedAt: fromMillis(r.UpdatedAt), UpdatedBy: r.UpdatedBy,
	}
}

// Announcements returns those that are not over at a time, newest first.
func (db *DB) Announcements(ctx context.Context, at time.Time) ([]monitor.Announcement, error) {
	return announcements(db, db.read.WithContext(ctx).Where("until_at = 0 OR until_at > ?", millis(at)))
}

// AllAnnouncements returns announcements, those that are over too, newest first: of
// those with a number below before, where that is not 0, at most so many.
func (db *DB) AllAnnouncements(ctx context.Context, before int64, limit int) ([]monitor.Announcement, error) {
	query := db.read.WithContext(ctx).Limit(limit)
	if before > 0 {
		query = query.Where("id < ?", before)
	}
	return announcements(db, query)
}

func announcements(db *DB, query *gorm.DB) ([]monitor.Announcement, error) {
	var rows []announcementRow
	if err := query.Order("id DESC").Find(&rows).Error; err != nil {
		return nil, db.fault("read announcements", err)
	}
	all := make([]monitor.Announcement, len(rows))
	for i, row := range rows {
		all[i] = row.announcement()
	}
	return all, nil
}

// Announcement returns one announcement, or ErrNotFound.
func (db *DB) Announcement(ctx context.Context, id int64) (monitor.Announcement, error) {
	var row announcementRow
	err := db.read.WithContext(ctx).Where("id = ?", id).Take(&row).Error
	return row.announcement(), db.fault(fmt.Sprintf("read announcement %d", id), err)
}

// SaveAnnouncement stores a new announcement, whose ID is zero, as version 1, or
// the next version of one that is there, and returns it as it is stored. An
// a.Version that is not the stored one is ErrConflict. Who wrote it and when stays
// as it was.
func (db *DB) SaveAnnouncement(ctx context.Context, a monitor.Announcement, author string, at time.Time) (monitor.Announcement, error) {
	next := rowOfAnnouncement(a)
	next.Version, next.UpdatedAt, next.UpdatedBy = a.Version+1, millis(at), author
	err := db.transaction(ctx, fmt.Sprintf("save announcement %d", a.ID), func(tx *gorm.DB) error {
		if a.ID == 0 {
			next.Version, next.Author, next.CreatedAt = 1, author, millis(at)
			return tx.Create(&next).Error
		}
		var stored announcementRow
		if err := tx.Where("id = ?", a.ID).Take(&stored).Error; err != nil {
			return err
		}
		if stored.Version != a.Version {
			return fmt.Errorf("%w: it was changed by somebody else meanwhile (version %d, yours is %d)", monitor.ErrConflict, stored.Version, a.Version)
		}
		next.Author, next.CreatedAt = stored.Author, stored.CreatedAt
		return tx.Select("*").Where("id = ?", a.ID).Updates(&next).Error
	})
	if err != nil {
		return monitor.Announcement{}, err
	}
	return next.announcement(), nil
}
