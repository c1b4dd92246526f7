package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"wingmirror/distribution"
	"wingmirror/monitor"
)

type regressionRow struct {
	ID            int64 `gorm:"primaryKey"`
	Name          string
	At            int64
	Span          int64
	Seen          int64
	Recovered     int64
	FoundAt       int64
	Method        string
	Shape         string
	Moved         string
	Welcome       string
	Size          float64
	Relative      float64
	KS            float64 `gorm:"column:ks"`
	JS            float64 `gorm:"column:js"`
	Votes         stringList
	Edges         string
	Before        string
	After         string
	SamplesBefore float64
	SamplesAfter  float64
	Verdict       string
	JudgedBy      string
	JudgedAt      int64
	Note          string
}

func (regressionRow) TableName() string { return "histogram_regressions" }

func rowOfRegression(r monitor.Regression) regressionRow {
	return regressionRow{
		ID: r.ID, Name: r.Name, At: millis(r.At), Span: r.Span.Milliseconds(), Seen: millis(r.Seen), Recovered: millis(r.Recovered), FoundAt: millis(r.FoundAt),
		Method: r.Method, Shape: string(r.Shape), Moved: string(r.Moved), Welcome: string(r.Welcome), Size: r.Size, Relative: r.Relative, KS: r.KS, JS: r.JS,
		Votes: r.Votes, Edges: numbersText(r.Before.Edges), Before: numbersText(r.Before.Counts), After: numbersText(r.After.Counts),
		SamplesBefore: r.Samples[0], SamplesAfter: r.Samples[1],
		Verdict: string(r.Verdict), JudgedBy: r.JudgedBy, JudgedAt: millis(r.JudgedAt), Note: r.Note,
	}
}

func (r regressionRow) regression() (monitor.Regression, error) {
	out := monitor.Regression{
		ID: r.ID, Name: r.Name, At: fromMillis(r.At), Span: time.Duration(r.Span) * time.Millisecond, Seen: fromMillis(r.Seen), Recovered: fromMillis(r.Recovered),
		FoundAt: fromMillis(r.FoundAt), Method: r.Method, Shape: monitor.Shape(r.Shape), Moved: monitor.Movement(r.Moved), Welcome: monitor.Toggle(r.Welcome),
		Size: r.Size, Relative: r.Relative, KS: r.KS, JS: r.JS, Votes: r.Votes, Samples: [2]float64{r.SamplesBefore, r.SamplesAfter},
		Verdict: monitor.Verdict(r.Verdict), JudgedBy: r.JudgedBy, JudgedAt: fromMillis(r.JudgedAt), Note: r.Note,
	}
	edges, err := numbersOf(r.Edges)
	if err != nil {
		return out, err
	}
	out.Before, out.After = distribution.Histogram{Edges: edges}, distribution.Histogram{Edges: edges}
	if out.Before.Counts, err = numbersOf(r.Before); err != nil {
		return out, err
	}
	out.After.Counts, err = numbersOf(r.After)
	return out, err
}

// RegressionFilter selects regressions. Zero fields select all.
type RegressionFilter struct {
	Name    string    // of the histogram
	Search  string    // part of the histogram's name or description, in any case
	From    time.Time // of the first period with the new shape
	Until   time.Time // exclusive
	Verdict string    // true, noise, or none for those that nobody judged
	Limit   int       // at most so many, 0: 500

	Past RegressionPlace // only what follows this in the list; zero: from the beginning
}

// RegressionPlace is where a regression stands in their list, be it still there or
// not.
type RegressionPlace struct {
	At   time.Time
	Name string
	ID   int64
}

