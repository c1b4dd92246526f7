package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"gorm.io/gorm"

	"wingmirror/monitor"
)

// monitorRow is a row of monitors. Its JSON form is what versions keep.
type monitorRow struct {
	ID          int64        `gorm:"primaryKey" json:"id"`
	Version     int          `json:"version"`
	Name        string       `json:"name"`
	Description string       `json:"description"`
	Path        string       `json:"group"`
	Labels      stringMap    `json:"labels"`
	Schedule    string       `json:"schedule"`
	Zone        string       `json:"zone"`
	CatchUp     string       `json:"catch_up"`
	Targets     stringList   `json:"targets"`
	Minutes     int          `json:"minutes"`
	Script      string       `json:"script"`
	Params      string       `json:"params"`
	Alerts      stringList   `json:"alerts"`
	Tests       string       `json:"tests,omitempty"`
	Policy      storedPolicy `json:"policy"`
	Active      bool         `json:"active"`
	CreatedAt   int64        `gorm:"autoCreateTime:false" json:"created_at"`
	UpdatedAt   int64        `gorm:"autoUpdateTime:false" json:"updated_at"`
}

func (monitorRow) TableName() string { return "monitors" }

func rowOfMonitor(m monitor.Monitor) monitorRow {
	return monitorRow{
		ID: m.ID, Version: m.Version, Name: m.Name, Description: m.Description, Path: m.Group,
		Labels: stringMap(m.Labels), Schedule: m.Schedule, Zone: m.Zone, CatchUp: string(m.CatchUp),
		Targets: stringList(m.Targets), Minutes: m.Minutes, Script: m.Script, Params: string(m.Params),
		Alerts: stringList(m.Alerts), Tests: m.Tests, Policy: storePolicy(m.Policy), Active: m.Active,
		CreatedAt: millis(m.CreatedAt), UpdatedAt: millis(m.UpdatedAt),
	}
}

func (r monitorRow) monitor() monitor.Monitor {
	m := monitor.Monitor{
		ID: r.ID, Version: r.Version, Name: r.Name, Description: r.Description, Group: r.Path,
		Labels: r.Labels, Schedule: r.Schedule, Zone: r.Zone, CatchUp: monitor.CatchUp(r.CatchUp),
		Targets: r.Targets, Minutes: r.Minutes, Script: r.Script,
		Alerts: r.Alerts, Tests: r.Tests, Policy: r.Policy.policy(), Active: r.Active,
		CreatedAt: fromMillis(r.CreatedAt), UpdatedAt: fromMillis(r.UpdatedAt),
	}
	if r.Params != "" {
		m.Params = json.RawMessage(r.Params)
	}
	return m
}

// Monitors returns all monitors, by id.
func (db *DB) Monitors(ctx context.Context) ([]monitor.Monitor, error) {
	var rows []monitorRow
	if err := db.read.WithContext(ctx).Order("id").Find(&rows).Error; err != nil {
		return nil, db.fault("read monitors", err)
	}
	all := make([]monitor.Monitor, len(rows))
	for i, row := range rows {
		all[i] = row.monitor()
	}
	return all, nil
}

// Monitor returns one monitor, or ErrNotFound.
func (db *DB) Monitor(ctx context.Context, id int64) (monitor.Monitor, error) {
	row, err := takeMonitor(db.read.WithContext(ctx), id)
	if err != nil {
		return monitor.Monitor{}, db.fault(fmt.Sprintf("read monitor %d", id), err)
	}
	return row.monitor(), nil
}

func takeMonitor(tx *gorm.DB, id int64) (monitorRow, error) {
	var row monitorRow
	err := tx.Where("id = ?", id).Take(&row).Error
	return row, err
}

// CreateMonitor stores a new monitor as version 1 and returns it with its id.
// The monitor's ID must be zero.
func (db *DB) CreateMonitor(ctx context.Context, m monitor.Monitor, author string, at time.Time) (monitor.Monitor, error) {
	if m.ID != 0 {
		return monitor.Monitor{}, monitor.Invalid("id", "a new monitor has no id yet")
	}
	m.Version, m.CreatedAt, m.UpdatedAt = 1, at, at
	row := rowOfMonitor(m)
	err := db.transaction(ctx, "create monitor", func(tx *gorm.DB) error {
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		return saveVersion(tx, row, author)
	})
	db.list.outdate(row.ID)
	if err != nil {
		return monitor.Monitor{}, err
	}
	return row.monitor(), nil
}

