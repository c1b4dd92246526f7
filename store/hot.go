package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"gorm.io/gorm"
)

// The statements that every run costs are prepared once, outside transactions.
// gorm prepares what it first meets inside one for that transaction only, and
// parsing took half of the time of a commit (measured).

type hotStatements struct {
	countRun   hotStatement // a run that changed nothing else
	endRun     hotStatement
	lastDetail hotStatement
	record     hotStatement
	beatState  hotStatement
	beat       hotStatement
	event      hotStatement
	active     map[int]hotStatement // by the number of monitors that are asked for, see padded
}

const (
	countRunSQL = `UPDATE states SET runs = runs + 1, at = ?, recent = substr(recent || ?, ?)
		WHERE kind = ? AND key = ? AND version = ? AND at < ?`

	endRunSQL = `INSERT INTO runs (monitor_id, scheduled_at, phase, version, started_at, fetch_us, level, fault, message,
		reason, until, note, incident, wall_us, cpu_us, memory, points_in, points_out, output_bytes, kept)
		VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (monitor_id, scheduled_at) DO UPDATE SET phase = 1, version = excluded.version,
		started_at = excluded.started_at, fetch_us = excluded.fetch_us, level = excluded.level, fault = excluded.fault,
		message = excluded.message, reason = excluded.reason, until = excluded.until, note = excluded.note,
		incident = excluded.incident, wall_us = excluded.wall_us, cpu_us = excluded.cpu_us, memory = excluded.memory,
		points_in = excluded.points_in, points_out = excluded.points_out, output_bytes = excluded.output_bytes,
		kept = excluded.kept WHERE runs.phase = 0`

	recordSQL = `INSERT INTO recordings (monitor_id, scheduled_at, version, kept, size, input, detail) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`

	lastDetailSQL = `INSERT INTO last_details (monitor_id, scheduled_at, body) VALUES (?, ?, ?)
		ON CONFLICT (monitor_id) DO UPDATE SET scheduled_at = excluded.scheduled_at, body = excluded.body`
)

func (db *DB) prepareHot(ctx context.Context) error {
	conn, err := db.write.DB()
	if err != nil {
		return err
	}
	for _, s := range []struct {
		text string
		into *hotStatement
	}{{countRunSQL, &db.hot.countRun}, {endRunSQL, &db.hot.endRun}, {lastDetailSQL, &db.hot.lastDetail}, {recordSQL, &db.hot.record}, {putStateSQL, &db.hot.beatState}, {putBeatSQL, &db.hot.beat}, {putEventSQL, &db.hot.event}} {
		if s.into.stmt, err = conn.PrepareContext(ctx, s.text); err != nil {
			return err
		}
	}
	db.hot.active = map[int]hotStatement{}
	for n := 1; n < 2*maxBatch; n *= 2 {
		stmt, err := conn.PrepareContext(ctx, `SELECT id FROM monitors WHERE active AND id IN (?`+strings.Repeat(`, ?`, n-1)+`)`)
		if err != nil {
			return err
		}
		db.hot.active[n] = hotStatement{stmt}
	}
	return nil
}

type hotStatement struct{ stmt *sql.Stmt }

var errNoTransaction = errors.New("a statement of a commit was used outside a transaction")

// exec runs the statement in the transaction and returns how many rows it touched.
func (h hotStatement) exec(tx *gorm.DB, args ...any) (int64, error) {
	result, err := h.result(tx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// result runs the statement in the transaction.
func (h hotStatement) result(tx *gorm.DB, args ...any) (sql.Result, error) {
	stmt, err := h.within(tx)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(tx.Statement.Context, args...)
}

// query runs the statement in the transaction and returns its rows.
func (h hotStatement) query(tx *gorm.DB, args ...any) (*sql.Rows, error) {
	stmt, err := h.within(tx)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(tx.Statement.Context, args...)
}

func (h hotStatement) within(tx *gorm.DB) (*sql.Stmt, error) {
	holder, ok := tx.Statement.ConnPool.(gorm.Tx)
	if !ok {
		return nil, errNoTransaction
	}
	return holder.StmtContext(tx.Statement.Context, h.stmt), nil
}
