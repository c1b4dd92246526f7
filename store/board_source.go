package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"

	"wingmirror/monitor"
)

type boardSourceRow struct {
	Number      int64 `gorm:"primaryKey"`
	Component   string
	Name        string
	Made        bool
	Description string
	Plugin      string
	Statuses    stringList
	CreatedAt   int64 `gorm:"autoCreateTime:false"`
	UpdatedAt   int64 `gorm:"autoUpdateTime:false"`
	SuccessAt   int64
	FailureAt   int64
	Since       int64
	Successes   int64
	Failures    int64
	Error       string
	Rationales  string
}

func (boardSourceRow) TableName() string { return "board_sources" }

func (r boardSourceRow) state() (monitor.SourceState, error) {
	s := monitor.SourceState{
		Number: r.Number, Component: r.Component, Name: r.Name, CreatedAt: fromMillis(r.CreatedAt), SuccessAt: fromMillis(r.SuccessAt),
		FailureAt: fromMillis(r.FailureAt), Since: fromMillis(r.Since), Successes: r.Successes, Failures: r.Failures, Error: r.Error,
	}
	if err := json.Unmarshal([]byte(r.Rationales), &s.Rationales); err != nil {
		return s, fmt.Errorf("rationales of source %d: %w", r.Number, err)
	}
	if len(s.Rationales) == 0 {
		s.Rationales = nil
	}
	return s, nil
}

func (r boardSourceRow) instance() monitor.BoardInstance {
	return monitor.BoardInstance{
		Number: r.Number, Component: r.Component, Name: r.Name, Description: r.Description, Plugin: r.Plugin, Statuses: r.Statuses,
		CreatedAt: fromMillis(r.CreatedAt), UpdatedAt: fromMillis(r.UpdatedAt),
	}
}

func readSources(tx *gorm.DB, to *monitor.BoardRecords) error {
	var rows []boardSourceRow
	if err := tx.Order("number").Find(&rows).Error; err != nil {
		return err
	}
	for _, row := range rows {
		if row.Made {
			to.Instances = append(to.Instances, row.instance())
			continue
		}
		state, err := row.state()
		if err != nil {
			return err
		}
		to.Sources = append(to.Sources, state)
	}
	return nil
}

// NumberSources gives each source that has none a number, in their order, and
// returns all with the numbers and times that are stored.
func (db *DB) NumberSources(ctx context.Context, sources []monitor.SourceState, at time.Time) ([]monitor.SourceState, error) {
	numbered := make([]monitor.SourceState, len(sources))
	err := db.transaction(ctx, "number the board's sources", func(tx *gorm.DB) error {
		var rows []boardSourceRow
		if err := tx.Where("made = ?", false).Find(&rows).Error; err != nil {
			return err
		}
		known := make(map[[2]string]boardSourceRow, len(rows))
		for _, row := range rows {
			known[[2]string{row.Component, row.Name}] = row
		}
		for i, s := range sources {
			row, ok := known[[2]string{s.Component, s.Name}]
			if !ok {
				row = boardSourceRow{Component: s.Component, Name: s.Name, CreatedAt: millis(at), UpdatedAt: millis(at), Rationales: "[]"}
				if err := tx.Create(&row).Error; err != nil {
					return err
				}
			}
			s.Number, s.CreatedAt = row.Number, fromMillis(row.CreatedAt)
			numbered[i] = s
		}
		return nil
	})
	return numbered, err
}

// SaveSourceState stores what is known of a source that has a number.
func (db *DB) SaveSourceState(ctx context.Context, s monitor.SourceState) error {
	all := s.Rationales
	if all == nil {
		all = []monitor.Rationale{}
	}
	rationales, err := json.Marshal(all)
	if err != nil {
		return fmt.Errorf("rationales of source %d: %w", s.Number, err)
	}
	return db.transaction(ctx, fmt.Sprintf("save source %d of the board", s.Number), func(tx *gorm.DB) error {
		return changedOne(tx.Model(&boardSourceRow{}).Where("number = ?", s.Number).Updates(map[string]any{
			"success_at": millis(s.SuccessAt), "failure_at": millis(s.FailureAt), "since": millis(s.Since), "successes": s.Successes,
			"failures": s.Failures, "error": s.Error, "rationales": string(rationales), "updated_at": max(millis(s.SuccessAt), millis(s.FailureAt)),
		}))
	})
}

// SaveBoardInstance stores an instance of the older API, new (Number 0) or
// changed, and returns it as it is stored.
func (db *DB) SaveBoardInstance(ctx context.Context, i monitor.BoardInstance) (monitor.BoardInstance, error) {
	row := boardSourceRow{
		Number: i.Number, Component: i.Component, Name: i.Name, Made: true, Description: i.Description, Plugin: i.Plugin,
		Statuses: i.Statuses, CreatedAt: millis(i.CreatedAt), UpdatedAt: millis(i.UpdatedAt), Rationales: "[]",
	}
	err := db.transaction(ctx, "save plugin instance", func(tx *gorm.DB) error {
		if i.Number == 0 {
			return tx.Create(&row).Error
		}
		return changedOne(tx.Select("*").Where("number = ? AND made = ?", i.Number, true).Updates(&row))
	})
	return row.instance(), err
}

// DeleteBoardInstance removes an instance that the older API made.
func (db *DB) DeleteBoardInstance(ctx context.Context, number int64) error {
	return db.transaction(ctx, fmt.Sprintf("delete plugin instance %d", number), func(tx *gorm.DB) error {
		return changedOne(tx.Where("number = ? AND made = ?", number, true).Delete(&boardSourceRow{}))
	})
}
