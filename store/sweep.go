package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"wingmirror/monitor"
)

// Retention says how long things are kept. Zero fields mean for ever.
type Retention struct {
	Runs      time.Duration // run rows, the output and graphs kept with them, shadows that ended, and what is known of a rule's keys that are well
	Incidents time.Duration // closed incidents with their timeline and notices, and silences and announcements that are over
	Audit     time.Duration // entries of the audit log
}

// Swept counts what a sweep removed.
type Swept struct {
	Runs          int64
	Details       int64
	Incidents     int64
	Notices       int64
	Silences      int64
	Announcements int64
	Audit         int64
	Shadows       int64
	States        int64
	Libraries     int64 // sets of helper files that no recording was made with
}

// sweepChunk is how many rows one transaction of a sweep removes: a few
// milliseconds, so that commits of runs hardly wait.
const sweepChunk = 1000

// Sweep removes what is older than its retention at the given time, and what is
// left of deleted monitors. It also sums up what runs have cost in the hours before. It works in short transactions with nothing between
// them, so runs go on meanwhile; it can be cut short at any time by ctx and goes
// on with the next call.
func (db *DB) Sweep(ctx context.Context, keep Retention, at time.Time) (Swept, error) {
	var swept Swept
	err := db.sumCosts(ctx, at)
	if err == nil {
		err = db.sweepRuns(ctx, keep.Runs, at, &swept)
	}
	if err == nil {
		swept.Libraries, err = db.sweepLibraries(ctx, at)
	}
	if err == nil && keep.Runs > 0 {
		err = db.sweepCosts(ctx, millis(at.Add(-keep.Runs)))
	}
	if err == nil && keep.Runs > 0 {
		swept.Shadows, err = db.sweepShadows(ctx, millis(at.Add(-keep.Runs)))
	}
	if err == nil && keep.Runs > 0 {
		swept.States, err = db.sweepStates(ctx, millis(at.Add(-keep.Runs)))
	}
	if err == nil && keep.Incidents > 0 {
		err = db.sweepIncidents(ctx, millis(at.Add(-keep.Incidents)), &swept)
	}
	if err == nil && keep.Incidents > 0 {
		swept.Silences, err = db.sweepSilences(ctx, millis(at.Add(-keep.Incidents)))
	}
	if err == nil && keep.Incidents > 0 {
		swept.Announcements, err = db.deleteAll(ctx, `DELETE FROM announcements WHERE id IN (SELECT id FROM announcements
			WHERE until_at > 0 AND until_at < ? LIMIT ?)`, millis(at.Add(-keep.Incidents)), sweepChunk)
	}
	if err == nil && keep.Audit > 0 {
		swept.Audit, err = db.sweepAudit(ctx, millis(at.Add(-keep.Audit)))
	}
	return swept, db.fault("remove what is old", err)
}

// sweepRuns walks from monitor to monitor, deleted ones included, since runs are
// clustered by monitor.
func (db *DB) sweepRuns(ctx context.Context, keep time.Duration, at time.Time, swept *Swept) error {
	for id := int64(0); ; {
		var next []struct {
			ID    int64
			Alive bool
		}
		err := db.read.WithContext(ctx).Raw(`SELECT monitor_id AS id, EXISTS (SELECT 1 FROM monitors m WHERE m.id = monitor_id) AS alive
			FROM runs WHERE monitor_id > ? ORDER BY monitor_id LIMIT 1`, id).Scan(&next).Error
		if err != nil || len(next) == 0 {
			return err
		}
		id = next[0].ID
		border := int64(0)
		if keep > 0 {
			border = millis(at.Add(-keep))
		}
		if !next[0].Alive {
			border = millis(at)
		}
		if border == 0 {
			continue
		}
		if err := db.sweepRunsOf(ctx, id, border, swept); err != nil {
			return err
		}
	}
}

// sweepRunsOf leaves the runs to the end, since they are what leads to the rest: a
// sweep that is cut short finds it again.
func (db *DB) sweepRunsOf(ctx context.Context, id, border int64, swept *Swept) error {
	if err := db.sweepRecordingsOf(ctx, id, border); err != nil {
		return err
	}
	n, err := db.deleteAll(ctx, `DELETE FROM kept_details WHERE monitor_id = ? AND scheduled_at IN
		(SELECT scheduled_at FROM kept_details WHERE monitor_id = ? AND scheduled_at < ? ORDER BY scheduled_at LIMIT ?)`,
		id, id, border, sweepChunk/10)
	swept.Details += n
	if err != nil {
		return err
	}
	n, err = db.deleteAll(ctx, `DELETE FROM runs WHERE monitor_id = ? AND scheduled_at IN
		(SELECT scheduled_at FROM runs WHERE monitor_id = ? AND scheduled_at < ? ORDER BY scheduled_at LIMIT ?)`,
		id, id, border, sweepChunk)
	swept.Runs += n
	return err
}

