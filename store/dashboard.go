package store

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"wingmirror/monitor"
)

type dashboardRow struct {
	Name      string `gorm:"primaryKey"`
	Text      string
	Level     string
	InGroup   string
	Tiles     idList
	UpdatedAt int64 `gorm:"autoUpdateTime:false"`
	UpdatedBy string
}

func (dashboardRow) TableName() string { return "dashboards" }

func (r dashboardRow) dashboard() monitor.Dashboard {
	return monitor.Dashboard{
		Name: r.Name, Text: r.Text, Level: r.Level, Group: r.InGroup, Tiles: r.Tiles, UpdatedAt: fromMillis(r.UpdatedAt), UpdatedBy: r.UpdatedBy,
	}
}

// Dashboards returns all dashboards by name.
func (db *DB) Dashboards(ctx context.Context) ([]monitor.Dashboard, error) {
	var rows []dashboardRow
	if err := db.read.WithContext(ctx).Order("name").Find(&rows).Error; err != nil {
		return nil, db.fault("read dashboards", err)
	}
	all := make([]monitor.Dashboard, len(rows))
	for i, row := range rows {
		all[i] = row.dashboard()
	}
	return all, nil
}

// Dashboard returns one; ErrNotFound when there is none of that name.
func (db *DB) Dashboard(ctx context.Context, name string) (monitor.Dashboard, error) {
	var row dashboardRow
	err := db.read.WithContext(ctx).Where("name = ?", name).Take(&row).Error
	return row.dashboard(), db.fault(fmt.Sprintf("read dashboard %q", monitor.Cut(name, 100)), err)
}

// CreateDashboard stores a new one; ErrConflict when the name is taken.
func (db *DB) CreateDashboard(ctx context.Context, d monitor.Dashboard, author string, at time.Time) (monitor.Dashboard, error) {
	return db.saveDashboard(ctx, d, author, at, func(tx *gorm.DB, row *dashboardRow) error {
		done := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(row)
		if done.Error == nil && done.RowsAffected == 0 {
			return fmt.Errorf("%w: there is a dashboard of this name already", monitor.ErrConflict)
		}
		return done.Error
	})
}

// UpdateDashboard replaces one; ErrNotFound when there is none of that name. The
// last save wins: it is about looks, and nothing of it is hard to do again.
func (db *DB) UpdateDashboard(ctx context.Context, d monitor.Dashboard, author string, at time.Time) (monitor.Dashboard, error) {
	return db.saveDashboard(ctx, d, author, at, func(tx *gorm.DB, row *dashboardRow) error {
		return found(tx.Select("*").Where("name = ?", row.Name).Updates(row))
	})
}

func (db *DB) saveDashboard(ctx context.Context, d monitor.Dashboard, author string, at time.Time, save func(*gorm.DB, *dashboardRow) error) (monitor.Dashboard, error) {
	if err := monitor.ValidateDashboard(d); err != nil {
		return d, err
	}
	row := dashboardRow{Name: d.Name, Text: d.Text, Level: d.Level, InGroup: d.Group, Tiles: d.Tiles, UpdatedAt: millis(at), UpdatedBy: author}
	err := db.transaction(ctx, fmt.Sprintf("save dashboard %q", d.Name), func(tx *gorm.DB) error { return save(tx, &row) })
	return row.dashboard(), err
}

// DeleteDashboard removes one; ErrNotFound when there is none of that name.
func (db *DB) DeleteDashboard(ctx context.Context, name string) error {
	return db.transaction(ctx, fmt.Sprintf("delete dashboard %q", monitor.Cut(name, 100)), func(tx *gorm.DB) error {
		return found(tx.Exec(`DELETE FROM dashboards WHERE name = ?`, name))
	})
}

type preferencesRow struct {
	UserID int64 `gorm:"primaryKey;autoIncrement:false"`
	Tiles  idList
	Alerts stringList
}

func (preferencesRow) TableName() string { return "preferences" }

// Preferences returns what a user chose; the zero value when nothing was chosen.
// User 0 is whoever comes without a name.
func (db *DB) Preferences(ctx context.Context, user int64) (monitor.Preferences, error) {
	var rows []preferencesRow
	if err := db.read.WithContext(ctx).Where("user_id = ?", user).Find(&rows).Error; err != nil {
		return monitor.Preferences{}, db.fault("read preferences", err)
	}
	if len(rows) == 0 {
		return monitor.Preferences{}, nil
	}
	return monitor.Preferences{Tiles: rows[0].Tiles, Alerts: rows[0].Alerts}, nil
}

// SavePreferences replaces what a user chose.
func (db *DB) SavePreferences(ctx context.Context, user int64, p monitor.Preferences) error {
	return db.transaction(ctx, "save preferences", func(tx *gorm.DB) error {
		return tx.Save(&preferencesRow{UserID: user, Tiles: p.Tiles, Alerts: p.Alerts}).Error
	})
}
