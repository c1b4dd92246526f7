package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"math"
	"time"

	"gorm.io/gorm"

	"wingmirror/monitor"
)

const (
	beatRing   = 1000 // beats that are kept of each heartbeat
	bodyRing   = 25   // bodies that are kept of each heartbeat
	keepEvents = 500  // events that are kept of each heartbeat
)

// beatState is monitor.HeartbeatState with names that stay when fields are
// renamed, and without what is empty: a row that every beat rewrites.
type beatState struct {
	Beats    int64                `json:"n"`
	Seen     int64                `json:"seen,omitempty"`
	Level    uint8                `json:"level"`
	Word     string               `json:"word,omitempty"`
	Since    int64                `json:"since,omitempty"`
	Why      monitor.HeartbeatWhy `json:"why,omitempty"`
	Message  string               `json:"message,omitempty"`
	Expected int64                `json:"expected,omitempty"`
	Deadline int64                `json:"deadline,omitempty"`
	Started  int64                `json:"started,omitempty"`
	StuckAt  int64                `json:"stuck_at,omitempty"`
	Run      string               `json:"run,omitempty"`
	Payload  json.RawMessage      `json:"payload,omitempty"`
	Feedback *storedQuiet         `json:"feedback,omitempty"`
	Recent   uint64               `json:"recent,omitempty"`
	Counted  int                  `json:"counted,omitempty"`
	Hasty    int                  `json:"hasty,omitempty"`
	Blind    bool                 `json:"blind,omitempty"`
	Overdue  bool                 `json:"overdue,omitempty"`
	Settled  bool                 `json:"settled,omitempty"`
	Away     []int64              `json:"away,omitempty"`
	Rhythm   []byte               `json:"rhythm,omitempty"`
	Runs     []byte               `json:"runs,omitempty"`
	Sizes    []byte               `json:"sizes,omitempty"`
	Overlaps int                  `json:"overlaps,omitempty"`
}

type storedQuiet struct {
	Hours float64 `json:"hours"`
	After int64   `json:"after"`
	In    bool    `json:"in"`
}

func packBeatState(s monitor.HeartbeatState) ([]byte, error) {
	b := beatState{
		Beats: s.Beats, Seen: millis(s.Seen), Level: uint8(s.Level), Word: s.Word, Since: millis(s.Since), Why: s.Why, Message: s.Message,
		Expected: millis(s.Expected), Deadline: millis(s.Deadline), Started: millis(s.Started), StuckAt: millis(s.StuckAt), Run: s.Run,
		Payload: s.Payload, Recent: s.Recent, Counted: s.Counted, Hasty: s.Hasty, Blind: s.Blind, Overdue: s.Overdue, Settled: s.Settled, Rhythm: s.Rhythm, Runs: s.Runs, Sizes: s.Sizes, Overlaps: s.Overlaps,
	}
	if s.Feedback != nil {
		b.Feedback = &storedQuiet{s.Feedback.Hours, millis(s.Feedback.AlertAfter), s.Feedback.InEvent}
	}
	if !s.Away[1].IsZero() {
		b.Away = []int64{millis(s.Away[0]), millis(s.Away[1])}
	}
	return json.Marshal(b)
}

func unpackBeatState(id int64, body []byte) (monitor.HeartbeatState, error) {
	var b beatState
	if err := json.Unmarshal(body, &b); err != nil {
		return monitor.HeartbeatState{}, err
	}
	s := monitor.HeartbeatState{
		ID: id, Beats: b.Beats, Seen: fromMillis(b.Seen), Level: monitor.Level(b.Level), Word: b.Word, Since: fromMillis(b.Since), Why: b.Why,
		Message: b.Message, Expected: fromMillis(b.Expected), Deadline: fromMillis(b.Deadline), Started: fromMillis(b.Started),
		StuckAt: fromMillis(b.StuckAt), Run: b.Run, Payload: b.Payload, Recent: b.Recent, Counted: b.Counted, Hasty: b.Hasty, Blind: b.Blind, Overdue: b.Overdue,
		Settled: b.Settled, Rhythm: b.Rhythm, Runs: b.Runs, Sizes: b.Sizes, Overlaps: b.Overlaps,
	}
	if b.Feedback != nil {
		s.Feedback = &monitor.QuietTime{Hours: b.Feedback.Hours, AlertAfter: fromMillis(b.Feedback.After), InEvent: b.Feedback.In}
	}
	if len(b.Away) == 2 {
		s.Away = [2]time.Time{fromMillis(b.Away[0]), fromMillis(b.Away[1])}
	}
	return s, nil
}

