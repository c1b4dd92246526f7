package store

import (
	"context"
	"time"

	"gorm.io/gorm"
)

// KeepRecordings says how much of what runs saw is kept. Zero fields set no
// bound; what is older than Retention.Runs goes in any case.
type KeepRecordings struct {
	Newest int   // of each monitor, beside those that changed something or faulted
	Bytes  int64 // in all
}

// SweepRecordings removes what exceeds the bounds, and returns how many
// recordings went. When there are too many bytes, those that changed nothing go
// first, the oldest of all monitors before the newer ones. Like Sweep it works in
// short transactions and can be cut short.
func (db *DB) SweepRecordings(ctx context.Context, keep KeepRecordings) (int64, error) {
	var gone int64
	if keep.Newest > 0 {
		ids, err := db.Recorded(ctx)
		if err != nil {
			return 0, err
		}
		for _, id := range ids {
			n, err := db.sweepOldest(ctx, id, keep.Newest)
			gone += n
			if err != nil {
				return gone, db.fault("remove old recordings", err)
			}
		}
	}
	if keep.Bytes > 0 {
		n, err := db.sweepBytes(ctx, keep.Bytes)
		gone += n
		if err != nil {
			return gone, db.fault("remove old recordings", err)
		}
	}
	return gone, nil
}

// sweepOldest leaves the newest recordings of one monitor, and the kept ones.
func (db *DB) sweepOldest(ctx context.Context, id int64, newest int) (int64, error) {
	var border []int64
	err := db.read.WithContext(ctx).Raw(`SELECT scheduled_at FROM recordings WHERE monitor_id = ? ORDER BY scheduled_at DESC LIMIT 1 OFFSET ?`,
		id, newest).Scan(&border).Error
	if err != nil || len(border) == 0 {
		return 0, err
	}
	return db.deleteAll(ctx, `DELETE FROM recordings WHERE monitor_id = ? AND scheduled_at IN
		(SELECT scheduled_at FROM recordings WHERE monitor_id = ? AND scheduled_at <= ? AND NOT kept ORDER BY scheduled_at LIMIT ?)`,
		id, id, border[0], sweepChunk/10)
}

func (db *DB) sweepBytes(ctx context.Context, most int64) (int64, error) {
	var total, count int64
	if err := db.read.WithContext(ctx).Raw(`SELECT COALESCE(SUM(size), 0), COUNT(*) FROM recordings`).Row().Scan(&total, &count); err != nil {
		return 0, err
	}
	var gone int64
	for total > most {
		few := min((total-most)/(total/count+1)+1, sweepChunk/10) // hardly more than needed
		var sizes []int64
		err := db.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
			return tx.Raw(`DELETE FROM recordings WHERE (monitor_id, scheduled_at) IN
				(SELECT monitor_id, scheduled_at FROM recordings ORDER BY kept, scheduled_at LIMIT ?) RETURNING size`, few).Scan(&sizes).Error
		})
		if err != nil || len(sizes) == 0 {
			return gone, err
		}
		for _, size := range sizes {
			total -= size
		}
		gone += int64(len(sizes))
		count = max(count-int64(len(sizes)), 1)
	}
	return gone, nil
}

// sweepRecordingsOf removes what is older than the border of one monitor.
func (db *DB) sweepRecordingsOf(ctx context.Context, id, border int64) error {
	_, err := db.deleteAll(ctx, `DELETE FROM recordings WHERE monitor_id = ? AND scheduled_at IN
		(SELECT scheduled_at FROM recordings WHERE monitor_id = ? AND scheduled_at < ? ORDER BY scheduled_at LIMIT ?)`,
		id, id, border, sweepChunk/10)
	return err
}

// RecordingStats says how much is recorded.
type RecordingStats struct {
	Count  int64
	Bytes  int64
	Oldest time.Time // zero without any
}

// RecordingStats returns how much is recorded now.
func (db *DB) RecordingStats(ctx context.Context) (RecordingStats, error) {
	var s RecordingStats
	var oldest int64
	err := db.read.WithContext(ctx).Raw(`SELECT COUNT(*), COALESCE(SUM(size), 0), COALESCE(MIN(scheduled_at), 0) FROM recordings`).
		Row().Scan(&s.Count, &s.Bytes, &oldest)
	s.Oldest = fromMillis(oldest)
	return s, db.fault("count recordings", err)
}
