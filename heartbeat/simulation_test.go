package heartbeat

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"wingmirror/crontab"
)

// pattern is a way in which healthy beats arrive. next returns the beat after
// the i-th, and whether it was lost on its way.
type pattern struct {
	name  string
	next  func(r *rand.Rand, last time.Time, i int) (at time.Time, lost bool)
	false float64 // false alarms for 1,000 beats that are allowed: the best known rule's
	wait  float64 // median wait in median gaps that is allowed
}

func patterns() []pattern {
	every := func(gap time.Duration, jitter float64) func(*rand.Rand, time.Time, int) (time.Time, bool) {
		return func(r *rand.Rand, last time.Time, _ int) (time.Time, bool) {
			return last.Add(seconds(gap.Seconds() * max(0.1, 1+jitter*r.NormFloat64()))), false
		}
	}
	// onClock beats at the hour's or day's start plus how long the run takes.
	onClock := func(step time.Duration, run func(*rand.Rand) time.Duration, days uint8) func(*rand.Rand, time.Time, int) (time.Time, bool) {
		return func(r *rand.Rand, last time.Time, _ int) (time.Time, bool) {
			slot := last.Truncate(step).Add(step)
			for days>>slot.Weekday()&1 == 0 {
				slot = slot.Add(step)
			}
			return slot.Add(run(r)), false
		}
	}
	uniform := func(low, high time.Duration) func(*rand.Rand) time.Duration {
		return func(r *rand.Rand) time.Duration { return low + time.Duration(r.Int64N(int64(high-low))) }
	}
	logNormal := func(median time.Duration, sigma float64) func(*rand.Rand) time.Duration {
		return func(r *rand.Rand) time.Duration { return seconds(median.Seconds() * math.Exp(sigma*r.NormFloat64())) }
	}
	minute := every(time.Minute, 0.02)
	// onCron beats at the slots of a crontab plus how long the run takes.
	onCron := func(cron string, run func(*rand.Rand) time.Duration) func(*rand.Rand, time.Time, int) (time.Time, bool) {
		schedule, err := crontab.Parse(cron, 0)
		if err != nil {
			panic(err)
		}
		var slot time.Time
		return func(r *rand.Rand, last time.Time, i int) (time.Time, bool) {
			if i == 0 {
				slot = last
			}
			slot = schedule.Next(slot)
			return slot.Add(run(r)), false
		}
	}
	short := uniform(time.Second, 40*time.Second)
	return []pattern{
		{"60 s, 2 % jitter", minute, 0, 1.25},
		{"60 s, 10 % jitter", every(time.Minute, 0.10), 0.1, 1.60},
		{"300 s, lognormal .25", func(r *rand.Rand, last time.Time, _ int) (time.Time, bool) {
			return last.Add(logNormal(300*time.Second, 0.25)(r)), false
		}, 1, 2.8},
		{"hourly, run 1-9 min", onClock(time.Hour, uniform(time.Minute, 9*time.Minute), everyDay), 0.1, 1.34},
		{"daily, variable run", onClock(24*time.Hour, logNormal(40*time.Minute, 0.4), everyDay), 0, 1.19},
		{"Monday-Friday daily", onClock(24*time.Hour, uniform(time.Minute, 9*time.Minute), 0b0111110), 0.1, 1.34},
		{"60 s + 5 % instant retries", func(r *rand.Rand, last time.Time, i int) (time.Time, bool) {
			if r.Float64() < 0.05 {
				return last.Add(seconds(0.1 + r.Float64())), false
			}
			return minute(r, last, i)
		}, 0, 1.25},
		{"step 60 -> 180 s", func(r *rand.Rand, last time.Time, i int) (time.Time, bool) {
			if i < 1500 {
				return minute(r, last, i)
			}
			return every(3*time.Minute, 0.02)(r, last, i)
		}, 0.7, 1.25},
		{"60 s, 1 % really lost", func(r *rand.Rand, last time.Time, i int) (time.Time, bool) {
			at, _ := minute(r, last, i)
			return at, r.Float64() < 0.01
		}, 0, 1.28},
		{"hourly, Monday to Friday", onCron("0 * * * 1-5", short), 0.35, 1.2},
		{"hourly, 9 to 17, Mon to Fri", onCron("0 9-17 * * 1-5", short), 0.1, 1.2},
		{"each 15 min, 8 to 18, Mon-Fri", onCron("*/15 8-18 * * 1-5", short), 0.7, 1.25},
		{"8, 12 and 17 o'clock", onCron("0 8,12,17 * * *", short), 0.1, 1.2},
		{"weekly", onCron("30 3 * * 0", uniform(time.Minute, 9*time.Minute)), 0, 1.2},
		{"first of the month", onCron("0 4 1 * *", uniform(time.Minute, 9*time.Minute)), 0, 1.2},
	}
}

// verdicts count what a rule did with one pattern.
type verdicts struct {
	beats  int
	falsed int       // alarms although no beat was lost
	found  int       // alarms because of lost beats
	lost   int       // stretches of lost beats
	waits  []float64 // in seconds
	gaps   []float64
}

