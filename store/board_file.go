package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"wingmirror/monitor"
)

type boardFileRow struct {
	Name string `gorm:"primaryKey"`
	Text string
}

func (boardFileRow) TableName() string { return "board_files" }

// BoardFiles returns the texts of the board's files as they were when they could
// last be used, by their names.
func (db *DB) BoardFiles(ctx context.Context) (map[string]string, error) {
	var rows []boardFileRow
	if err := db.read.WithContext(ctx).Find(&rows).Error; err != nil {
		return nil, db.fault("read the board's files", err)
	}
	texts := make(map[string]string, len(rows))
	for _, row := range rows {
		texts[row.Name] = row.Text
	}
	return texts, nil
}

// SaveBoardFiles keeps these texts and no others.
func (db *DB) SaveBoardFiles(ctx context.Context, texts map[string]string) error {
	rows := make([]boardFileRow, 0, len(texts))
	for name, text := range texts {
		rows = append(rows, boardFileRow{name, text})
	}
	return db.transaction(ctx, "keep the board's files", func(tx *gorm.DB) error {
		if err := tx.Where("1 = 1").Delete(&boardFileRow{}).Error; err != nil || len(rows) == 0 {
			return err
		}
		return tx.CreateInBatches(rows, 100).Error
	})
}

type levelRow struct {
	Level     uint8 `gorm:"primaryKey;autoIncrement:false"`
	Name      string
	Effects   string
	UpdatedAt int64 `gorm:"autoUpdateTime:false"`
	UpdatedBy string
}

func (levelRow) TableName() string { return "board_levels" }

func readLevels(tx *gorm.DB, to *monitor.BoardRecords) error {
	var rows []levelRow
	err := tx.Find(&rows).Error
	to.Levels = make(map[monitor.DC]monitor.DCInfo, len(rows))
	for _, row := range rows {
		to.Levels[monitor.DC(row.Level)] = monitor.DCInfo{Name: row.Name, Effects: row.Effects}
	}
	return err
}

// SaveBoardLevels stores the words of levels, in place of those before.
func (db *DB) SaveBoardLevels(ctx context.Context, levels map[monitor.DC]monitor.DCInfo, author string, at time.Time) error {
	var rows []levelRow
	for dc, info := range levels {
		if info != (monitor.DCInfo{}) {
			rows = append(rows, levelRow{Level: uint8(dc), Name: info.Name, Effects: info.Effects, UpdatedAt: millis(at), UpdatedBy: author})
		}
	}
	return db.transaction(ctx, "save the words of levels", func(tx *gorm.DB) error {
		if err := tx.Where("1 = 1").Delete(&levelRow{}).Error; err != nil || len(rows) == 0 {
			return err
		}
		return tx.Create(&rows).Error
	})
}
