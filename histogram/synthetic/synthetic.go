// Package synthetic makes series of histograms whose changes are known, and
// measures how well a method finds them. Equal seeds give equal series on every
// machine, so a table of results can be made again.
//
// A series is a latency-like distribution over exponential buckets, counted
// anew each day from a finite number of values, with a little movement from day
// to day that means nothing.
package synthetic

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"wingmirror/distribution"
	"wingmirror/monitor"
)

// Class is a kind of series.
type Class struct {
	Name    string
	Text    string // what happens in it
	Changes bool   // whether there is something to find
	shape   func(w *world)
}

// world is one series before it is counted.
type world struct {
	random *rand.Rand
	days   int
	change int // the day from which on something is different
	size   float64

	centre, width func(day int) float64 // of the logarithm of the values
	second        func(day int) float64 // share of a second mode
	secondAt      float64               // its place, as a factor
	tail          func(day int) float64 // share of a long tail
	samples       func(day int) float64
}

// Classes lists the classes. Sizes of the changes are drawn from a range that
// goes from what an owner would just want to know of to what nobody can miss.
func Classes() []Class {
	after := func(w *world, before, then float64) func(int) float64 {
		return func(day int) float64 {
			if day >= w.change {
				return then
			}
			return before
		}
	}
	step := func(w *world) { w.centre = after(w, 0, w.sign()*w.between(.12, .8)) }
	weekly := func(w *world) {
		swing, centre := w.between(.1, .4), w.centre
		w.centre = func(day int) float64 { return centre(day) + swing*weekend(day) }
	}
	volume := func(w *world) {
		factor := w.between(.1, .5)
		w.samples = func(day int) float64 {
			if day/20%2 == 1 {
				return 20_000 * factor
			}
			return 20_000
		}
	}
	spikes := func(w *world) {
		centre, odd := w.centre, map[int]float64{}
		for _, d := range []int{15, 30, 31, 100, 110} {
			if d < w.change-1 || d > w.change+12 {
				odd[d] = w.sign() * w.between(.4, 1)
			}
		}
		w.centre = func(day int) float64 { return centre(day) + odd[day] }
	}
	return []Class{
		{"unchanged", "nothing but chance", false, func(*world) {}},
		{"weekly cycle, unchanged", "weekends are 10 to 50 % slower", false, weekly},
		{"volume, unchanged", "every 20 days the volume falls to 10 to 50 %, or rises again", false, volume},
		{"spikes, unchanged", "days that are odd, one or two in a row", false, spikes},
		{"noisy, unchanged", "each day moves by some 8 %", false, func(w *world) { w.wobble(.08) }},
		{"shift", "all values move by 11 to 120 %, up or down", true, step},
		{"new mode", "3 to 25 % of the values become 3 to 10 times as slow", true, func(w *world) {
			w.secondAt = w.between(math.Log(3), math.Log(10))
			w.second = after(w, 0, w.between(.03, .25))
		}},
		{"tail growth", "a long tail grows from 2 % to 5 to 15 % of the values", true, func(w *world) { w.tail = after(w, .02, w.between(.05, .15)) }},
		{"drift", "values rise by 20 to 120 % over 40 days", true, func(w *world) {
			rise, sign := w.between(.2, .8), w.sign()
			w.centre = func(day int) float64 { return sign * rise * min(1, max(0, float64(day-w.change)/40)) }
		}},
		{"weekly cycle", "a shift in a weekly cycle", true, func(w *world) { step(w); weekly(w) }},
		{"volume", "a shift while the volume changes", true, func(w *world) { step(w); volume(w) }},
		{"spikes", "a shift, and odd days elsewhere", true, func(w *world) { step(w); spikes(w) }},
		{"noisy", "a shift by 30 to 120 % where each day moves by some 8 %", true, func(w *world) {
			w.centre = after(w, 0, w.sign()*w.between(.3, .8))
			w.wobble(.08)
		}},
	}
}

func weekend(day int) float64 {
	if d := day % 7; d == 5 || d == 6 {
		return 1
	}
	return 0
}

func (w *world) between(low, high float64) float64 { return low + (high-low)*w.size }

