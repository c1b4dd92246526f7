package anomaly

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"
)

// kind makes values without anomalies, one after the other.
type kind struct {
	name string
	make func(r *rand.Rand) func(at time.Time) float64
}

func plainKinds() []kind {
	ofDay := func(at time.Time) float64 {
		return math.Sin(2 * math.Pi * float64(at.Hour()*60+at.Minute()) / 1440)
	}
	return []kind{
		{"noise", func(r *rand.Rand) func(time.Time) float64 {
			return func(time.Time) float64 { return 50 + r.NormFloat64() }
		}},
		{"heavy-tailed noise", func(r *rand.Rand) func(time.Time) float64 {
			return func(time.Time) float64 { return math.Exp(r.NormFloat64()) }
		}},
		{"counts of 3", func(r *rand.Rand) func(time.Time) float64 {
			return func(time.Time) float64 {
				n := 0.0
				for t := r.ExpFloat64(); t < 3; t += r.ExpFloat64() {
					n++
				}
				return n
			}
		}},
		{"daily wave", func(r *rand.Rand) func(time.Time) float64 {
			return func(at time.Time) float64 { return 100 + 30*ofDay(at) + 3*r.NormFloat64() }
		}},
		{"wave, low weekends", func(r *rand.Rand) func(time.Time) float64 {
			return func(at time.Time) float64 {
				high := 30.0
				if at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
					high = 5
				}
				return 100 + high*ofDay(at) + 3*r.NormFloat64()
			}
		}},
		{"random walk", func(r *rand.Rand) func(time.Time) float64 {
			x := 0.0
			return func(time.Time) float64 { x += r.NormFloat64(); return x }
		}},
		{"counter", func(r *rand.Rand) func(time.Time) float64 {
			x := 0.0
			return func(at time.Time) float64 { x += 100 + 50*ofDay(at) + 5*r.NormFloat64(); return x }
		}},
	}
}

const (
	kindRuns   = 4
	kindValues = 14 * 288 // two weeks, a value every five minutes
)

// run gives a fresh detector two weeks of a kind and calls each.
func (k kind) run(seed uint64, each func(i int, r Reading), bend func(i int, value float64) float64) {
	next := k.make(rand.New(rand.NewPCG(seed, 5)))
	d := NewDetector(0)
	for i := range kindValues {
		at := monday.Add(time.Duration(i) * 5 * time.Minute)
		each(i, d.Update(at, bend(i, next(at))))
	}
}

func asItIs(_ int, value float64) float64 { return value }

func TestDetector_FewAlarmsWhereNothingHappens(t *testing.T) {
	for _, k := range plainKinds() {
		weeks := [2]float64{}
		for seed := range uint64(kindRuns) {
			k.run(seed, func(i int, r Reading) {
				if r.Anomaly {
					weeks[i/(kindValues/2)] += 1. / kindRuns
				}
			}, asItIs)
		}
		t.Logf("%-18s %.1f alarms in the first week, %.1f in the second", k.name, weeks[0], weeks[1])
		if weeks[0] > 8 || weeks[1] > 6 {
			t.Errorf("%s: %v alarms a week", k.name, weeks)
		}
	}
}

// Each event begins on the eleventh day, at noon.
func TestDetector_FindsWhatHappens(t *testing.T) {
	const begin = 10*288 + 144
	during := func(length int, change func(i int, value float64) float64) func(int, float64) float64 {
		return func(i int, value float64) float64 {
			if i < begin || i >= begin+length {
				return value
			}
			return change(i, value)
		}
	}
	hold := func() func(int, float64) float64 {
		var held float64
		return func(i int, v float64) float64 {
			if i == begin {
				held = v
			}
			return held
		}
	}
	kinds := map[string]kind{}
	for _, k := range plainKinds() {
		kinds[k.name] = k
	}
	for _, c := range []struct {
		kind, event string
		within      int // values
		bend        func(i int, value float64) float64
	}{
		{"noise", "one spike of 10 deviations", 1, during(1, func(_ int, v float64) float64 { return v + 10 })},
		{"noise", "a level 5 deviations higher", 12, during(1e6, func(_ int, v float64) float64 { return v + 5 })},
		{"noise", "a flat stretch", 36, during(100, func(int, float64) float64 { return 50 })},
		{"noise", "four times the noise", 36, during(100, func(_ int, v float64) float64 { return 50 + 4*(v-50) })},
		{"daily wave", "a missing half wave", 96, during(144, func(_ int, v float64) float64 { return 100 + (v-100)/10 })},
		{"daily wave", "noon's level at zero", 3, during(24, func(int, float64) float64 { return 0 })},
		{"wave, low weekends", "a level doubled", 6, during(100, func(_ int, v float64) float64 { return 2 * v })},
		{"counts of 3", "forty at once", 1, during(1, func(_ int, v float64) float64 { return v + 40 })},
		{"counter", "a counter that starts anew", 3, during(1e6, func(_ int, v float64) float64 { return v - 290000 })},
		{"counter", "a counter that stands still", 36, during(60, hold())},
	} {
		found, delay := 0, 0
		for seed := range uint64(kindRuns) {
			first := -1
			kinds[c.kind].run(seed, func(i int, r Reading) {
				if first < 0 && i >= begin && i < begin+c.within && r.Anomaly {
					first = i
				}
			}, c.bend)
			if first >= 0 {
				found, delay = found+1, delay+first-begin+1
			}
		}
		t.Logf("%-18s %-28s found in %d of %d, after %.1f values", c.kind, c.event, found, kindRuns, float64(delay)/float64(max(1, found)))
		if found < kindRuns*3/4 {
			t.Errorf("%s: %s was found in %d of %d", c.kind, c.event, found, kindRuns)
		}
	}
}

// What one check keeps in memory after two months of a value every five minutes.
func BenchmarkMemory(b *testing.B) {
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	const checks = 8
	for b.Loop() {
		before := heap()
		var all []*Detector
		for seed := range uint64(checks) {
			next := plainKinds()[4].make(rand.New(rand.NewPCG(seed, 5)))
			d := NewDetector(0)
			for i := range 60 * 288 {
				at := monday.Add(time.Duration(i) * 5 * time.Minute)
				d.Update(at, next(at))
			}
			all = append(all, d)
		}
		b.ReportMetric(float64(heap()-before)/checks, "heap-bytes/check")
		runtime.KeepAlive(all)
	}
}

func BenchmarkUpdate(b *testing.B) {
	for _, k := range plainKinds() {
		b.Run(k.name, func(b *testing.B) {
			next := k.make(rand.New(rand.NewPCG(1, 5)))
			d, at := NewDetector(0), monday
			step := func() {
				at = at.Add(5 * time.Minute)
				d.Update(at, next(at))
			}
			for range 5000 {
				step()
			}
			for b.Loop() {
				step()
			}
			state, err := d.MarshalBinary()
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(len(state)), "state-bytes")
		})
	}
}
