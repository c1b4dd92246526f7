package main

import (
	"fmt"
	"io"
	"math"
	"runtime"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"wingmirror/distribution"
	"wingmirror/histogram"
	"wingmirror/histogram/cerberus"
	"wingmirror/histogram/synthetic"
	"wingmirror/monitor"
)

// newHistogramsBenchmark measures both methods on series whose changes are known.
func newHistogramsBenchmark(p process) *cobra.Command {
	var seed uint64
	var series, speed int
	cmd := &cobra.Command{
		Use:   "benchmark",
		Short: "Measure both methods on made-up series whose changes are known",
		Long: `Make series of histograms of 13 kinds, run both methods over them, and print a
table of precision, recall and delay. Equal seeds give equal tables.

With --speed N it measures how long N histograms of 120 days and 100 buckets take.`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if series < 1 {
				return usageError("--series: make at least one series of each kind")
			}
			if speed > 0 {
				return measureSpeed(p.stdout, speed)
			}
			return writeBenchmark(p.stdout, seed, series)
		},
	}
	cmd.Flags().Uint64Var(&seed, "seed", 1, "of the random numbers")
	cmd.Flags().IntVar(&series, "series", 100, "of each kind")
	cmd.Flags().IntVar(&speed, "speed", 0, "measure the time for so many histograms instead")
	return cmd
}

func writeBenchmark(w io.Writer, seed uint64, n int) error {
	ours := synthetic.Measure(func(p monitor.Probe, periods []monitor.HistogramPeriod) []monitor.Regression {
		return histogram.Detector{}.Detect(p, periods).Regressions
	}, seed, n)
	theirs := synthetic.Measure(func(p monitor.Probe, periods []monitor.HistogramPeriod) []monitor.Regression {
		return cerberus.DetectPeriods(p, periods).Regressions
	}, seed, n)
	fmt.Fprintf(w, "%d series of %d days of each kind, seed %d\n\n", n, synthetic.Days, seed)
	fmt.Fprintln(w, "| series | default: precision | recall | F1 | delay | false alarms | cerberus: precision | recall | F1 | delay | false alarms |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|---|---|")
	for i, c := range synthetic.Classes() {
		_, err := fmt.Fprintf(w, "| %s |%s|%s|\n", c.Name, scoreCells(ours[i], c.Changes), scoreCells(theirs[i], c.Changes))
		if err != nil {
			return err
		}
	}
	return nil
}

func scoreCells(s synthetic.Score, changes bool) string {
	if !changes {
		return fmt.Sprintf(" | | | | %d ", s.Wrong)
	}
	delay := "–"
	if s.Found > 0 {
		delay = fmt.Sprintf("%.1f d", s.Delay)
	}
	precision := "–"
	if s.Found+s.Wrong > 0 {
		precision = fmt.Sprintf("%.2f", s.Precision())
	}
	return fmt.Sprintf(" %s | %.2f | %.2f | %s | %d ", precision, s.Recall(), s.F1(), delay, s.Wrong)
}

// measureSpeed runs the default method over n histograms, of which every tenth
// changes, with as many at once as there are cores.
func measureSpeed(w io.Writer, n int) error {
	const buckets, days, kinds = 100, 120, 20
	probes := make([][]monitor.HistogramPeriod, kinds)
	for k := range probes {
		probes[k] = speedSeries(k, buckets, days)
	}
	began := time.Now()
	var workers sync.WaitGroup
	next := make(chan int)
	found := make([]int, n)
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range next {
				probe := monitor.Probe{Name: "speed", Kind: "exponential"}
				found[i] = len(histogram.Detector{}.Detect(probe, probes[i%kinds]).Regressions)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	workers.Wait()
	total := 0
	for _, f := range found {
		total += f
	}
	_, err := fmt.Fprintf(w, "%d histograms of %d days and %d buckets in %.2f s on %d cores, %d regressions\n",
		n, days, buckets, time.Since(began).Seconds(), runtime.GOMAXPROCS(0), total)
	return err
}

// speedSeries makes one series; those of kinds 0 and 10 change halfway.
func speedSeries(kind, buckets, days int) []monitor.HistogramPeriod {
	edges := synthetic.Edges(buckets)
	var periods []monitor.HistogramPeriod
	for day := range days {
		h := distribution.Histogram{Edges: edges, Counts: make([]float64, buckets)}
		centre := 50.0
		if kind%10 == 0 && day >= days/2 {
			centre = 54
		}
		for b := range h.Counts {
			z := (float64(b) - centre) / 12
			h.Counts[b] = math.Round(1e4 * math.Exp(-z*z/2) * (1 + .02*math.Sin(float64(kind+7*day+13*b))))
		}
		periods = append(periods, monitor.HistogramPeriod{At: synthetic.Start().AddDate(0, 0, day), Span: 24 * time.Hour, Histogram: h})
	}
	return periods
}
