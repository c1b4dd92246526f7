package store

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"gorm.io/gorm"

	"wingmirror/monitor"
)

// A Recording is stored as one blob, packed like a Detail: values XORed with the
// one before, zero bytes left out. Texts that no script sees every day (limits)
// are JSON.
//
//	version byte, window, previous, limits, library, program, digest, targets
//	with their series

const recordingVersion = 1

var errRecording = errors.New("a stored recording is damaged")

func packRecording(r monitor.Recording) []byte {
	size := 128
	for _, t := range r.Targets {
		for _, s := range t.Series {
			size += len(s.Label) + 9*len(s.Values) + 16
		}
	}
	b := append(make([]byte, 0, size), recordingVersion)
	b = binary.AppendVarint(b, r.Window.From)
	b = binary.AppendVarint(b, r.Window.Until)
	b = append(b, byte(r.Previous.Level))
	b = binary.AppendVarint(b, millis(r.Previous.Since))
	b = binary.AppendVarint(b, int64(r.Previous.Runs))
	b = appendText(b, r.Previous.Message)
	limits, err := json.Marshal(r.Limits)
	if err != nil || r.Limits == (monitor.Limits{}) { // numbers do not fail
		limits = nil
	}
	b = appendText(b, string(limits))
	b = appendText(b, r.Library)
	b = appendText(b, r.Program)
	b = appendText(b, r.Digest)
	b = binary.AppendUvarint(b, uint64(len(r.Targets)))
	for _, t := range r.Targets {
		b = appendText(b, t.Target)
		b = appendText(b, string(t.Status))
		b = appendText(b, t.Reason)
		b = binary.AppendUvarint(b, uint64(len(t.Series)))
		for _, s := range t.Series {
			b = appendSeries(b, s)
		}
	}
	return b
}

func appendSeries(b []byte, s monitor.Series) []byte {
	b = appendText(b, s.Label)
	b = binary.AppendVarint(b, s.Start)
	b = binary.AppendVarint(b, s.Step)
	b = binary.AppendUvarint(b, uint64(len(s.Values)))
	var value uint64
	for _, v := range s.Values {
		now := math.Float64bits(v)
		b = appendBits(b, now^value)
		value = now
	}
	return b
}

func unpackRecording(blob []byte) (monitor.Recording, error) {
	if len(blob) == 0 || blob[0] != recordingVersion {
		return monitor.Recording{}, errRecording
	}
	r := detailReader{b: blob[1:]}
	rec := r.recordingHead()
	rec.Program, rec.Digest = r.text(), r.text()
	for range r.count() {
		t := monitor.Fetched{Target: r.text(), Status: monitor.Status(r.text()), Reason: r.text()}
		for range r.count() {
			t.Series = append(t.Series, r.series())
		}
		rec.Targets = append(rec.Targets, t)
	}
	if r.bad {
		return monitor.Recording{}, errRecording
	}
	return rec, nil
}

// recordingHead is more bytes than what is read by the function of this name.
const recordingHead = 8 << 10

// recordingHead reads what stands first, to the helper files' hash.
func (r *detailReader) recordingHead() monitor.Recording {
	var rec monitor.Recording
	rec.Window.From, rec.Window.Until = r.varint(), r.varint()
	rec.Previous.Level, rec.Previous.Since = monitor.Level(r.byte()), fromMillis(r.varint())
	rec.Previous.Runs, rec.Previous.Message = int(r.varint()), r.text()
	if limits := r.text(); limits != "" {
		if err := json.Unmarshal([]byte(limits), &rec.Limits); err != nil {
			r.fail()
		}
	}
	rec.Library = r.text()
	return rec
}

// libraryOf returns the hash of the helper files that a recording was made with,
// from its first bytes; "" for none, and of a damaged one, which cannot be made
// again with any.
func libraryOf(head []byte) string {
	if len(head) == 0 || head[0] != recordingVersion {
		return ""
	}
	r := detailReader{b: head[1:]}
	return r.recordingHead().Library
}

