package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"wingmirror/monitor"
)

// What other detectors post. Texts are matched with LIKE, in which _ and % stand
// for other characters, as posters of the older service expect.

type detectorRow struct {
	ID   int64 `gorm:"primaryKey"`
	Name string
	Date string
	URL  string `gorm:"column:url"`
}

func (detectorRow) TableName() string { return "medusa_detectors" }

type metricRow struct {
	ID          int64 `gorm:"primaryKey"`
	DetectorID  int64
	Name        string
	Description string
	Date        string
}

func (metricRow) TableName() string { return "medusa_metrics" }

type alertRow struct {
	ID          int64 `gorm:"primaryKey"`
	MetricID    int64
	Date        string
	Description string
}

func (alertRow) TableName() string { return "medusa_alerts" }

type detectorSubscriptionRow struct {
	Email      string
	DetectorID int64
	MetricID   int64
	Filter     string
}

func (detectorSubscriptionRow) TableName() string { return "medusa_subscriptions" }

// ReceivedFilter selects detectors, metrics or alerts. Zero fields select all;
// fields that the kind does not have are not looked at.
type ReceivedFilter struct {
	ID, Detector, Metric int64
	Name, Date           string // patterns of LIKE
	From, To             string // days, both included
	Limit                int    // at most so many; 0: 10,000
	Skip                 int    // so many of the newest are left out
	Bytes                int    // of alerts: no more after descriptions of so many bytes; 0: no bound
}

func (f ReceivedFilter) apply(query *gorm.DB, table, name string) *gorm.DB {
	for column, value := range map[string]string{table + ".date >= ?": f.From, table + ".date <= ?": f.To, table + ".date LIKE ?": f.Date, name + " LIKE ?": f.Name} {
		if value != "" {
			query = query.Where(column, value)
		}
	}
	if f.ID != 0 {
		query = query.Where(table+".id = ?", f.ID)
	}
	return query.Order(table + ".date DESC, " + table + ".id DESC").Limit(limitOr(f.Limit, 10_000)).Offset(f.Skip)
}

// Detectors returns detectors, the newest first.
func (db *DB) Detectors(ctx context.Context, f ReceivedFilter) ([]monitor.Detector, error) {
	var rows []detectorRow
	err := f.apply(db.read.WithContext(ctx), "medusa_detectors", "medusa_detectors.name").Find(&rows).Error
	all := make([]monitor.Detector, len(rows))
	for i, r := range rows {
		all[i] = monitor.Detector(r)
	}
	return all, db.fault("read detectors", err)
}

// DetectorMetrics returns metrics, the newest first.
func (db *DB) DetectorMetrics(ctx context.Context, f ReceivedFilter) ([]monitor.DetectorMetric, error) {
	query := f.apply(db.read.WithContext(ctx), "medusa_metrics", "medusa_metrics.name")
	if f.Detector != 0 {
		query = query.Where("detector_id = ?", f.Detector)
	}
	var rows []metricRow
	err := query.Find(&rows).Error
	all := make([]monitor.DetectorMetric, len(rows))
	for i, r := range rows {
		all[i] = monitor.DetectorMetric{ID: r.ID, Detector: r.DetectorID, Name: r.Name, Description: r.Description, Date: r.Date}
	}
	return all, db.fault("read metrics", err)
}

