package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"gorm.io/gorm"

	"wingmirror/monitor"
)

// runRow is a row of runs. Durations are microseconds.
type runRow struct {
	MonitorID   int64 `gorm:"primaryKey"`
	ScheduledAt int64 `gorm:"primaryKey"`
	Phase       monitor.Phase
	Version     int
	StartedAt   int64
	FetchUs     int64
	Level       monitor.Level
	Fault       string
	Message     string
	Reason      string
	Until       int64
	Note        string
	Incident    string
	WallUs      int64
	CPUUs       int64 `gorm:"column:cpu_us"`
	Memory      int64
	PointsIn    int
	PointsOut   int
	OutputBytes int
	Kept        bool
}

func (runRow) TableName() string { return "runs" }

func (r runRow) run(opened time.Time) monitor.Run {
	run := monitor.Run{
		Monitor: r.MonitorID, At: fromMillis(r.ScheduledAt), Phase: r.Phase, Version: r.Version,
		Started: fromMillis(r.StartedAt), Fetch: micros(r.FetchUs),
		Level: r.Level, Fault: monitor.Fault(r.Fault), Message: r.Message,
		Decision: monitor.Decision{Reason: monitor.Reason(r.Reason), Until: fromMillis(r.Until), Note: r.Note},
		Incident: r.Incident, Kept: r.Kept,
		Cost: monitor.Cost{
			Wall: micros(r.WallUs), CPU: micros(r.CPUUs), Memory: r.Memory,
			PointsIn: r.PointsIn, PointsOut: r.PointsOut, OutputBytes: r.OutputBytes,
		},
	}
	// Nobody but this process ends claims, so one from before its start never ends.
	if run.Phase == monitor.Claimed && run.At.Before(opened) {
		run.Phase = monitor.Lost
	}
	return run
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

// claimBatch is how many runs one statement claims.
const claimBatch = 512

// Claim takes the runs of these monitors at one scheduled time. The answer has
// an entry for each run that is now the caller's to make, with what its script
// may know of the run before. Left out are runs that somebody took already, and
// monitors that are switched off or gone. A run whose time comes again, since the
// clock was set back, is made again and takes the place of the one before.
func (db *DB) Claim(ctx context.Context, at time.Time, ids []int64) (map[int64]monitor.Previous, error) {
	won := make(map[int64]monitor.Previous, len(ids))
	for len(ids) > 0 {
		n := min(len(ids), claimBatch)
		if err := db.claim(ctx, at, ids[:n], won); err != nil {
			return nil, db.fault("claim runs", err)
		}
		ids = ids[n:]
	}
	return won, nil
}

func (db *DB) claim(ctx context.Context, at time.Time, ids []int64, won map[int64]monitor.Previous) error {
	all := padded(ids)
	keys, err := db.insertClaims(ctx, at, all, won)
	if err == nil && len(keys) < len(ids) {
		var again bool
		if again, err = db.unmake(ctx, at, all); again {
			var more []string
			more, err = db.insertClaims(ctx, at, all, won)
			keys = append(keys, more...)
		}
	}
	if err != nil || len(keys) == 0 {
		return err
	}
	rows, err := db.read.WithContext(ctx).Raw(`SELECT key, level, since, runs, message FROM states
		WHERE kind = 'monitor' AND key IN ?`, padded(keys)).Rows()
	return scanAll(rows, err, func(r rowScanner) error {
		var p monitor.Previous
		var id, since int64
		err := r.Scan(&id, &p.Level, &since, &p.Runs, &p.Message)
		p.Since = fromMillis(since)
		won[id] = p
		return err
	})
}

func (db *DB) insertClaims(ctx context.Context, at time.Time, ids []int64, won map[int64]monitor.Previous) (keys []string, err error) {
	rows, err := db.write.WithContext(ctx).Raw(`INSERT INTO runs (monitor_id, scheduled_at, phase, version)
		SELECT id, ?, 0, version FROM monitors WHERE active AND id IN ?
		ON CONFLICT DO NOTHING RETURNING monitor_id`, millis(at), ids).Rows()
	err = scanAll(rows, err, func(r rowScanner) error {
		var id int64
		err := r.Scan(&id)
		won[id] = monitor.Previous{}
		keys = append(keys, strconv.FormatInt(id, 10))
		return err
	})
	return keys, err
}

// unmake removes runs of these monitors at a time that have ended although it is
// yet to come by what is in force: the newest outcome is older, or so far ahead of
// the clock that it will be mended. Both come of a clock that was set back.
func (db *DB) unmake(ctx context.Context, at time.Time, ids []int64) (any bool, err error) {
	err = db.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		n, err := affected(tx.Exec(`DELETE FROM runs WHERE scheduled_at = ? AND phase = ? AND monitor_id IN ? AND EXISTS
			(SELECT 1 FROM states s WHERE s.kind = 'monitor' AND s.key = CAST(runs.monitor_id AS TEXT) AND (s.at < runs.scheduled_at OR s.at > ?))`,
			millis(at), monitor.Done, ids, millis(db.now().Add(monitor.ClockSlack))))
		if any = n > 0; err != nil || !any {
			return err
		}
		for _, table := range []string{"kept_details", "recordings"} {
			err := tx.Exec(`DELETE FROM `+table+` WHERE scheduled_at = ? AND monitor_id IN ? AND NOT EXISTS
				(SELECT 1 FROM runs r WHERE r.monitor_id = `+table+`.monitor_id AND r.scheduled_at = `+table+`.scheduled_at)`, millis(at), ids).Error
			if err != nil {
				return err
			}
		}
		return nil
	})
	return any, err
}