func (w *world) sign() float64 {
	if w.random.IntN(2) == 0 {
		return -1
	}
	return 1
}

// wobble moves each day by chance.
func (w *world) wobble(by float64) {
	centre, moves := w.centre, make([]float64, w.days)
	for i := range moves {
		moves[i] = w.random.NormFloat64() * by
	}
	w.centre = func(day int) float64 { return centre(day) + moves[day] }
}

// Series is a probe with its periods and the truth about them.
type Series struct {
	Class   string
	Probe   monitor.Probe
	Periods []monitor.HistogramPeriod
	Change  time.Time // zero: nothing changes
	Until   time.Time // the last day on which finding it counts
}

// Days is the length of each series.
const Days = 120

// Start is the first day of each series, a Monday.
func Start() time.Time { return time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC) }

// Edges returns n exponential buckets from 1 to 10,000, and what is below and above.
func Edges(n int) []float64 {
	edges := []float64{0}
	for i := range n - 1 {
		edges = append(edges, math.Pow(10, 4*float64(i)/float64(n-2)))
	}
	return append(edges, edges[len(edges)-1]*edges[len(edges)-1]/edges[len(edges)-2])
}

// Make returns the number-th series of a class. The sizes of the changes are
// spread evenly over the class's range.
func Make(c Class, seed uint64, number, of int) Series {
	w := &world{random: rand.New(rand.NewPCG(seed, uint64(number))), days: Days, size: (float64(number) + .5) / float64(of)}
	w.change = 40 + w.random.IntN(40)
	zero := func(int) float64 { return 0 }
	w.centre, w.second, w.tail = zero, zero, func(int) float64 { return .02 }
	w.width = func(int) float64 { return .6 }
	w.samples = func(int) float64 { return 20_000 }
	c.shape(w)
	w.wobble(.01) // no two days are ever quite alike
	s := Series{Class: c.Name, Probe: monitor.Probe{Name: fmt.Sprintf("%s/%d", c.Name, number), Kind: "exponential", Unit: "ms", Better: monitor.LowerBetter}}
	edges := Edges(60)
	for day := range w.days {
		at := Start().AddDate(0, 0, day)
		h := distribution.Histogram{Edges: edges, Counts: w.count(edges, day)}
		s.Periods = append(s.Periods, monitor.HistogramPeriod{At: at, Span: 24 * time.Hour, Histogram: h})
	}
	if c.Changes {
		s.Change = Start().AddDate(0, 0, w.change)
		s.Until = s.Change.AddDate(0, 0, 14)
		if c.Name == "drift" {
			s.Until = s.Change.AddDate(0, 0, 50)
		}
	}
	return s
}

// count draws the counts of one day: a Poisson number for each bucket, which is
// what many independent senders give.
func (w *world) count(edges []float64, day int) []float64 {
	const base = 100 // the middle of the values
	centre, width := math.Log(base)+w.centre(day), w.width(day)
	second, tail := w.second(day), w.tail(day)
	below := func(x float64) float64 {
		if x <= 0 {
			return 0
		}
		at := math.Log(x)
		main := normal((at - centre) / width)
		other := normal((at - centre - w.secondAt) / (width / 2))
		long := normal((at - centre - 1.5) / .8)
		return (1-second-tail)*main + second*other + tail*long
	}
	counts := make([]float64, len(edges)-1)
	samples := w.samples(day) * (1 + .05*w.random.NormFloat64())
	for i := range counts {
		upper := 1.0
		if i < len(counts)-1 {
			upper = below(edges[i+1])
		}
		counts[i] = w.poisson(samples * (upper - below(edges[i])))
	}
	return counts
}

func normal(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

// poisson draws a Poisson number: by counting for a small mean, by the normal
// approximation for a large one.
func (w *world) poisson(mean float64) float64 {
	if mean <= 0 {
		return 0
	}
	if mean > 50 {
		return max(0, math.Round(mean+math.Sqrt(mean)*w.random.NormFloat64()))
	}
	limit, product, n := math.Exp(-mean), w.random.Float64(), 0
	for product > limit {
		product *= w.random.Float64()
		n++
	}
	return float64(n)
}
