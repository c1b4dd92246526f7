package store

import (
	"context"
	"database/sql/driver"
	"fmt"
	"time"

	"gorm.io/gorm"

	"wingmirror/monitor"
)

type heartbeatRow struct {
	ID          int64 `gorm:"primaryKey"`
	Version     int
	Space       string
	Name        string
	Description string
	Labels      stringMap
	Schedule    storedSchedule
	Limits      storedLimits
	Sensitivity float64
	Alerts      stringList
	Policy      storedPolicy
	Active      bool
	CreatedAt   int64 `gorm:"autoCreateTime:false"`
	UpdatedAt   int64 `gorm:"autoUpdateTime:false"`
}

func (heartbeatRow) TableName() string { return "heartbeats" }

// storedSchedule and storedLimits have names that stay when fields are renamed.
type storedSchedule struct {
	Kind   monitor.ScheduleKind `json:"kind,omitempty"`
	Period time.Duration        `json:"period,omitempty"`
	Grace  time.Duration        `json:"grace,omitempty"`
	Spec   string               `json:"spec,omitempty"`
	Zone   string               `json:"zone,omitempty"`
}

// Value implements driver.Valuer.
func (s storedSchedule) Value() (driver.Value, error) { return jsonColumn(s) }

// Scan implements sql.Scanner.
func (s *storedSchedule) Scan(src any) error { return scanJSON(src, s) }

type storedLimits struct {
	MaxRun   time.Duration  `json:"max_run,omitempty"`
	MinRun   time.Duration  `json:"min_run,omitempty"`
	TooOften monitor.Toggle `json:"too_often,omitempty"`
	OddSize  monitor.Toggle `json:"odd_size,omitempty"`
	Failures int            `json:"failures,omitempty"`
	Of       int            `json:"of,omitempty"`
}

// Value implements driver.Valuer.
func (l storedLimits) Value() (driver.Value, error) { return jsonColumn(l) }

// Scan implements sql.Scanner.
func (l *storedLimits) Scan(src any) error { return scanJSON(src, l) }

func rowOfHeartbeat(h monitor.Heartbeat) heartbeatRow {
	return heartbeatRow{
		ID: h.ID, Version: h.Version, Space: h.Space, Name: h.Name, Description: h.Description, Labels: stringMap(h.Labels),
		Schedule: storedSchedule(h.Schedule), Limits: storedLimits(h.Limits), Sensitivity: h.Sensitivity,
		Alerts: stringList(h.Alerts), Policy: storePolicy(h.Policy), Active: h.Active,
		CreatedAt: millis(h.CreatedAt), UpdatedAt: millis(h.UpdatedAt),
	}
}

func (r heartbeatRow) heartbeat() monitor.Heartbeat {
	return monitor.Heartbeat{
		ID: r.ID, Version: r.Version, Space: r.Space, Name: r.Name, Description: r.Description, Labels: r.Labels,
		Schedule: monitor.HeartbeatSchedule(r.Schedule), Limits: monitor.HeartbeatLimits(r.Limits), Sensitivity: r.Sensitivity,
		Alerts: r.Alerts, Policy: r.Policy.policy(), Active: r.Active,
		CreatedAt: fromMillis(r.CreatedAt), UpdatedAt: fromMillis(r.UpdatedAt),
	}
}

// Heartbeats returns all heartbeats, in the order of space and name.
func (db *DB) Heartbeats(ctx context.Context) ([]monitor.Heartbeat, error) {
	var rows []heartbeatRow
	if err := db.read.WithContext(ctx).Order("space, name").Find(&rows).Error; err != nil {
		return nil, db.fault("read heartbeats", err)
	}
	all := make([]monitor.Heartbeat, len(rows))
	for i, row := range rows {
		all[i] = row.heartbeat()
	}
	return all, nil
}

// SaveHeartbeat stores a new heartbeat, whose ID is zero, as version 1, or the
// next version of one that is there, and returns it as it is stored. An h.Version
// that is not the stored one, or a name that is taken, is ErrConflict.
func (db *DB) SaveHeartbeat(ctx context.Context, h monitor.Heartbeat, at time.Time) (monitor.Heartbeat, error) {
	row := rowOfHeartbeat(h)
	row.UpdatedAt = millis(at)
	what := "save heartbeat " + h.Subject().Key
	err := db.transaction(ctx, what, func(tx *gorm.DB) error {
		var taken int64
		err := tx.Raw(`SELECT COUNT(*) FROM heartbeats WHERE space = ? AND name = ? AND id <> ?`, h.Space, h.Name, h.ID).Row().Scan(&taken)
		if err != nil {
			return err
		}
		if taken > 0 {
			return fmt.Errorf("%w: there is a heartbeat %s/%s already", monitor.ErrConflict, h.Space, h.Name)
		}
		if h.ID == 0 {
			row.Version, row.CreatedAt = 1, millis(at)
			return tx.Create(&row).Error
		}
		var stored heartbeatRow
		if err := tx.Where("id = ?", h.ID).Take(&stored).Error; err != nil {
			return err
		}
		if stored.Version != h.Version {
			return fmt.Errorf("%w: it was changed by somebody else meanwhile (version %d, yours is %d)", monitor.ErrConflict, stored.Version, h.Version)
		}
		row.Version, row.CreatedAt = stored.Version+1, stored.CreatedAt
		return tx.Save(&row).Error
	})
	return row.heartbeat(), err
}

// DeleteHeartbeat removes a heartbeat and everything that was kept of it.
func (db *DB) DeleteHeartbeat(ctx context.Context, id int64) error {
	return db.transaction(ctx, fmt.Sprintf("delete heartbeat %d", id), func(tx *gorm.DB) error {
		n, err := affected(tx.Exec(`DELETE FROM heartbeats WHERE id = ?`, id))
		if err == nil && n == 0 {
			return gorm.ErrRecordNotFound
		}
		return err
	})
}

