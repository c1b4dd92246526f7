package anomaly

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// monthKinds are values as jobs and services send them, without anything that
// should be told, except what a kind's name says.
func monthKinds() []kind {
	ofDay := func(at time.Time) float64 {
		return math.Sin(2 * math.Pi * float64(at.Hour()*60+at.Minute()) / 1440)
	}
	poisson := func(r *rand.Rand, mean float64) float64 {
		n := 0.0
		for t := r.ExpFloat64(); t < mean; t += r.ExpFloat64() {
			n++
		}
		return n
	}
	return append(plainKinds(), []kind{
		{"flat line", func(*rand.Rand) func(time.Time) float64 { return func(time.Time) float64 { return 45 } }},
		{"square wave of two hours", func(*rand.Rand) func(time.Time) float64 {
			return func(at time.Time) float64 { return 20 + 60*float64(at.Hour()/2%2) }
		}},
		{"daily wave without noise", func(*rand.Rand) func(time.Time) float64 {
			return func(at time.Time) float64 { return 100 + 30*ofDay(at) }
		}},
		{"day high, night low", func(r *rand.Rand) func(time.Time) float64 {
			return func(at time.Time) float64 {
				if at.Hour() >= 9 && at.Hour() < 18 {
					return 80 + 4*r.NormFloat64()
				}
				return 20 + r.NormFloat64()
			}
		}},
		{"constant, a spike a week", func(*rand.Rand) func(time.Time) float64 {
			n := 0
			return func(time.Time) float64 {
				n++
				if n%2016 == 1500 {
					return 400
				}
				return 12
			}
		}},
		{"zero, bursts at random", func(r *rand.Rand) func(time.Time) float64 {
			return func(time.Time) float64 {
				if r.Float64() < 0.03 {
					return math.Exp(8 + r.NormFloat64())
				}
				return 0
			}
		}},
		{"growth with noise", func(r *rand.Rand) func(time.Time) float64 {
			x := 1000.0
			return func(time.Time) float64 { x += 0.5 + 0.5*r.NormFloat64(); return x }
		}},
		{"disk filling, emptied daily", func(r *rand.Rand) func(time.Time) float64 {
			x := 40.0
			return func(at time.Time) float64 {
				if x += 0.1 * r.Float64(); at.Hour() == 3 && at.Minute() < 5 {
					x = 40 + r.Float64()
				}
				return x
			}
		}},
		{"counts with a daily cycle", func(r *rand.Rand) func(time.Time) float64 {
			return func(at time.Time) float64 { return poisson(r, 20+15*ofDay(at)) }
		}},
		{"rows of 0.1, 0.2, 0.3", func(r *rand.Rand) func(time.Time) float64 {
			return func(time.Time) float64 { return float64(1+r.IntN(3)) / 10 }
		}},
		{"durations, one in 50 thrice", func(r *rand.Rand) func(time.Time) float64 {
			return func(time.Time) float64 {
				x := 30 * math.Exp(0.1*r.NormFloat64())
				if r.Float64() < 0.02 {
					x *= 3
				}
				return x
			}
		}},
	}...)
}

// uneven are ways in which values come: the time from one to the next.
func uneven(r *rand.Rand) map[string]func() time.Duration {
	return map[string]func() time.Duration{
		"every 5 min": func() time.Duration { return 5 * time.Minute },
		"hourly with gaps": func() time.Duration {
			if r.Float64() < 0.02 {
				return time.Duration(1+r.IntN(21)) * time.Hour
			}
			return time.Hour
		},
		"1 min to 2 h": func() time.Duration { return time.Duration(float64(time.Minute) * math.Exp(4.8*r.Float64())) },
		"twice, and back an hour": func() time.Duration {
			switch x := r.Float64(); {
			case x < 0.05:
				return 0
			case x < 0.052:
				return -time.Hour
			}
			return 5 * time.Minute
		},
	}
}

// The tables of docs/anomalies.md and docs/heartbeats.md are made of this; run
// it with -v. The second threshold is that of heartbeats.
func TestDetector_AMonthOfUsualValues(t *testing.T) {
	const runs, month = 2, 30 * 288
	thresholds := []float64{DefaultThreshold, 0.6, 0.7}
	for _, k := range monthKinds() {
		var alarms [3]int
		for seed := range uint64(runs) {
			next, d := k.make(rand.New(rand.NewPCG(seed, 9))), NewDetector(0)
			var tellers [3]teller
			for i := range month {
				at := monday.Add(time.Duration(i) * 5 * time.Minute)
				odd := -oddHalf * math.Log2(1-d.Update(at, next(at)).Odd)
				for j, th := range thresholds {
					if _, anomaly := tellers[j].tell(odd, th); anomaly && i >= 288 { // heartbeats only look at those before
						alarms[j]++
					}
				}
			}
		}
		per := func(n int) float64 { return 1000 * float64(n) / (runs * month) }
		t.Logf("| %-27s | %.2f | %.2f | %.2f |", k.name, per(alarms[0]), per(alarms[1]), per(alarms[2]))
		if per(alarms[0]) > 2 || per(alarms[1]) > 1 {
			t.Errorf("%s: %v alarms in %d months", k.name, alarms, runs)
		}
	}
}

func TestDetector_UnevenTimesDoNoHarm(t *testing.T) {
	const values = 3000
	for _, k := range monthKinds() {
		for name := range uneven(nil) {
			r := rand.New(rand.NewPCG(3, 9))
			step, next, d, at := uneven(r)[name], k.make(r), NewDetector(0), monday
			told := 0
			for i := range values {
				if reading := d.Update(at, next(at)); reading.Anomaly && i >= 288 {
					told++
				}
				at = at.Add(step())
			}
			t.Logf("%-28s %-24s %d alarms", k.name, name, told)
			if told > values/150 {
				t.Errorf("%s, %s: %d alarms in %d values", k.name, name, told, values)
			}
		}
	}
}