// sweepShadows removes shadows that ended before the border, their runs first.
func (db *DB) sweepShadows(ctx context.Context, border int64) (int64, error) {
	const over = `SELECT id FROM shadows WHERE (ended_at > 0 AND ended_at < ? OR ends_at < ?)`
	_, err := db.deleteAll(ctx, `DELETE FROM shadow_runs WHERE (shadow_id, scheduled_at) IN
		(SELECT shadow_id, scheduled_at FROM shadow_runs WHERE shadow_id IN (`+over+`) LIMIT ?)`, border, border, sweepChunk)
	if err != nil {
		return 0, err
	}
	return db.deleteAll(ctx, `DELETE FROM shadows WHERE id IN (`+over+` LIMIT ?)`, border, border, sweepChunk)
}

// sweepStates removes states that say no more than that all was well when
// something was last heard: to alerting that is the same as never seen. Those of
// monitors go with their monitors.
func (db *DB) sweepStates(ctx context.Context, border int64) (int64, error) {
	return db.deleteAll(ctx, `DELETE FROM states WHERE (kind, key) IN (SELECT kind, key FROM states
		WHERE kind <> 'monitor' AND incident = '' AND level <= ? AND at < ? LIMIT ?)`, monitor.OK, border, sweepChunk)
}

func (db *DB) sweepIncidents(ctx context.Context, border int64, swept *Swept) error {
	old := `incident_id IN (SELECT id FROM incidents WHERE closed_at > 0 AND closed_at < ?) AND status <> 'pending'`
	n, err := db.deleteAll(ctx, `DELETE FROM notices WHERE id IN (SELECT id FROM notices WHERE `+old+` LIMIT ?)`, border, sweepChunk)
	swept.Notices += n
	if err != nil {
		return err
	}
	_, err = db.deleteAll(ctx, `DELETE FROM messages WHERE id IN
		(SELECT m.id FROM messages m WHERE NOT EXISTS (SELECT 1 FROM notices n WHERE n.message_id = m.id) LIMIT ?)`, sweepChunk)
	if err != nil {
		return err
	}
	// A label of an incident keeps its span.
	err = db.write.WithContext(ctx).Exec(`UPDATE labels SET until_at = (SELECT closed_at FROM incidents i WHERE i.id = incident_id)
		WHERE until_at = 0 AND incident_id IN (SELECT id FROM incidents WHERE closed_at > 0 AND closed_at < ?)`, border).Error
	if err != nil {
		return err
	}
	n, err = db.deleteAll(ctx, `DELETE FROM incidents WHERE id IN (SELECT i.id FROM incidents i WHERE closed_at > 0 AND closed_at < ?
		AND NOT EXISTS (SELECT 1 FROM notices n WHERE n.incident_id = i.id) LIMIT ?)`, border, sweepChunk)
	swept.Incidents += n
	return err
}

// sweepSilences removes silences that had ended for good before the border.
func (db *DB) sweepSilences(ctx context.Context, border int64) (int64, error) {
	return db.deleteAll(ctx, `DELETE FROM silences WHERE id IN (SELECT id FROM silences
		WHERE ended_at > 0 AND ended_at < ? OR until_at > 0 AND until_at < ? LIMIT ?)`, border, border, sweepChunk)
}

// sweepAudit removes the oldest entries. The log lets nobody remove any but those
// before the time that is noted first.
func (db *DB) sweepAudit(ctx context.Context, border int64) (int64, error) {
	err := db.write.WithContext(ctx).Exec(`UPDATE installation SET audit_since = ? WHERE audit_since < ?`, border, border).Error
	if err != nil {
		return 0, err
	}
	return db.deleteAll(ctx, `DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < ? ORDER BY id LIMIT ?)`, border, sweepChunk)
}

// deleteAll repeats a statement, whose last argument is its limit, until it
// finds no more.
func (db *DB) deleteAll(ctx context.Context, statement string, args ...any) (int64, error) {
	var total int64
	limit := int64(args[len(args)-1].(int))
	for {
		var n int64
		err := db.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
			result := tx.Exec(statement, args...)
			n = result.RowsAffected
			return result.Error
		})
		total += n
		if err != nil || n < limit {
			return total, err
		}
	}
}