type heartbeatKeyRow struct {
	Key       string `gorm:"primaryKey"`
	Space     string
	Name      string
	Quota     int
	Imported  bool
	CreatedAt int64 `gorm:"autoCreateTime:false"`
}

func (heartbeatKeyRow) TableName() string { return "heartbeat_keys" }

// HeartbeatKeys returns all keys, in the order of space and name.
func (db *DB) HeartbeatKeys(ctx context.Context) ([]monitor.HeartbeatKey, error) {
	var rows []heartbeatKeyRow
	if err := db.read.WithContext(ctx).Order("space, name, created_at, key").Find(&rows).Error; err != nil {
		return nil, db.fault("read heartbeat keys", err)
	}
	all := make([]monitor.HeartbeatKey, len(rows))
	for i, r := range rows {
		all[i] = monitor.HeartbeatKey{Key: r.Key, Space: r.Space, Name: r.Name, Quota: r.Quota, Imported: r.Imported, CreatedAt: fromMillis(r.CreatedAt)}
	}
	return all, nil
}

func rowOfKey(k monitor.HeartbeatKey) heartbeatKeyRow {
	return heartbeatKeyRow{Key: k.Key, Space: k.Space, Name: k.Name, Quota: k.Quota, Imported: k.Imported, CreatedAt: millis(k.CreatedAt)}
}

// AddHeartbeatKey stores a new key; one that is there already is ErrConflict.
func (db *DB) AddHeartbeatKey(ctx context.Context, k monitor.HeartbeatKey) error {
	return db.transaction(ctx, "add heartbeat key", func(tx *gorm.DB) error {
		row := rowOfKey(k)
		var there int64
		if err := tx.Raw(`SELECT COUNT(*) FROM heartbeat_keys WHERE key = ?`, k.Key).Row().Scan(&there); err != nil {
			return err
		}
		if there > 0 {
			return fmt.Errorf("%w: there is such a key already", monitor.ErrConflict)
		}
		return tx.Create(&row).Error
	})
}

// DeleteHeartbeatKey removes a key: whoever uses it is refused from now on.
func (db *DB) DeleteHeartbeatKey(ctx context.Context, key string) error {
	return db.transaction(ctx, "delete heartbeat key", func(tx *gorm.DB) error {
		n, err := affected(tx.Exec(`DELETE FROM heartbeat_keys WHERE key = ?`, key))
		if err == nil && n == 0 {
			return gorm.ErrRecordNotFound
		}
		return err
	})
}

// ImportHeartbeatKeys puts the given keys and hooks in place of all that were
// imported before. Keys made here stay, also when the list names them too.
func (db *DB) ImportHeartbeatKeys(ctx context.Context, keys []monitor.HeartbeatKey, hooks []monitor.PacemakerHook) error {
	return db.transaction(ctx, "import heartbeat keys", func(tx *gorm.DB) error {
		if err := tx.Exec(`DELETE FROM heartbeat_keys WHERE imported`).Error; err != nil {
			return err
		}
		for _, k := range keys {
			row := rowOfKey(k)
			row.Imported = true
			err := tx.Exec(`INSERT INTO heartbeat_keys (key, space, name, quota, imported, created_at) VALUES (?, ?, ?, ?, ?, ?)
				ON CONFLICT (key) DO NOTHING`, row.Key, row.Space, row.Name, row.Quota, row.Imported, row.CreatedAt).Error
			if err != nil {
				return err
			}
		}
		if err := tx.Exec(`DELETE FROM pacemaker_hooks`).Error; err != nil {
			return err
		}
		for _, h := range hooks {
			if err := tx.Exec(`INSERT INTO pacemaker_hooks (space, url, failing_ms) VALUES (?, ?, ?)`, h.Space, h.URL, h.Failing.Milliseconds()).Error; err != nil {
				return err
			}
		}
		return nil
	})
}

// PacemakerHooks returns where alerts go in Pacemaker's form.
func (db *DB) PacemakerHooks(ctx context.Context) ([]monitor.PacemakerHook, error) {
	var all []monitor.PacemakerHook
	rows, err := db.read.WithContext(ctx).Raw(`SELECT space, url, failing_ms FROM pacemaker_hooks ORDER BY space`).Rows()
	err = scanAll(rows, err, func(r rowScanner) error {
		var h monitor.PacemakerHook
		var failing int64
		err := r.Scan(&h.Space, &h.URL, &failing)
		h.Failing = time.Duration(failing) * time.Millisecond
		all = append(all, h)
		return err
	})
	return all, db.fault("read Pacemaker hooks", err)
}

// MarkWatching notes that heartbeats were being watched at a time.
func (db *DB) MarkWatching(ctx context.Context, at time.Time) error {
	err := db.write.WithContext(ctx).Exec(`INSERT INTO heartbeat_watch (id, alive_at) VALUES (1, ?)
		ON CONFLICT (id) DO UPDATE SET alive_at = excluded.alive_at`, millis(at)).Error
	return db.fault("note that heartbeats are watched", err)
}

// WatchedUntil returns when heartbeats were last watched; the zero time when they
// never were.
func (db *DB) WatchedUntil(ctx context.Context) (time.Time, error) {
	var at int64
	rows, err := db.read.WithContext(ctx).Raw(`SELECT alive_at FROM heartbeat_watch`).Rows()
	err = scanAll(rows, err, func(r rowScanner) error { return r.Scan(&at) })
	return fromMillis(at), db.fault("read when heartbeats were watched", err)
}
