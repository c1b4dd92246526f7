package store

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"wingmirror/monitor"
)

type ruleFileRow struct {
	Version int `gorm:"primaryKey"`
	Body    string
	Author  string
	SavedAt int64
}

func (ruleFileRow) TableName() string { return "rule_files" }

func (r ruleFileRow) file() monitor.RuleFile {
	return monitor.RuleFile{Version: r.Version, Text: r.Body, Author: r.Author, SavedAt: fromMillis(r.SavedAt)}
}

// RuleFiles returns the saved versions of the rules file, newest first, at most
// so many, those before the given version (0: from the newest).
func (db *DB) RuleFiles(ctx context.Context, before, limit int) ([]monitor.RuleFile, error) {
	query := db.read.WithContext(ctx).Order("version DESC").Limit(limit)
	if before > 0 {
		query = query.Where("version < ?", before)
	}
	var rows []ruleFileRow
	if err := query.Find(&rows).Error; err != nil {
		return nil, db.fault("read rules files", err)
	}
	all := make([]monitor.RuleFile, len(rows))
	for i, row := range rows {
		all[i] = row.file()
	}
	return all, nil
}

// SaveRuleFile stores the text as the version after base, which must be the
// newest one, 0 when there is none; otherwise it is ErrConflict. The newest 500 are kept.
func (db *DB) SaveRuleFile(ctx context.Context, text, author string, base int, at time.Time) (monitor.RuleFile, error) {
	row := ruleFileRow{Version: base + 1, Body: text, Author: author, SavedAt: millis(at)}
	err := db.transaction(ctx, "save the rules", func(tx *gorm.DB) error {
		var newest int
		if err := tx.Raw(`SELECT COALESCE(MAX(version), 0) FROM rule_files`).Scan(&newest).Error; err != nil {
			return err
		}
		if newest != base {
			return fmt.Errorf("%w: they were changed by somebody else meanwhile (version %d, yours is of %d)", monitor.ErrConflict, newest, base)
		}
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		return tx.Exec(`DELETE FROM rule_files WHERE version <= ?`, row.Version-keepRuleFiles).Error
	})
	return row.file(), err
}

// keepRuleFiles is how many versions of the rules file are kept.
const keepRuleFiles = 500

// RuleWindows returns what the rules remembered when it was last saved, and the
// Seq of the last event that is in it.
func (db *DB) RuleWindows(ctx context.Context) ([]monitor.RuleWindows, int64, error) {
	var all []monitor.RuleWindows
	var seq int64
	rows, err := db.read.WithContext(ctx).Raw(`SELECT rule, fingerprint, seq, body FROM rule_windows ORDER BY rule`).Rows()
	err = scanAll(rows, err, func(row rowScanner) error {
		var w monitor.RuleWindows
		err := row.Scan(&w.Rule, &w.Fingerprint, &seq, &w.Data)
		all = append(all, w)
		return err
	})
	return all, seq, db.fault("read what the rules remember", err)
}

// SaveRuleWindows replaces what the rules remember.
func (db *DB) SaveRuleWindows(ctx context.Context, all []monitor.RuleWindows, seq int64) error {
	return db.transaction(ctx, "store what the rules remember", func(tx *gorm.DB) error {
		if err := tx.Exec(`DELETE FROM rule_windows`).Error; err != nil {
			return err
		}
		for _, w := range all {
			if err := tx.Exec(`INSERT INTO rule_windows (rule, fingerprint, seq, body) VALUES (?, ?, ?, ?)`, w.Rule, w.Fingerprint, seq, w.Data).Error; err != nil {
				return err
			}
		}
		return nil
	})
}
