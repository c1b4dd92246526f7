package store

import (
	"context"
	"time"
)

// lateRuns is how long after other helper files came into force a run may still
// be stored that began with those before.
const lateRuns = time.Hour

// sweepLibraries removes helper files that are no longer in force and that no
// recording was made with. What a recording names is inside it, so recordings are
// read, the newest of each monitor first, until all files are known to be in use:
// as a rule a few suffice, and none while there were never others in force.
func (db *DB) sweepLibraries(ctx context.Context, at time.Time) (int64, error) {
	unused, last, err := db.leftLibraries(ctx, millis(at.Add(-lateRuns)))
	if err != nil || len(unused) == 0 {
		return 0, err
	}
	ids, err := db.Recorded(ctx)
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		if err := db.strikeUsed(ctx, id, last, unused); err != nil || len(unused) == 0 {
			return 0, err
		}
	}
	var gone int64
	for hash, left := range unused {
		result := db.write.WithContext(ctx).Exec(`DELETE FROM libraries WHERE hash = ? AND left_at = ?`, hash, left)
		if result.Error != nil {
			return gone, result.Error
		}
		gone += result.RowsAffected
	}
	return gone, nil
}

// leftLibraries returns the hashes of the files that went out of force before a
// time, each with when it did, and the last of those times.
func (db *DB) leftLibraries(ctx context.Context, before int64) (left map[string]int64, last int64, err error) {
	var rows []struct {
		Hash   string
		LeftAt int64
	}
	err = db.read.WithContext(ctx).Raw(`SELECT hash, left_at FROM libraries WHERE left_at > 0 AND left_at < ?`, before).Scan(&rows).Error
	left = map[string]int64{}
	for _, row := range rows {
		left[row.Hash], last = row.LeftAt, max(last, row.LeftAt)
	}
	return left, last, err
}

// strikeUsed deletes from unused what recordings of one monitor name, from the
// last time on backwards. (A run's recording bears the time for which it was
// scheduled, and that is before it began.)
func (db *DB) strikeUsed(ctx context.Context, id, last int64, unused map[string]int64) error {
	for before := last + 1; len(unused) > 0; {
		var rows []struct {
			ScheduledAt int64
			Head        []byte
		}
		err := db.read.WithContext(ctx).Raw(`SELECT scheduled_at, substr(input, 1, ?) AS head FROM recordings
			WHERE monitor_id = ? AND scheduled_at < ? ORDER BY scheduled_at DESC LIMIT ?`, recordingHead, id, before, sweepChunk/10).Scan(&rows).Error
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, row := range rows {
			delete(unused, libraryOf(row.Head))
		}
		before = rows[len(rows)-1].ScheduledAt
	}
	return nil
}
