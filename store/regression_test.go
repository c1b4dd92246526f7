package store

import (
	"testing"
	"time"

	"wingmirror/distribution"
	"wingmirror/monitor"
)

func TestRegressions_GoOnAfterAPlaceThatIsGone(t *testing.T) {
	db := openNew(t)
	day := func(n int) time.Time { return time.Date(2026, 5, n, 0, 0, 0, 0, time.UTC) }
	flat := distribution.Histogram{Edges: []float64{0, 1}, Counts: []float64{1}}
	for _, name := range []string{"C", "A", "B"} {
		var found []monitor.Regression
		for _, n := range []int{10, 20} {
			found = append(found, monitor.Regression{Name: name, At: day(n), Span: 24 * time.Hour, Seen: day(n), Method: "default", Shape: monitor.StepChange, Moved: monitor.MovedUp, Before: flat, After: flat})
		}
		if _, err := db.MergeRegressions(t.Context(), name, found, 7, day(21)); err != nil {
			t.Fatal(err)
		}
	}
	got := ""
	for past := (RegressionPlace{}); len(got) < 40; {
		some, err := db.Regressions(t.Context(), RegressionFilter{Limit: 1, Past: past})
		if err != nil {
			t.Fatal(err)
		}
		if len(some) == 0 {
			break
		}
		last := some[0]
		past = RegressionPlace{last.At, last.Name, last.ID}
		got += last.Name + last.At.Format("2 ")
		if err := db.write.Exec(`DELETE FROM histogram_regressions WHERE id = ?`, last.ID).Error; err != nil {
			t.Fatal(err)
		}
	}
	if want := "A20 B20 C20 A10 B10 C10 "; got != want {
		t.Errorf("read %s, want %s", got, want)
	}
}