// UpdateMonitor stores the monitor as its next version and returns that.
// m.Version must be that of the stored one, else somebody else saved meanwhile
// and the error is ErrConflict. When the edit switches the monitor off, an
// incident under way ends, as in SetActive.
func (db *DB) UpdateMonitor(ctx context.Context, m monitor.Monitor, author string, at time.Time) (monitor.Monitor, error) {
	defer db.list.outdate(m.ID)
	var row monitorRow
	err := db.transaction(ctx, fmt.Sprintf("update monitor %d", m.ID), func(tx *gorm.DB) error {
		stored, err := takeMonitor(tx, m.ID)
		if err != nil {
			return err
		}
		if stored.Version != m.Version {
			return fmt.Errorf("%w: it was saved by somebody else meanwhile (version %d, yours is %d)", monitor.ErrConflict, stored.Version, m.Version)
		}
		if stored.Active && !m.Active {
			if err := db.retire(tx, stored.monitor(), author, at); err != nil {
				return err
			}
		}
		m.Version, m.CreatedAt, m.UpdatedAt = stored.Version+1, fromMillis(stored.CreatedAt), at
		row = rowOfMonitor(m)
		return updateMonitor(tx, row, author)
	})
	if err != nil {
		return monitor.Monitor{}, err
	}
	return row.monitor(), nil
}

// updateMonitor overwrites the stored row with its next version.
func updateMonitor(tx *gorm.DB, row monitorRow, author string) error {
	if err := tx.Select("*").Where("id = ?", row.ID).Updates(&row).Error; err != nil {
		return err
	}
	return saveVersion(tx, row, author)
}

// SetActive switches monitors on or off, all or none. Each that changes gets a
// new version; one that is not there gives ErrNotFound. Switching off ends an
// incident under way, and whoever was told that it began is told that it ended.
func (db *DB) SetActive(ctx context.Context, ids []int64, active bool, author string, at time.Time) error {
	defer db.list.outdate(ids...)
	return db.transaction(ctx, "switch monitors", func(tx *gorm.DB) error {
		for _, id := range ids {
			row, err := takeMonitor(tx, id)
			if errors.Is(err, gorm.ErrRecordNotFound) {
				return fmt.Errorf("monitor %d: %w", id, monitor.ErrNotFound)
			}
			if err != nil {
				return err
			}
			if row.Active == active {
				continue
			}
			if !active {
				if err := db.retire(tx, row.monitor(), author, at); err != nil {
					return err
				}
			}
			row.Active, row.Version, row.UpdatedAt = active, row.Version+1, millis(at)
			if err := updateMonitor(tx, row, author); err != nil {
				return err
			}
		}
		return nil
	})
}

// DeleteMonitor removes a monitor, its state and the output of its runs. Its
// versions and incidents stay, and its runs until the next Sweep. An incident
// under way ends, as in SetActive.
func (db *DB) DeleteMonitor(ctx context.Context, id int64, author string, at time.Time) error {
	defer db.list.outdate(id)
	return db.transaction(ctx, fmt.Sprintf("delete monitor %d", id), func(tx *gorm.DB) error {
		row, err := takeMonitor(tx, id)
		if err != nil {
			return err
		}
		if err := db.retire(tx, row.monitor(), author, at); err != nil {
			return err
		}
		row.Active, row.Version, row.UpdatedAt = false, row.Version+1, millis(at)
		if err := saveVersion(tx, row, author); err != nil {
			return err
		}
		for _, statement := range []string{
			`DELETE FROM states WHERE kind = 'monitor' AND key = CAST(? AS TEXT)`,
			`DELETE FROM last_details WHERE monitor_id = ?`,
			`DELETE FROM monitors WHERE id = ?`,
		} {
			if err := tx.Exec(statement, id).Error; err != nil {
				return err
			}
		}
		return nil
	})
}

// ActiveCount returns how many monitors there are, and how many are active.
func (db *DB) ActiveCount(ctx context.Context) (all, active int64, err error) {
	err = db.read.WithContext(ctx).Raw(`SELECT COUNT(*), COUNT(CASE WHEN active THEN 1 END) FROM monitors`).Row().Scan(&all, &active)
	return all, active, db.fault("count monitors", err)
}

// Groups returns the groups that monitors are in, sorted, without the top.
func (db *DB) Groups(ctx context.Context) ([]string, error) {
	var all []string
	err := db.read.WithContext(ctx).Raw(`SELECT DISTINCT path FROM monitors WHERE path <> '' ORDER BY path`).Scan(&all).Error
	return all, db.fault("read groups", err)
}

// Labels returns every label of every monitor: key, and its values, sorted.
func (db *DB) Labels(ctx context.Context) (map[string][]string, error) {
	var rows []struct{ Labels stringMap }
	if err := db.read.WithContext(ctx).Raw(`SELECT DISTINCT labels FROM monitors WHERE labels <> '{}'`).Scan(&rows).Error; err != nil {
		return nil, db.fault("read labels", err)
	}
	values := map[string]map[string]bool{}
	for _, row := range rows {
		for key, value := range row.Labels {
			if values[key] == nil {
				values[key] = map[string]bool{}
			}
			values[key][value] = true
		}
	}
	all := map[string][]string{}
	for key, set := range values {
		all[key] = slices.Sorted(maps.Keys(set))
	}
	return all, nil
}

// Fetching returns how many active monitors have targets.
func (db *DB) Fetching(ctx context.Context) (int64, error) {
	var n int64
	err := db.read.WithContext(ctx).Raw(`SELECT COUNT(*) FROM monitors WHERE active AND targets <> '[]'`).Scan(&n).Error
	return n, db.fault("count monitors", err)
}