func (v verdicts) rate() float64 { return 1000 * float64(v.falsed) / float64(v.beats) }

func (v verdicts) ratio() float64 {
	slices.Sort(v.waits)
	slices.Sort(v.gaps)
	return medianOf(v.waits) / medianOf(v.gaps)
}

// rule learns from arrivals and names the deadline of the next.
type rule interface {
	arrive(at time.Time)
	deadline() time.Time
}

const (
	simulatedBeats = 3000
	skippedBeats   = 50
)

func simulate(p pattern, seed uint64, learn rule) verdicts {
	r := rand.New(rand.NewPCG(seed, 1))
	sent := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	arrived := sent
	var v verdicts
	var lost bool
	for i := range simulatedBeats {
		at, gone := p.next(r, sent, i)
		sent = at
		if gone {
			lost = true
			continue
		}
		if i >= skippedBeats {
			v.count(learn.deadline(), arrived, at, lost)
		}
		lost, arrived = false, at
		learn.arrive(at)
	}
	return v
}

func (v *verdicts) count(deadline, last, at time.Time, lost bool) {
	v.beats++
	v.waits = append(v.waits, deadline.Sub(last).Seconds())
	v.gaps = append(v.gaps, at.Sub(last).Seconds())
	expired := at.After(deadline)
	switch {
	case lost:
		v.lost++
		if expired {
			v.found++
		}
	case expired:
		v.falsed++
	}
}

type learnedRule struct{ Rhythm }

func (l *learnedRule) arrive(at time.Time) { l.Arrive(at, false) }
func (l *learnedRule) deadline() time.Time { return l.Learned(time.UTC).Deadline }

// pacemakerRule is the rule of the older tool.
type pacemakerRule struct{ seen, expires int64 }

func (p *pacemakerRule) arrive(at time.Time) {
	now := at.Unix()
	if p.expires == 0 {
		p.expires = now + PacemakerFirstTTL
	} else {
		p.expires = NextExpiry(p.seen, p.expires, now)
	}
	p.seen = now
}

func (p *pacemakerRule) deadline() time.Time { return time.Unix(p.expires, 0) }

// plainRule is the best rule that has no memory but the newest hundred gaps: the
// larger of the median and six scaled median deviations, and 1.15 times the 98 %
// quantile; retries are left out.
type plainRule struct {
	last time.Time
	gaps []float64
}

func (p *plainRule) arrive(at time.Time) {
	gap := at.Sub(p.last).Seconds()
	if !p.last.IsZero() {
		if n := len(p.gaps); n > 4 && gap < retry*medianOf(slices.Sorted(slices.Values(p.gaps))) {
			return
		}
		if len(p.gaps) == 100 {
			p.gaps = p.gaps[1:]
		}
		p.gaps = append(p.gaps, gap)
	}
	p.last = at
}

func (p *plainRule) deadline() time.Time {
	sorted := slices.Sorted(slices.Values(p.gaps))
	if len(sorted) < 2 {
		return p.last.Add(firstWait)
	}
	median := medianOf(sorted)
	allowed := max(median+6*toSigma*deviationOf(sorted, median), 1.15*sorted[int(0.98*float64(len(sorted)-1))])
	return p.last.Add(seconds(allowed))
}

// TestRhythm_RaisesNoFalseAlarms is the simulation whose table is in
// docs/heartbeats.md; run it with -v to see it.
func TestRhythm_RaisesNoFalseAlarms(t *testing.T) {
	var table strings.Builder
	fmt.Fprintf(&table, "\n| %-29s | %-16s | %-16s | %-16s | %s |\n", "beats", "Pacemaker", "plain rule", "learned", "lost beats found")
	for _, p := range patterns() {
		var old, plain, own verdicts
		for seed := range uint64(4) {
			old.add(simulate(p, seed, &pacemakerRule{}))
			plain.add(simulate(p, seed, &plainRule{}))
			own.add(simulate(p, seed, &learnedRule{}))
		}
		fmt.Fprintf(&table, "| %-29s | %8.1f (%.2f) | %8.1f (%.2f) | %8.2f (%.2f) | %d of %d |\n",
			p.name, old.rate(), old.ratio(), plain.rate(), plain.ratio(), own.rate(), own.ratio(), own.found, own.lost)
		if own.rate() > p.false {
			t.Errorf("%s: %.2f false alarms for 1,000 beats, want at most %.2f", p.name, own.rate(), p.false)
		}
		if own.ratio() > p.wait {
			t.Errorf("%s: waits %.2f median gaps, want at most %.2f", p.name, own.ratio(), p.wait)
		}
		if own.found < own.lost*9/10 {
			t.Errorf("%s: noticed %d of %d lost beats", p.name, own.found, own.lost)
		}
	}
	t.Log(table.String())
}

func (v *verdicts) add(w verdicts) {
	v.beats += w.beats
	v.falsed += w.falsed
	v.found += w.found
	v.lost += w.lost
	v.waits = append(v.waits, w.waits...)
	v.gaps = append(v.gaps, w.gaps...)
}
