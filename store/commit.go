package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"wingmirror/monitor"
)

const (
	// maxBatch is how many commits go into one transaction. A batch is whatever
	// came in while the one before was written, so a lone commit never waits.
	maxBatch = 200
	// gatherTime is how long the next batch is gathered for when the last one held
	// several commits. More of them are on their way then, and half of what a
	// commit costs alone it shares with its batch.
	gatherTime = 10 * time.Millisecond
)

// pendingCommit is a commit on its way through the writer.
type pendingCommit struct {
	commit monitor.Commit
	detail []byte     // packed by the caller, off the writer
	input  []byte     // the recording, packed as well; nil for none
	err    error      // why it was left out of its batch, nil if it was not
	done   chan error // gets the end of it; nil when the caller holds the transaction
}

var errClosed = fmt.Errorf("%w: the database is closed", monitor.ErrUnavailable)

// Commit stores everything that one run or one act of a person changed, whole
// or not at all, and returns when it is stored. When the stored state is not
// the one that the commit was decided from, the error is ErrConflict: load it,
// and decide again. A run whose monitor was switched off or deleted meanwhile is
// ErrNotFound, and dropped.
func (db *DB) Commit(ctx context.Context, c monitor.Commit) error {
	p := &pendingCommit{commit: c, done: make(chan error, 1)}
	if c.Run != nil && c.Detail != nil {
		p.detail = packDetail(*c.Detail)
	}
	if c.Run != nil && c.Recording != nil {
		p.input = packRecording(*c.Recording)
	}
	select {
	case <-db.closing:
		return errClosed
	default:
	}
	select {
	case db.commits <- p:
	case <-db.closing:
		return errClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case err := <-p.done: // not given up with ctx: it is being stored
		return db.fault("commit "+c.State.Subject.String(), err)
	case <-db.closed:
	}
	select {
	case err := <-p.done: // it was the writer's last
		return db.fault("commit "+c.State.Subject.String(), err)
	default:
		return errClosed
	}
}

// runWriter is the one goroutine that stores commits.
func (db *DB) runWriter() {
	defer close(db.closed)
	batch, several := make([]*pendingCommit, 0, maxBatch), false
	for {
		batch = batch[:0]
		select {
		case p := <-db.commits:
			batch = append(batch, p)
		case <-db.closing:
			for batch = db.drain(batch); len(batch) > 0; batch = db.drain(batch[:0]) {
				db.writeBatch(batch)
			}
			return
		}
		if several && len(db.commits) < maxBatch/2 {
			db.gather()
		}
		batch = db.drain(batch)
		several = len(batch) > 1
		db.writeBatch(batch)
	}
}

// gather lets commits queue up, but not while the database is closed.
func (db *DB) gather() {
	timer := time.NewTimer(gatherTime)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-db.closing:
	}
}

// drain adds what is waiting already.
func (db *DB) drain(batch []*pendingCommit) []*pendingCommit {
	for len(batch) < maxBatch {
		select {
		case p := <-db.commits:
			batch = append(batch, p)
		default:
			return batch
		}
	}
	return batch
}

// writeBatch stores a batch in one transaction. When that fails each commit is
// tried alone, so that one that cannot be stored costs only itself.
func (db *DB) writeBatch(batch []*pendingCommit) {
	if len(batch) == 0 {
		return
	}
	err := db.writeTogether(batch)
	if err != nil && len(batch) > 1 {
		for i := range batch {
			db.writeBatch(batch[i : i+1])
		}
		return
	}
	for _, p := range batch {
		if err == nil {
			p.done <- p.err
		} else {
			p.done <- err
		}
	}
}

func (db *DB) writeTogether(batch []*pendingCommit) error {
	for _, p := range batch {
		p.err = nil
	}
	err := db.write.Transaction(func(tx *gorm.DB) error { return db.apply(tx, batch) })
	if err == nil && slices.ContainsFunc(batch, func(p *pendingCommit) bool { return len(p.commit.Notices) > 0 }) {
		db.signalQueued()
	}
	for _, p := range batch {
		if p.err == nil {
			db.list.follow(p.commit, err == nil)
		}
	}
	return err
}

// apply writes commits inside the caller's transaction. A commit that lost
// against another writer gets its err set and leaves no trace; any other error
// is returned, and the transaction must end.
func (db *DB) apply(tx *gorm.DB, batch []*pendingCommit) error {
	active, err := db.activeMonitors(tx, batch)
	if err != nil {
		return err
	}
	for _, p := range batch {
		if run := p.commit.Run; run != nil && !active[run.Monitor] {
			p.err = fmt.Errorf("monitor %d was switched off or deleted: %w", run.Monitor, monitor.ErrNotFound)
			continue
		}
		if err := db.applyOne(tx, p); err != nil {
			if !errors.Is(err, monitor.ErrConflict) {
				return err
			}
			p.err = err
			continue
		}
	}
	return nil
}