// DetectorAlerts returns alerts, the newest first.
func (db *DB) DetectorAlerts(ctx context.Context, f ReceivedFilter) ([]monitor.DetectorAlert, error) {
	query := f.apply(db.read.WithContext(ctx).Table("medusa_alerts").Joins("JOIN medusa_metrics m ON m.id = medusa_alerts.metric_id").
		Select("medusa_alerts.id, medusa_alerts.date, medusa_alerts.description, medusa_alerts.metric_id AS metric, m.name AS metric_name, m.detector_id AS detector"), "medusa_alerts", "m.name")
	if f.Detector != 0 {
		query = query.Where("m.detector_id = ?", f.Detector)
	}
	if f.Metric != 0 {
		query = query.Where("medusa_alerts.metric_id = ?", f.Metric)
	}
	rows, err := query.Rows()
	all, bytes := []monitor.DetectorAlert{}, 0
	err = scanAll(rows, err, func(r rowScanner) error {
		var a monitor.DetectorAlert
		err := r.Scan(&a.ID, &a.Date, &a.Description, &a.Metric, &a.MetricName, &a.Detector)
		if bytes += len(a.Description); f.Bytes > 0 && bytes > f.Bytes && len(all) > 0 {
			return errEnough
		}
		all = append(all, a)
		return err
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return all, db.fault("read received alerts", err)
}

var errEnough = errors.New("enough was read")

// AddDetector stores a detector and returns its number; ErrConflict when the name is taken.
func (db *DB) AddDetector(ctx context.Context, d monitor.Detector) (int64, error) {
	row := detectorRow(d)
	err := db.createOnce(ctx, "store detector", &row)
	return row.ID, err
}

// DeleteDetector removes a detector with its metrics, alerts and subscriptions;
// ErrNotFound when there is none.
func (db *DB) DeleteDetector(ctx context.Context, id int64) error {
	return db.transaction(ctx, "delete detector", func(tx *gorm.DB) error {
		return found(tx.Exec(`DELETE FROM medusa_detectors WHERE id = ?`, id))
	})
}

// AddDetectorMetric stores a metric and returns its number; ErrConflict when the
// detector has it, ErrNotFound when there is no such detector.
func (db *DB) AddDetectorMetric(ctx context.Context, m monitor.DetectorMetric) (int64, error) {
	if some, err := db.Detectors(ctx, ReceivedFilter{ID: m.Detector}); err != nil || len(some) == 0 {
		return 0, orNotFound("detector", m.Detector, err)
	}
	row := metricRow{DetectorID: m.Detector, Name: m.Name, Description: m.Description, Date: m.Date}
	err := db.createOnce(ctx, "store metric", &row)
	return row.ID, err
}

// AddDetectorAlert stores an alert with the mails that tell of it, and returns
// its number; ErrConflict when there is one of that metric and day.
func (db *DB) AddDetectorAlert(ctx context.Context, a monitor.DetectorAlert, mails []monitor.Mail, at time.Time) (int64, error) {
	row := alertRow{MetricID: a.Metric, Date: a.Date, Description: a.Description}
	err := db.transaction(ctx, "store received alert", func(tx *gorm.DB) error {
		if err := createRow(tx, &row); err != nil {
			return err
		}
		return queueMails(tx, mails, at)
	})
	return row.ID, err
}

func orNotFound(what string, id int64, err error) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("%s %d: %w", what, id, monitor.ErrNotFound)
}

func (db *DB) createOnce(ctx context.Context, what string, row any) error {
	return db.transaction(ctx, what, func(tx *gorm.DB) error { return createRow(tx, row) })
}

// createRow inserts a row; one that is there already is ErrConflict.
func createRow(tx *gorm.DB, row any) error {
	made := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(row)
	if made.Error == nil && made.RowsAffected == 0 {
		return fmt.Errorf("it is there already: %w", monitor.ErrConflict)
	}
	return made.Error
}

// DetectorSubscriptions returns those of a detector, or of all with 0, by address.
func (db *DB) DetectorSubscriptions(ctx context.Context, detector int64) ([]monitor.DetectorSubscription, error) {
	var rows []detectorSubscriptionRow
	query := db.read.WithContext(ctx).Order("email, detector_id, metric_id, filter")
	if detector != 0 {
		query = query.Where("detector_id = ?", detector)
	}
	err := query.Find(&rows).Error
	all := make([]monitor.DetectorSubscription, len(rows))
	for i, r := range rows {
		all[i] = monitor.DetectorSubscription{Email: r.Email, Detector: r.DetectorID, Metric: r.MetricID, Filter: r.Filter}
	}
	return all, db.fault("read subscriptions", err)
}

// AddDetectorSubscription stores a subscription; one that is there stays.
func (db *DB) AddDetectorSubscription(ctx context.Context, s monitor.DetectorSubscription) error {
	row := detectorSubscriptionRow{s.Email, s.Detector, s.Metric, s.Filter}
	return db.transaction(ctx, "subscribe", func(tx *gorm.DB) error {
		return tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error
	})
}

// RemoveDetectorSubscription removes a subscription, ErrNotFound when there is none.
func (db *DB) RemoveDetectorSubscription(ctx context.Context, s monitor.DetectorSubscription) error {
	return db.transaction(ctx, "unsubscribe", func(tx *gorm.DB) error {
		return found(tx.Exec(`DELETE FROM medusa_subscriptions WHERE email = ? AND detector_id = ? AND metric_id = ? AND filter = ?`, s.Email, s.Detector, s.Metric, s.Filter))
	})
}