func (r *detailReader) series() monitor.Series {
	s := monitor.Series{Label: r.text(), Start: r.varint(), Step: r.varint()}
	n := r.count()
	if n > 0 {
		s.Values = make([]float64, n)
	}
	var value uint64
	for i := range n {
		value ^= r.bits()
		s.Values[i] = math.Float64frombits(value)
	}
	return s
}

// record stores what a run saw. detail is what it gave back, nil when that is
// kept elsewhere. What faulted is kept as long as what changed something.
func (db *DB) record(tx *gorm.DB, r monitor.Run, input, detail []byte) error {
	if detail == nil {
		detail = []byte{}
	}
	kept := r.Kept || r.Fault != monitor.NoFault
	_, err := db.hot.record.exec(tx, r.Monitor, millis(r.At), r.Version, kept, len(input)+len(detail), input, detail)
	return err
}

type recordingRow struct {
	MonitorID   int64
	ScheduledAt int64
	Version     int
	Input       []byte
}

func (r recordingRow) recording() (monitor.Recording, error) {
	rec, err := unpackRecording(r.Input)
	rec.Monitor, rec.At, rec.Version = r.MonitorID, fromMillis(r.ScheduledAt), r.Version
	return rec, err
}

// Recording returns what one run saw, or ErrNotFound when that is no longer, or
// was never, kept.
func (db *DB) Recording(ctx context.Context, id int64, at time.Time) (monitor.Recording, error) {
	what := fmt.Sprintf("read what the run of monitor %d at %s saw", id, at.UTC().Format(time.RFC3339))
	var row recordingRow
	err := db.read.WithContext(ctx).Table("recordings").Select("monitor_id, scheduled_at, version, input").
		Where("monitor_id = ? AND scheduled_at = ?", id, millis(at)).Take(&row).Error
	if err != nil {
		return monitor.Recording{}, db.fault(what, err)
	}
	rec, err := row.recording()
	return rec, db.fault(what, err)
}

// Recordings returns what runs of one monitor saw, oldest first, at most limit,
// those after the given time (zero: from the oldest).
func (db *DB) Recordings(ctx context.Context, id int64, after time.Time, limit int) ([]monitor.Recording, error) {
	what := fmt.Sprintf("read what runs of monitor %d saw", id)
	var rows []recordingRow
	err := db.read.WithContext(ctx).Table("recordings").Select("monitor_id, scheduled_at, version, input").
		Where("monitor_id = ? AND scheduled_at > ?", id, millis(after)).Order("scheduled_at").Limit(limit).Find(&rows).Error
	if err != nil {
		return nil, db.fault(what, err)
	}
	all := make([]monitor.Recording, len(rows))
	for i, row := range rows {
		if all[i], err = row.recording(); err != nil {
			return nil, db.fault(what, err)
		}
	}
	return all, nil
}

// Recorded returns the monitors that have recordings, deleted ones too, by id.
func (db *DB) Recorded(ctx context.Context) ([]int64, error) {
	var ids []int64
	err := db.read.WithContext(ctx).Raw(`SELECT DISTINCT monitor_id FROM recordings ORDER BY monitor_id`).Scan(&ids).Error
	return ids, db.fault("list what was recorded", err)
}

// RecordedAt returns the times of the runs of a monitor that can be made again,
// of those at or after the first and at or before the last, oldest first.
func (db *DB) RecordedAt(ctx context.Context, id int64, first, last time.Time) ([]time.Time, error) {
	var times []int64
	err := db.read.WithContext(ctx).Raw(`SELECT scheduled_at FROM recordings WHERE monitor_id = ? AND scheduled_at BETWEEN ? AND ?
		ORDER BY scheduled_at`, id, millis(first), millis(last)).Scan(&times).Error
	all := make([]time.Time, len(times))
	for i, ms := range times {
		all[i] = fromMillis(ms)
	}
	return all, db.fault("list what was recorded", err)
}