// activeMonitors returns which of the batch's runs are of active monitors.
func (db *DB) activeMonitors(tx *gorm.DB, batch []*pendingCommit) (map[int64]bool, error) {
	ids := make([]any, 0, len(batch))
	for _, p := range batch {
		if p.commit.Run != nil {
			ids = append(ids, p.commit.Run.Monitor)
		}
	}
	active := make(map[int64]bool, len(ids))
	if len(ids) == 0 {
		return active, nil
	}
	ids = padded(ids)
	rows, err := db.hot.active[len(ids)].query(tx, ids...)
	err = scanAll(rows, err, func(r rowScanner) error {
		var id int64
		err := r.Scan(&id)
		active[id] = true
		return err
	})
	return active, err
}

// applyOne writes one commit, the state first: it alone can be in conflict.
func (db *DB) applyOne(tx *gorm.DB, p *pendingCommit) error {
	c := p.commit
	if err := db.swapState(tx, c); err != nil {
		return err
	}
	if c.Run != nil {
		if err := db.endRun(tx, p); err != nil {
			return err
		}
	}
	if c.Incident == nil {
		return nil
	}
	id, err := saveIncident(tx, *c.Incident)
	if err != nil {
		return err
	}
	if err := addEvents(tx, id, c.Events); err != nil {
		return err
	}
	return queueNotices(tx, id, c.Notices)
}

// swapState stores the next state where the one before still is what it was.
func (db *DB) swapState(tx *gorm.DB, c monitor.Commit) error {
	s := c.State
	seen := ""
	if c.Run != nil {
		seen = letter(c.Run.Level, c.Run.Fault)
	}
	if c.Steady {
		return swapped(db.hot.countRun.exec(tx, millis(s.At), seen, len(seen)+1,
			string(s.Subject.Kind), s.Subject.Key, s.Version, millis(s.At)))
	}
	row, err := rowOfState(s)
	if err != nil {
		return err
	}
	if s.Version == 0 {
		return swapped(affected(tx.Exec(`INSERT INTO states (kind, key, version, level, since, runs, at, message, fault, fault_since,
			fault_runs, observed, tries, calm_since, flaps, flapping, recent, incident, open)
			VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			row.Kind, row.Key, row.Level, row.Since, row.Runs, row.At, row.Message, row.Fault, row.FaultSince,
			row.FaultRuns, row.Observed, row.Tries, row.CalmSince, row.Flaps, row.Flapping,
			emptyRecent[len(seen):]+seen, row.Incident, row.Open)))
	}
	return swapped(affected(tx.Exec(`UPDATE states SET version = version + 1, level = ?, since = ?, runs = ?, at = ?, message = ?,
		fault = ?, fault_since = ?, fault_runs = ?, observed = ?, tries = ?, calm_since = ?, flaps = ?, flapping = ?,
		recent = substr(recent || ?, ?), incident = ?, open = ? WHERE kind = ? AND key = ? AND version = ?`,
		row.Level, row.Since, row.Runs, row.At, row.Message,
		row.Fault, row.FaultSince, row.FaultRuns, row.Observed, row.Tries, row.CalmSince, row.Flaps, row.Flapping,
		seen, len(seen)+1, row.Incident, row.Open, row.Kind, row.Key, row.Version)))
}

func affected(result *gorm.DB) (int64, error) { return result.RowsAffected, result.Error }

func swapped(n int64, err error) error {
	if err == nil && n == 0 {
		return fmt.Errorf("%w: the state has moved on", monitor.ErrConflict)
	}
	return err
}

// endRun fills in the claimed row, or makes it when the run was not claimed. A
// run that has ended already stays as it is.
func (db *DB) endRun(tx *gorm.DB, p *pendingCommit) error {
	r := *p.commit.Run
	at := millis(r.At)
	_, err := db.hot.endRun.exec(tx,
		r.Monitor, at, r.Version, millis(r.Started), inMicros(r.Fetch), int64(r.Level), string(r.Fault),
		monitor.Cut(r.Message, monitor.MaxRunMessage), string(r.Decision.Reason), millis(r.Decision.Until), r.Decision.Note,
		r.Incident, inMicros(r.Cost.Wall), inMicros(r.Cost.CPU), r.Cost.Memory, r.Cost.PointsIn, r.Cost.PointsOut,
		r.Cost.OutputBytes, r.Kept && p.detail != nil)
	if err != nil {
		return err
	}
	detail := p.detail
	if r.Kept && detail != nil {
		err := tx.Exec(`INSERT INTO kept_details (monitor_id, scheduled_at, body) VALUES (?, ?, ?)
			ON CONFLICT DO NOTHING`, r.Monitor, at, detail).Error
		if err != nil {
			return err
		}
	}
	switch {
	case p.input != nil:
		if r.Kept {
			detail = nil // it is there already
		}
		return db.record(tx, r, p.input, detail)
	case detail != nil:
		_, err = db.hot.lastDetail.exec(tx, r.Monitor, at, detail)
	}
	return err
}

func inMicros(d time.Duration) int64 { return d.Microseconds() }

// signalQueued says, without waiting, that the outbox has something new.
func (db *DB) signalQueued() {
	select {
	case db.queued <- struct{}{}:
	default:
	}
}

// Queued has a token whenever notices may have been put in the outbox since it
// was last received from.
func (db *DB) Queued() <-chan struct{} { return db.queued }
