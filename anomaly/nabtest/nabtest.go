// Package nabtest scores anomaly detectors as the Numenta Anomaly Benchmark
// does: A. Lavin and S. Ahmad, "Evaluating Real-time Anomaly Detection
// Algorithms", ICMLA (2015). It reads the benchmark's own files and knows no
// detector.
//
// The benchmark rewards one early detection in each labelled window, counts
// nothing for further ones there, and charges every detection outside. The
// first 15 percent of a series, 750 rows at most, do not count.
//
// The corpus is not part of this repository. Scores of a part of it say nothing
// next to published scores of the whole.
package nabtest

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// Series is one file of the corpus.
type Series struct {
	Name    string // category/file.csv
	Times   []time.Time
	Values  []float64
	Windows []Window // in the order of time
}

// Window is a labelled stretch of rows, both ends inside.
type Window struct{ First, Last int }

// Load reads a corpus: data/CATEGORY/*.csv and labels/combined_windows.json
// below dir. Files without a label entry are left out.
func Load(dir string) ([]Series, error) {
	text, err := os.ReadFile(filepath.Join(dir, "labels", "combined_windows.json"))
	if err != nil {
		return nil, fmt.Errorf("read labels: %w", err)
	}
	labels := map[string][][2]string{}
	if err := json.Unmarshal(text, &labels); err != nil {
		return nil, fmt.Errorf("read labels: %w", err)
	}
	var all []Series
	for name, windows := range labels {
		s, err := load(filepath.Join(dir, "data", filepath.FromSlash(name)), windows)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		s.Name = name
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Series) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return all, nil
}

func load(name string, windows [][2]string) (Series, error) {
	f, err := os.Open(name)
	if err != nil {
		return Series{}, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return Series{}, err
	}
	var s Series
	for _, row := range rows[1:] {
		at, err := time.Parse(time.DateTime, row[0])
		if err != nil {
			return s, err
		}
		value, err := strconv.ParseFloat(row[1], 64)
		if err != nil {
			return s, err
		}
		s.Times, s.Values = append(s.Times, at), append(s.Values, value)
	}
	for _, w := range windows {
		first, err1 := s.find(w[0])
		last, err2 := s.find(w[1])
		if err1 != nil || err2 != nil {
			return s, fmt.Errorf("window %v is not in the file", w)
		}
		s.Windows = append(s.Windows, Window{first, last})
	}
	return s, nil
}

// find returns the first row of a time: some files repeat times.
func (s Series) find(text string) (int, error) {
	at, err := time.Parse("2006-01-02 15:04:05.999999", text)
	if err != nil {
		return 0, err
	}
	i := slices.IndexFunc(s.Times, at.Equal)
	if i < 0 {
		return 0, fmt.Errorf("no row at %s", text)
	}
	return i, nil
}

// Probation is how many rows at the beginning do not count.
func (s Series) Probation() int { return min(int(0.15*float64(len(s.Values))), 750) }