// padded repeats the last item up to a power of two, so that only a few
// different statements are ever prepared.
func padded[T any](items []T) []T {
	size := 1
	for size < len(items) {
		size *= 2
	}
	all := append(make([]T, 0, size), items...)
	for len(all) < size {
		all = append(all, items[len(items)-1])
	}
	return all
}

// Runs returns runs of a monitor, newest first, at most limit, those scheduled
// before the given time (zero: from the newest).
func (db *DB) Runs(ctx context.Context, id int64, before time.Time, limit int) ([]monitor.Run, error) {
	query := db.read.WithContext(ctx).Where("monitor_id = ?", id)
	if !before.IsZero() {
		query = query.Where("scheduled_at < ?", millis(before))
	}
	var rows []runRow
	if err := query.Order("scheduled_at DESC").Limit(limit).Find(&rows).Error; err != nil {
		return nil, db.fault(fmt.Sprintf("read runs of monitor %d", id), err)
	}
	all := make([]monitor.Run, len(rows))
	for i, row := range rows {
		all[i] = row.run(db.opened)
	}
	return all, nil
}

// Run returns one run of a monitor and what is kept of its output and graph,
// nil when that is no longer there. An unknown run is ErrNotFound.
func (db *DB) Run(ctx context.Context, id int64, at time.Time) (monitor.Run, *monitor.Detail, error) {
	what := fmt.Sprintf("read run of monitor %d at %s", id, at.UTC().Format(time.RFC3339))
	tx := db.read.WithContext(ctx)
	var row runRow
	if err := tx.Where("monitor_id = ? AND scheduled_at = ?", id, millis(at)).Take(&row).Error; err != nil {
		return monitor.Run{}, nil, db.fault(what, err)
	}
	detail, err := detailOf(tx, row)
	return row.run(db.opened), detail, db.fault(what, err)
}

// detailOf finds what is kept of a run in the one of three places where it is.
func detailOf(tx *gorm.DB, row runRow) (*monitor.Detail, error) {
	at := row.ScheduledAt
	if row.Kept {
		return takeDetail(tx.Table("kept_details").Select("body").Where("scheduled_at = ?", at), row.MonitorID)
	}
	detail, err := takeDetail(tx.Table("recordings").Select("detail AS body").Where("scheduled_at = ? AND detail <> ?", at, []byte{}), row.MonitorID)
	if detail != nil || err != nil {
		return detail, err
	}
	return takeDetail(tx.Table("last_details").Select("body").Where("scheduled_at = ?", at), row.MonitorID)
}

// LastRun returns the newest run of a monitor that has ended and what it gave
// back, or ErrNotFound before the first. Runs of a time that the clock took back
// are not looked at.
func (db *DB) LastRun(ctx context.Context, id int64) (monitor.Run, *monitor.Detail, error) {
	what := fmt.Sprintf("read last run of monitor %d", id)
	tx := db.read.WithContext(ctx)
	var row runRow
	err := tx.Raw(`SELECT * FROM runs WHERE monitor_id = ? AND phase = ? AND scheduled_at <=
		COALESCE((SELECT at FROM states WHERE kind = 'monitor' AND key = CAST(? AS TEXT)), ?) ORDER BY scheduled_at DESC LIMIT 1`,
		id, monitor.Done, id, int64(math.MaxInt64)).Take(&row).Error
	if err != nil {
		return monitor.Run{}, nil, db.fault(what, err)
	}
	detail, err := detailOf(tx, row)
	return row.run(db.opened), detail, db.fault(what, err)
}

func takeDetail(query *gorm.DB, id int64) (*monitor.Detail, error) {
	var found struct{ Body []byte }
	err := query.Where("monitor_id = ?", id).Take(&found).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	detail, err := unpackDetail(found.Body)
	if err != nil {
		return nil, err
	}
	return &detail, nil
}