// HeartbeatStates returns the states of all heartbeats that have one, by id,
// without what the watch over values has learned: that is large.
func (db *DB) HeartbeatStates(ctx context.Context) (map[int64]monitor.HeartbeatState, error) {
	all := map[int64]monitor.HeartbeatState{}
	rows, err := db.read.WithContext(ctx).Raw(`SELECT s.heartbeat_id, s.body, COALESCE(v.beats, 0) FROM heartbeat_states s
		LEFT JOIN heartbeat_values v ON v.heartbeat_id = s.heartbeat_id`).Rows()
	err = scanAll(rows, err, func(r rowScanner) error {
		var id, seen int64
		var body []byte
		if err := r.Scan(&id, &body, &seen); err != nil {
			return err
		}
		s, err := unpackBeatState(id, body)
		s.ValuesSeen = seen
		all[id] = s
		return err
	})
	return all, db.fault("read the states of heartbeats", err)
}

// HeartbeatValues returns what the watch over a heartbeat's values has learned,
// and the number of the newest beat that it knows; nothing when none was stored.
func (db *DB) HeartbeatValues(ctx context.Context, id int64) (data []byte, seen int64, err error) {
	rows, err := db.read.WithContext(ctx).Raw(`SELECT body, beats FROM heartbeat_values WHERE heartbeat_id = ?`, id).Rows()
	err = scanAll(rows, err, func(r rowScanner) error { return r.Scan(&data, &seen) })
	return data, seen, db.fault("read what was learned of values", err)
}

// packedBeat is a commit on its way, packed by the caller and not by the writer.
type packedBeat struct {
	commit monitor.BeatCommit
	state  []byte
}

// PutBeat hands over what one beat changes and returns a function that waits
// until it is stored. Commits are stored in the order in which they were put. A
// heartbeat that was deleted meanwhile is ErrNotFound.
func (db *DB) PutBeat(ctx context.Context, c monitor.BeatCommit) (wait func() error) {
	state, err := packBeatState(c.State)
	if err != nil {
		return func() error { return db.fault("pack the state of a heartbeat", err) }
	}
	return db.beats.put(ctx, packedBeat{c, state})
}

const (
	putStateSQL = `INSERT INTO heartbeat_states (heartbeat_id, body) SELECT id, ? FROM heartbeats WHERE id = ?
		ON CONFLICT (heartbeat_id) DO UPDATE SET body = excluded.body`
	putBeatSQL = `INSERT INTO beats (heartbeat_id, slot, n, at, kind, level, word, code, run, took_us, metric, expected, low, high,
		score, signal, note, body_size) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (heartbeat_id, slot) DO UPDATE SET n = excluded.n, at = excluded.at, kind = excluded.kind, level = excluded.level,
		word = excluded.word, code = excluded.code, run = excluded.run, took_us = excluded.took_us, metric = excluded.metric,
		expected = excluded.expected, low = excluded.low, high = excluded.high, score = excluded.score, signal = excluded.signal,
		note = excluded.note, body_size = excluded.body_size`
)

func (db *DB) applyBeat(tx *gorm.DB, p packedBeat) error {
	id := p.commit.State.ID
	n, err := db.hot.beatState.exec(tx, string(p.state), id)
	if err == nil && n == 0 {
		return errGone
	}
	if err != nil {
		return err
	}
	if values := p.commit.State.Values; values != nil {
		err := tx.Exec(`INSERT INTO heartbeat_values (heartbeat_id, beats, body) VALUES (?, ?, ?)
			ON CONFLICT (heartbeat_id) DO UPDATE SET beats = excluded.beats, body = excluded.body`, id, p.commit.State.ValuesSeen, values).Error
		if err != nil {
			return err
		}
	}
	for _, e := range p.commit.Events {
		if err := addHeartbeatEvent(tx, id, e); err != nil {
			return err
		}
	}
	if p.commit.Beat == nil {
		return nil
	}
	if err := db.addBeat(tx, id, *p.commit.Beat); err != nil || p.commit.Body == nil {
		return err
	}
	return addBody(tx, id, p.commit.Beat.N, p.commit.Body)
}

func (db *DB) addBeat(tx *gorm.DB, id int64, b monitor.Beat) error {
	reading := monitor.Reading{Expected: math.NaN(), Low: math.NaN(), High: math.NaN(), Score: math.NaN()}
	if b.Reading != nil {
		reading = *b.Reading
	}
	var code, metric any
	if b.Code != nil {
		code = *b.Code
	}
	if b.Metric != nil {
		metric = *b.Metric
	}
	_, err := db.hot.beat.exec(tx, id, b.N%beatRing, b.N, millis(b.At), string(b.Kind), int64(b.Level), b.Word, code, b.Run, inMicros(b.Took),
		metric, nullNaN(reading.Expected), nullNaN(reading.Low), nullNaN(reading.High), nullNaN(reading.Score), reading.Signal, b.Note, b.BodySize)
	return err
}