// Regressions returns regressions, the newest day first.
func (db *DB) Regressions(ctx context.Context, f RegressionFilter) ([]monitor.Regression, error) {
	query := db.read.WithContext(ctx).Table("histogram_regressions r").Select("r.*").Order("r.at DESC, r.name, r.id")
	if f.Name != "" {
		query = query.Where("r.name = ?", f.Name)
	}
	if f.Search != "" {
		like := "%" + strings.NewReplacer("_", `\_`, "%", `\%`, `\`, `\\`).Replace(strings.ToLower(f.Search)) + "%"
		query = query.Joins("LEFT JOIN histograms h ON h.name = r.name").
			Where(`(LOWER(r.name) LIKE ? ESCAPE '\' OR LOWER(COALESCE(h.description, '')) LIKE ? ESCAPE '\')`, like, like)
	}
	if !f.From.IsZero() {
		query = query.Where("r.at >= ?", millis(f.From))
	}
	if !f.Until.IsZero() {
		query = query.Where("r.at < ?", millis(f.Until))
	}
	switch f.Verdict {
	case "":
	case "none":
		query = query.Where("r.verdict = ''")
	default:
		query = query.Where("r.verdict = ?", f.Verdict)
	}
	if p := f.Past; p.ID != 0 {
		at := millis(p.At)
		query = query.Where("r.at < ? OR r.at = ? AND (r.name > ? OR r.name = ? AND r.id > ?)", at, at, p.Name, p.Name, p.ID)
	}
	if f.Limit == 0 {
		f.Limit = 500
	}
	var rows []regressionRow
	if err := query.Limit(f.Limit).Find(&rows).Error; err != nil {
		return nil, db.fault("read regressions", err)
	}
	return regressionsOf(rows)
}

func regressionsOf(rows []regressionRow) ([]monitor.Regression, error) {
	all := make([]monitor.Regression, len(rows))
	for i, row := range rows {
		var err error
		if all[i], err = row.regression(); err != nil {
			return nil, fmt.Errorf("read regression %d: %w", row.ID, err)
		}
	}
	return all, nil
}

// Regression returns one regression, or ErrNotFound.
func (db *DB) Regression(ctx context.Context, id int64) (monitor.Regression, error) {
	var row regressionRow
	what := fmt.Sprintf("read regression %d", id)
	if err := db.read.WithContext(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return monitor.Regression{}, db.fault(what, err)
	}
	return row.regression()
}

// MergeRegressions stores what was found of a histogram and returns what is new
// of it. One that is stored already keeps its number, its verdict and when it was
// found; a drift is the same when it is dated up to so many periods away, a step
// up to two.
func (db *DB) MergeRegressions(ctx context.Context, name string, found []monitor.Regression, drift int, at time.Time) ([]monitor.Regression, error) {
	var fresh []monitor.Regression
	if len(found) == 0 {
		return nil, nil
	}
	err := db.transaction(ctx, "store regressions of "+name, func(tx *gorm.DB) error {
		var stored []regressionRow
		if err := tx.Where("name = ?", name).Find(&stored).Error; err != nil {
			return err
		}
		for _, r := range found {
			row := rowOfRegression(r)
			known := sameRegression(stored, row, drift)
			if known == nil {
				row.FoundAt = millis(at)
				if err := tx.Create(&row).Error; err != nil {
					return err
				}
				one, err := row.regression()
				if err != nil {
					return err
				}
				stored, fresh = append(stored, row), append(fresh, one)
				continue
			}
			if known.Recovered != row.Recovered || known.Welcome != row.Welcome {
				err := tx.Exec(`UPDATE histogram_regressions SET recovered = ?, welcome = ? WHERE id = ?`, row.Recovered, row.Welcome, known.ID).Error
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
	return fresh, err
}

func sameRegression(stored []regressionRow, r regressionRow, drift int) *regressionRow {
	near := 2 * r.Span
	if r.Shape == string(monitor.DriftChange) {
		near = int64(drift) * r.Span
	}
	for i, s := range stored {
		apart := max(s.At-r.At, r.At-s.At)
		if s.Method == r.Method && (apart == 0 || apart <= near && s.Moved == r.Moved) {
			return &stored[i]
		}
	}
	return nil
}

// Judge stores what somebody says of a regression, and returns it.
func (db *DB) Judge(ctx context.Context, id int64, verdict monitor.Verdict, note, by string, at time.Time) (monitor.Regression, error) {
	err := db.transaction(ctx, fmt.Sprintf("judge regression %d", id), func(tx *gorm.DB) error {
		return found(tx.Exec(`UPDATE histogram_regressions SET verdict = ?, note = ?, judged_by = ?, judged_at = ? WHERE id = ?`, verdict, note, by, millis(at), id))
	})
	if err != nil {
		return monitor.Regression{}, err
	}
	return db.Regression(ctx, id)
}

// Precision counts regressions by what people say of them.
type Precision struct {
	Method                string
	True, Noise, Unjudged int
}

// RegressionPrecision returns the counts by method.
func (db *DB) RegressionPrecision(ctx context.Context) ([]Precision, error) {
	var all []Precision
	rows, err := db.read.WithContext(ctx).Raw(`SELECT method, SUM(CASE WHEN verdict = 'true' THEN 1 ELSE 0 END), SUM(CASE WHEN verdict = 'noise' THEN 1 ELSE 0 END),
		SUM(CASE WHEN verdict = '' THEN 1 ELSE 0 END) FROM histogram_regressions GROUP BY method ORDER BY method`).Rows()
	err = scanAll(rows, err, func(r rowScanner) error {
		var p Precision
		err := r.Scan(&p.Method, &p.True, &p.Noise, &p.Unjudged)
		all = append(all, p)
		return err
	})
	return all, db.fault("read verdicts", err)
}
