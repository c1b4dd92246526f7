package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"wingmirror/distribution"
	"wingmirror/monitor"
)

type probeRow struct {
	Name        string `gorm:"primaryKey"`
	Version     int
	Description string
	Kind        string
	Unit        string
	Better      string
	Owners      stringList
	Expires     string
	Link        string
	Path        string
	Labels      stringMap
	Ignored     bool
	UpdatedAt   int64 `gorm:"autoUpdateTime:false"`
	UpdatedBy   string
}

func (probeRow) TableName() string { return "histograms" }

func rowOfProbe(p monitor.Probe) probeRow {
	return probeRow{
		Name: p.Name, Version: p.Version, Description: p.Description, Kind: p.Kind, Unit: p.Unit, Better: string(p.Better), Owners: p.Owners,
		Expires: p.Expires, Link: p.Link, Path: p.Group, Labels: p.Labels, Ignored: p.Ignored, UpdatedAt: millis(p.UpdatedAt), UpdatedBy: p.UpdatedBy,
	}
}

func (r probeRow) probe() monitor.Probe {
	return monitor.Probe{
		Name: r.Name, Version: r.Version, Description: r.Description, Kind: r.Kind, Unit: r.Unit, Better: monitor.Better(r.Better), Owners: r.Owners,
		Expires: r.Expires, Link: r.Link, Group: r.Path, Labels: r.Labels, Ignored: r.Ignored, UpdatedAt: fromMillis(r.UpdatedAt), UpdatedBy: r.UpdatedBy,
	}
}

// Probes returns all histograms' definitions by name.
func (db *DB) Probes(ctx context.Context) ([]monitor.Probe, error) {
	var rows []probeRow
	if err := db.read.WithContext(ctx).Order("name").Find(&rows).Error; err != nil {
		return nil, db.fault("read histograms", err)
	}
	all := make([]monitor.Probe, len(rows))
	for i, row := range rows {
		all[i] = row.probe()
	}
	return all, nil
}

// Probe returns the definition of a histogram, or ErrNotFound.
func (db *DB) Probe(ctx context.Context, name string) (monitor.Probe, error) {
	var row probeRow
	err := db.read.WithContext(ctx).Where("name = ?", name).Take(&row).Error
	return row.probe(), db.fault("read histogram "+monitor.Cut(name, 100), err)
}

// SaveProbe checks and stores a definition, and returns it as it is stored.
// Version 0 makes a new one or replaces any; another must be the stored one, or
// that is ErrConflict.
func (db *DB) SaveProbe(ctx context.Context, p monitor.Probe, author string, at time.Time) (monitor.Probe, error) {
	if err := monitor.ValidateProbe(p); err != nil {
		return p, err
	}
	err := db.transaction(ctx, "save histogram "+p.Name, func(tx *gorm.DB) error {
		var stored probeRow
		if err := tx.Where("name = ?", p.Name).Limit(1).Find(&stored).Error; err != nil {
			return err
		}
		if p.Version > 0 && p.Version != stored.Version {
			return fmt.Errorf("%w: it was changed by somebody else meanwhile (version %d, yours is %d)", monitor.ErrConflict, stored.Version, p.Version)
		}
		p.Version, p.UpdatedAt, p.UpdatedBy = stored.Version+1, at, author
		return tx.Save(new(rowOfProbe(p))).Error
	})
	return p, err
}

// DeleteProbe removes a histogram with its periods and regressions.
func (db *DB) DeleteProbe(ctx context.Context, name string) error {
	return db.transaction(ctx, "delete histogram "+monitor.Cut(name, 100), func(tx *gorm.DB) error {
		if err := found(tx.Exec(`DELETE FROM histograms WHERE name = ?`, name)); err != nil {
			return err
		}
		return tx.Exec(`DELETE FROM histogram_regressions WHERE name = ?`, name).Error
	})
}

type periodRow struct {
	Name        string
	At          int64
	Span        int64
	Submissions float64
	Layout      int64
	Counts      string
}

func (periodRow) TableName() string { return "histogram_periods" }

