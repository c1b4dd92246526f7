package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"gorm.io/gorm"

	"wingmirror/monitor"
)

// stateRow is a row of states. The letters in Recent say what the newest
// runs saw.
type stateRow struct {
	Kind       string `gorm:"primaryKey"`
	Key        string `gorm:"primaryKey"`
	Version    int64
	Level      monitor.Level
	Since      int64
	Runs       int
	At         int64
	Message    string
	Fault      string
	FaultSince int64
	FaultRuns  int
	Observed   monitor.Level
	Tries      int
	CalmSince  int64
	Flaps      uint32
	Flapping   bool
	Recent     string
	Incident   string
	Open       string
}

func (stateRow) TableName() string { return "states" }

// storedOpen is what the JSON column holds of an open incident; its key stands
// in a column of its own.
type storedOpen struct {
	OpenedAt   int64    `json:"opened_at"`
	Level      uint8    `json:"level,omitempty"`
	Fault      string   `json:"fault,omitempty"`
	Fired      uint8    `json:"fired,omitempty"`
	Told       []string `json:"told,omitempty"`
	LastNotice int64    `json:"last_notice,omitempty"`
	Notices    int      `json:"notices,omitempty"`
	AckedBy    string   `json:"acked_by,omitempty"`
	AckedAt    int64    `json:"acked_at,omitempty"`
	WaitsSince int64    `json:"waits_since,omitempty"`
	Tier       int      `json:"tier,omitempty"`
}

func rowOfState(s monitor.State) (stateRow, error) {
	row := stateRow{
		Kind: string(s.Subject.Kind), Key: s.Subject.Key, Version: s.Version,
		Level: s.Level, Since: millis(s.Since), Runs: s.Runs, At: millis(s.At),
		Message: monitor.Cut(s.Message, monitor.MaxRunMessage),
		Fault:   string(s.Fault), FaultSince: millis(s.FaultSince), FaultRuns: s.FaultRuns,
		Observed: s.Observed, Tries: s.Tries, CalmSince: millis(s.CalmSince),
		Flaps: s.Flaps, Flapping: s.Flapping,
	}
	if s.Open == nil {
		return row, nil
	}
	o := s.Open
	text, err := json.Marshal(storedOpen{
		OpenedAt: millis(o.OpenedAt), Level: uint8(o.Level), Fault: string(o.Fault), Fired: uint8(o.Fired), Told: o.Told,
		LastNotice: millis(o.LastNotice), Notices: o.Notices, AckedBy: o.AckedBy, AckedAt: millis(o.AckedAt),
		WaitsSince: millis(o.WaitsSince), Tier: o.Tier,
	})
	row.Incident, row.Open = o.Key, string(text)
	return row, err
}

func (r stateRow) state() (monitor.State, error) {
	s := monitor.State{
		Subject: monitor.Subject{Kind: monitor.Kind(r.Kind), Key: r.Key}, Version: r.Version,
		Level: r.Level, Since: fromMillis(r.Since), Runs: r.Runs, At: fromMillis(r.At), Message: r.Message,
		Fault: monitor.Fault(r.Fault), FaultSince: fromMillis(r.FaultSince), FaultRuns: r.FaultRuns,
		Observed: r.Observed, Tries: r.Tries, CalmSince: fromMillis(r.CalmSince),
		Flaps: r.Flaps, Flapping: r.Flapping,
	}
	var err error
	s.Open, err = openOf(r.Incident, r.Open)
	return s, err
}

// openOf reads the two columns that describe the open incident.
func openOf(key, text string) (*monitor.Open, error) {
	if key == "" {
		return nil, nil
	}
	var o storedOpen
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return nil, err
	}
	return &monitor.Open{
		Key: key, OpenedAt: fromMillis(o.OpenedAt), Level: monitor.Level(o.Level), Fault: monitor.Fault(o.Fault),
		Fired: monitor.Level(o.Fired), Told: o.Told, LastNotice: fromMillis(o.LastNotice), Notices: o.Notices,
		AckedBy: o.AckedBy, AckedAt: fromMillis(o.AckedAt),
		WaitsSince: fromMillis(o.WaitsSince), Tier: o.Tier,
	}, nil
}

// State returns the state of a subject; one never seen has the zero state.
func (db *DB) State(ctx context.Context, subject monitor.Subject) (monitor.State, error) {
	state, err := takeState(db.read.WithContext(ctx), subject)
	return state, db.fault("read state of "+subject.String(), err)
}

func takeState(tx *gorm.DB, subject monitor.Subject) (monitor.State, error) {
	var row stateRow
	err := tx.Where("kind = ? AND key = ?", string(subject.Kind), subject.Key).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return monitor.State{Subject: subject}, nil
	}
	if err != nil {
		return monitor.State{}, err
	}
	return row.state()
}

// OpenStates returns the states that have an incident under way, of every kind.
func (db *DB) OpenStates(ctx context.Context) ([]monitor.State, error) {
	var rows []stateRow
	if err := db.read.WithContext(ctx).Where("incident <> ''").Order("kind, key").Find(&rows).Error; err != nil {
		return nil, db.fault("read states", err)
	}
	all := make([]monitor.State, 0, len(rows))
	for _, row := range rows {
		state, err := row.state()
		if err != nil {
			return nil, db.fault("read states", err)
		}
		all = append(all, state)
	}
	return all, nil
}

// retire ends the incident that is under way about a monitor, if there is one.
func (db *DB) retire(tx *gorm.DB, m monitor.Monitor, author string, at time.Time) error {
	state, err := takeState(tx, m.Subject())
	if err != nil {
		return err
	}
	change, open := state.Retire(monitor.ReasonRetired, author, at)
	if !open {
		return nil
	}
	commit := change.Commit(monitor.Message{
		Name: m.Name, Group: m.Group, Labels: m.Labels, Description: m.Description,
		Text: state.Message, By: author,
	}, at)
	return db.apply(tx, []*pendingCommit{{commit: commit}})
}

// emptyRecent is the strip of a subject that has not been seen yet. Its width
// is the strip's.
const emptyRecent = "----------------------------------------"

// letter is what the strip of recent runs shows for one run.
func letter(level monitor.Level, fault monitor.Fault) string {
	if fault != monitor.NoFault {
		return "f"
	}
	return level.String()[:1] // u, o, w, c
}

// States returns the states of all subjects that have been seen, of every kind.
func (db *DB) States(ctx context.Context) ([]monitor.State, error) {
	var rows []stateRow
	if err := db.read.WithContext(ctx).Find(&rows).Error; err != nil {
		return nil, db.fault("read states", err)
	}
	all := make([]monitor.State, 0, len(rows))
	for _, row := range rows {
		state, err := row.state()
		if err != nil {
			return nil, db.fault("read states", err)
		}
		all = append(all, state)
	}
	return all, nil
}