func nullNaN(v float64) any {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return v
}

// addBody keeps a body in the slot of the oldest one that is kept.
func addBody(tx *gorm.DB, id, n int64, body []byte) error {
	return tx.Exec(`INSERT INTO beat_bodies (heartbeat_id, slot, n, body) SELECT ?,
		CASE WHEN COUNT(*) < ? THEN COUNT(*) ELSE (SELECT slot FROM beat_bodies WHERE heartbeat_id = ? ORDER BY n LIMIT 1) END, ?, ?
		FROM beat_bodies WHERE heartbeat_id = ?
		ON CONFLICT (heartbeat_id, slot) DO UPDATE SET n = excluded.n, body = excluded.body`, id, bodyRing, id, n, body, id).Error
}

func addHeartbeatEvent(tx *gorm.DB, id int64, e monitor.HeartbeatEvent) error {
	err := tx.Exec(`INSERT INTO heartbeat_events (heartbeat_id, at, level, what, text) VALUES (?, ?, ?, ?, ?)`,
		id, millis(e.At), int(e.Level), e.What, e.Text).Error
	if err != nil {
		return err
	}
	return tx.Exec(`DELETE FROM heartbeat_events WHERE heartbeat_id = ? AND id <= (SELECT id FROM heartbeat_events
		WHERE heartbeat_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`, id, id, keepEvents).Error
}

// Beats returns the newest beats of a heartbeat, newest first.
func (db *DB) Beats(ctx context.Context, id int64, limit int) ([]monitor.Beat, error) {
	var all []monitor.Beat
	rows, err := db.read.WithContext(ctx).Raw(`SELECT n, at, kind, level, word, code, run, took_us, metric, expected, low, high, score, signal,
		note, body_size FROM beats WHERE heartbeat_id = ? ORDER BY n DESC LIMIT ?`, id, limitOr(limit, beatRing)).Rows()
	err = scanAll(rows, err, func(r rowScanner) error {
		b, err := scanBeat(r)
		all = append(all, b)
		return err
	})
	return all, db.fault("read beats", err)
}

func scanBeat(r rowScanner) (monitor.Beat, error) {
	var b monitor.Beat
	var at, took int64
	var code sql.NullInt64
	var metric, expected, low, high, score sql.NullFloat64
	var signal string
	err := r.Scan(&b.N, &at, &b.Kind, &b.Level, &b.Word, &code, &b.Run, &took, &metric, &expected, &low, &high, &score, &signal, &b.Note, &b.BodySize)
	b.At, b.Took = fromMillis(at), time.Duration(took)*time.Microsecond
	if code.Valid {
		status := int(code.Int64)
		b.Code = &status
	}
	if metric.Valid {
		b.Metric = &metric.Float64
	}
	if score.Valid {
		b.Reading = &monitor.Reading{Expected: orNaN(expected), Low: orNaN(low), High: orNaN(high), Score: score.Float64, Signal: signal}
	}
	return b, err
}

func orNaN(v sql.NullFloat64) float64 {
	if !v.Valid {
		return math.NaN()
	}
	return v.Float64
}

// BeatBody returns what a beat said in full, or ErrNotFound when it said nothing
// or others have taken its place.
func (db *DB) BeatBody(ctx context.Context, id, n int64) ([]byte, error) {
	var body []byte
	err := db.read.WithContext(ctx).Raw(`SELECT body FROM beat_bodies WHERE heartbeat_id = ? AND n = ?`, id, n).Row().Scan(&body)
	if err == sql.ErrNoRows { //nolint:errorlint // database/sql returns this very value
		err = gorm.ErrRecordNotFound
	}
	return body, db.fault("read the body of a beat", err)
}

// HeartbeatEvents returns what happened to a heartbeat, newest first.
func (db *DB) HeartbeatEvents(ctx context.Context, id int64, limit int) ([]monitor.HeartbeatEvent, error) {
	var all []monitor.HeartbeatEvent
	rows, err := db.read.WithContext(ctx).Raw(`SELECT at, level, what, text FROM heartbeat_events WHERE heartbeat_id = ?
		ORDER BY id DESC LIMIT ?`, id, limitOr(limit, keepEvents)).Rows()
	err = scanAll(rows, err, func(r rowScanner) error {
		var e monitor.HeartbeatEvent
		var at int64
		err := r.Scan(&at, &e.Level, &e.What, &e.Text)
		e.At = fromMillis(at)
		all = append(all, e)
		return err
	})
	return all, db.fault("read what happened to a heartbeat", err)
}