// PutPeriods stores periods of a histogram, and makes its definition if there is
// none. One that is there already is replaced, or, with add, added to; that of
// another layout is re-binned first. All are stored, or none.
func (db *DB) PutPeriods(ctx context.Context, name string, periods []monitor.HistogramPeriod, add bool, at time.Time) error {
	if err := monitor.ValidateProbe(monitor.Probe{Name: name}); err != nil {
		return err
	}
	return db.transaction(ctx, "store histogram "+name, func(tx *gorm.DB) error {
		fresh := rowOfProbe(monitor.Probe{Name: name, Version: 1, UpdatedAt: at})
		made := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&fresh)
		if made.Error != nil {
			return made.Error
		}
		if made.RowsAffected > 0 {
			if err := roomForOne(tx); err != nil {
				return err
			}
		}
		layouts := map[string]int64{}
		for _, p := range periods {
			if add {
				stored, err := readPeriods(tx, name, p.At, p.At)
				if err != nil {
					return err
				}
				if p, err = added(p, stored); err != nil {
					return err
				}
			}
			if err := putPeriod(tx, name, p, layouts); err != nil {
				return err
			}
		}
		return nil
	})
}

// maxHistograms is how many histograms there are when sending makes no more.
const maxHistograms = 50_000

func roomForOne(tx *gorm.DB) error {
	var n int64
	if err := tx.Raw(`SELECT COUNT(*) FROM histograms`).Row().Scan(&n); err != nil {
		return err
	}
	if n > maxHistograms {
		return fmt.Errorf("%w: there are %d histograms, and sending makes no more; delete some, or define this one first", monitor.ErrDenied, n-1)
	}
	return nil
}

// added returns p with what is stored of the same time.
func added(p monitor.HistogramPeriod, stored []monitor.HistogramPeriod) (monitor.HistogramPeriod, error) {
	for _, s := range stored {
		sum := distribution.Merge(s.Histogram, p.Histogram)
		if len(sum.Edges) == 0 {
			return p, monitor.Invalid("edges", "have nothing in common with those that are stored for the period; send the same ones")
		}
		p.Histogram = sum
		p.Submissions += s.Submissions
	}
	return p, nil
}

func putPeriod(tx *gorm.DB, name string, p monitor.HistogramPeriod, layouts map[string]int64) error {
	edges := numbersText(p.Edges)
	if layouts[edges] == 0 {
		if err := tx.Exec(`INSERT INTO histogram_layouts (edges) VALUES (?) ON CONFLICT DO NOTHING`, edges).Error; err != nil {
			return err
		}
		var id int64
		if err := tx.Raw(`SELECT id FROM histogram_layouts WHERE edges = ?`, edges).Row().Scan(&id); err != nil {
			return err
		}
		layouts[edges] = id
	}
	row := periodRow{name, millis(p.At), p.Span.Milliseconds(), p.Submissions, layouts[edges], numbersText(p.Counts)}
	return tx.Clauses(clause.OnConflict{UpdateAll: true, Columns: []clause.Column{{Name: "name"}, {Name: "at"}}}).Create(&row).Error
}

// Periods returns the periods of a histogram from a time on, oldest first.
func (db *DB) Periods(ctx context.Context, name string, since time.Time) ([]monitor.HistogramPeriod, error) {
	all, err := readPeriods(db.read.WithContext(ctx), name, since, time.UnixMilli(1<<53))
	return all, db.fault("read periods of "+monitor.Cut(name, 100), err)
}

func readPeriods(tx *gorm.DB, name string, since, until time.Time) ([]monitor.HistogramPeriod, error) {
	var all []monitor.HistogramPeriod
	layouts := map[string][]float64{} // shared by the periods that have them
	rows, err := tx.Raw(`SELECT p.at, p.span, p.submissions, l.edges, p.counts FROM histogram_periods p JOIN histogram_layouts l ON l.id = p.layout
		WHERE p.name = ? AND p.at >= ? AND p.at <= ? ORDER BY p.at`, name, since.UnixMilli(), until.UnixMilli()).Rows()
	err = scanAll(rows, err, func(r rowScanner) error {
		var at, span int64
		var edges, counts string
		var p monitor.HistogramPeriod
		if err := r.Scan(&at, &span, &p.Submissions, &edges, &counts); err != nil {
			return err
		}
		p.At, p.Span = time.UnixMilli(at).UTC(), time.Duration(span)*time.Millisecond
		if layouts[edges] == nil {
			if layouts[edges], err = numbersOf(edges); err != nil {
				return err
			}
		}
		p.Edges = layouts[edges]
		p.Counts, err = numbersOf(counts)
		all = append(all, p)
		return err
	})
	return all, err
}

// HistogramLatest is how much there is of a histogram.
type HistogramLatest struct {
	Name    string
	Periods int
	Last    time.Time // beginning of its newest period
}

