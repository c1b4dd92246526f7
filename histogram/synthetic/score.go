package synthetic

import (
	"runtime"
	"sync"
	"time"

	"wingmirror/monitor"
)

// Method finds regressions in the periods of a probe.
type Method func(monitor.Probe, []monitor.HistogramPeriod) []monitor.Regression

// Score is how a method did on one class.
type Score struct {
	Class    string
	Series   int
	Changes  int     // that were there
	Found    int     // of them
	Wrong    int     // reports of what was not there
	Repeated int     // reports of a change that had been reported already
	Delay    float64 // periods from a change to the one that made it certain, on average; 0 when none was found
}

// Precision returns the share of the reports that were right, 1 without reports.
func (s Score) Precision() float64 {
	if s.Found+s.Wrong == 0 {
		return 1
	}
	return float64(s.Found) / float64(s.Found+s.Wrong)
}

// Recall returns the share of the changes that were found, 1 without changes.
func (s Score) Recall() float64 {
	if s.Changes == 0 {
		return 1
	}
	return float64(s.Found) / float64(s.Changes)
}

// F1 returns the harmonic mean of precision and recall.
func (s Score) F1() float64 {
	p, r := s.Precision(), s.Recall()
	if p+r == 0 {
		return 0
	}
	return 2 * p * r / (p + r)
}

// Measure runs a method over n series of each class.
func Measure(m Method, seed uint64, n int) []Score {
	var scores []Score
	for _, c := range Classes() {
		scores = append(scores, measureClass(c, m, seed, n))
	}
	return scores
}

func measureClass(c Class, m Method, seed uint64, n int) Score {
	results := make([]Score, n)
	var wait sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for i := range next {
				s := Make(c, seed, i, n)
				results[i] = judge(s, m(s.Probe, s.Periods))
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wait.Wait()
	total := Score{Class: c.Name, Series: n}
	for _, one := range results {
		total.Changes += one.Changes
		total.Found += one.Found
		total.Wrong += one.Wrong
		total.Repeated += one.Repeated
		total.Delay += one.Delay
	}
	if total.Found > 0 {
		total.Delay /= float64(total.Found)
	}
	return total
}

// judge counts the reports about one series. A report is right when its date is
// at most a day before the change, and not after the last day that counts.
func judge(s Series, found []monitor.Regression) Score {
	var score Score
	if !s.Change.IsZero() {
		score.Changes = 1
	}
	for _, r := range found {
		right := score.Changes == 1 && !r.At.Before(s.Change.Add(-24*time.Hour)) && !r.At.After(s.Until)
		switch {
		case !right:
			score.Wrong++
		case score.Found == 1:
			score.Repeated++
		default:
			score.Found = 1
			score.Delay = r.Seen.Sub(s.Change).Hours() / 24
		}
	}
	return score
}