// HistogramsLatest returns what there is of each histogram that has any period.
func (db *DB) HistogramsLatest(ctx context.Context) (map[string]HistogramLatest, error) {
	all := map[string]HistogramLatest{}
	rows, err := db.read.WithContext(ctx).Raw(`SELECT name, COUNT(*), MAX(at) FROM histogram_periods GROUP BY name`).Rows()
	err = scanAll(rows, err, func(r rowScanner) error {
		var one HistogramLatest
		var last int64
		err := r.Scan(&one.Name, &one.Periods, &last)
		one.Last = time.UnixMilli(last).UTC()
		all[one.Name] = one
		return err
	})
	return all, db.fault("read histograms", err)
}

// SweepHistograms removes periods that began before a time, the regressions and
// received alerts of that time, layouts that nothing uses any more, and the text of
// mails of that time that are not sent any more. Their keys stay, so that none is
// sent again. It works in short transactions, as Sweep does.
func (db *DB) SweepHistograms(ctx context.Context, before time.Time) error {
	return db.fault("remove old histograms", db.sweepHistograms(ctx, before))
}

func (db *DB) sweepHistograms(ctx context.Context, before time.Time) error {
	border := millis(before)
	_, err := db.deleteAll(ctx, `UPDATE mails SET body = '' WHERE id IN
		(SELECT id FROM mails WHERE next_at = 0 AND created_at < ? AND body <> '' LIMIT ?)`, border, sweepChunk)
	if err != nil {
		return err
	}
	// Day by day a period leaves what is looked at; a regression goes only when
	// nothing that is looked at could date it to where it was.
	_, err = db.deleteAll(ctx, `DELETE FROM histogram_regressions WHERE id IN
		(SELECT id FROM histogram_regressions WHERE at < ? - 3 * span LIMIT ?)`, border, sweepChunk)
	if err != nil {
		return err
	}
	_, err = db.deleteAll(ctx, `DELETE FROM medusa_alerts WHERE id IN (SELECT id FROM medusa_alerts WHERE date < ? LIMIT ?)`,
		before.UTC().Format(time.DateOnly), sweepChunk)
	if err != nil {
		return err
	}
	gone, err := db.sweepPeriods(ctx, border)
	if err != nil || gone == 0 {
		return err
	}
	return db.sweepLayouts(ctx)
}

// sweepLayouts looks for layouts that nothing uses without holding up who writes,
// and looks at those few again before they go.
func (db *DB) sweepLayouts(ctx context.Context) error {
	var unused []int64
	err := db.read.WithContext(ctx).Raw(`SELECT id FROM histogram_layouts WHERE id NOT IN (SELECT layout FROM histogram_periods) LIMIT ?`, sweepChunk).Scan(&unused).Error
	if err != nil || len(unused) == 0 {
		return err
	}
	return db.write.WithContext(ctx).Exec(`DELETE FROM histogram_layouts WHERE id IN ?
		AND id NOT IN (SELECT layout FROM histogram_periods WHERE layout IN ?)`, unused, unused).Error
}

// sweepPeriods walks from histogram to histogram, since periods are clustered by them.
func (db *DB) sweepPeriods(ctx context.Context, border int64) (int64, error) {
	var names []string
	if err := db.read.WithContext(ctx).Raw(`SELECT name FROM histograms h WHERE EXISTS
		(SELECT 1 FROM histogram_periods p WHERE p.name = h.name AND p.at < ?) ORDER BY name`, border).Scan(&names).Error; err != nil {
		return 0, err
	}
	var gone int64
	for chunk := range slices.Chunk(names, sweepChunk/10) {
		n, err := db.deleteAll(ctx, `DELETE FROM histogram_periods WHERE (name, at) IN
			(SELECT name, at FROM histogram_periods WHERE name IN ? AND at < ? LIMIT ?)`, chunk, border, sweepChunk)
		gone += n
		if err != nil {
			return gone, err
		}
	}
	return gone, nil
}

// numbersText writes numbers so that they are read back to the last bit,
// infinite ones included.
func numbersText(all []float64) string {
	text := make([]byte, 0, 4*len(all))
	for i, v := range all {
		if i > 0 {
			text = append(text, ' ')
		}
		text = strconv.AppendFloat(text, v, 'g', -1, 64)
	}
	return string(text)
}

func numbersOf(text string) ([]float64, error) {
	all := make([]float64, 0, 1+strings.Count(text, " "))
	for one := range strings.FieldsSeq(text) {
		v, err := strconv.ParseFloat(one, 64)
		if err != nil {
			return nil, fmt.Errorf("a column of numbers: %w", err)
		}
		all = append(all, v)
	}
	return all, nil
}
