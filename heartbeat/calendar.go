package heartbeat

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"wingmirror/crontab"
)

// Calendar is a crontab that a heartbeat's arrivals follow.
type Calendar struct {
	Cron    string         // five fields
	Zone    *time.Location //
	Matched int            // slots that had a beat
	Slots   int            // that the crontab names in the time looked at
	Usual   time.Duration  // lateness behind the slot: the median,
	Late    time.Duration  // and how late is still as usual

	schedule crontab.Schedule
}

const (
	minutesPerDay  = 24 * 60
	minArrivals    = 8    // to look for a calendar at all
	manyArrivals   = 20   // for cycles below an hour, which look alike too easily
	inArc          = 0.95 // share of the arrivals that must lie close together
	arcShare       = 1. / 3
	matchShare     = 0.9
	independent    = 1.0 // von Neumann's ratio is near 2 when lateness starts anew each time, near 0 when it adds up
	exact          = 1.0 // seconds of scatter below which that cannot be told
	daysForWeek    = 12  // of watching before a weekday without beats means anything
	earlyTolerance = 10  // seconds that a sender's clock may be ahead
)

// cycles are the lengths that clocks are divided by, in minutes.
func cycles() []int {
	return []int{1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, minutesPerDay}
}

// Calendar returns the crontab that the arrivals follow in a time zone, or false
// when they follow none: they are not close together on the clock, or each one
// comes a while after the one before, so that their times on the clock drift.
func (r *Rhythm) Calendar(zone *time.Location) (Calendar, bool) {
	w := r.wait()
	if len(r.gaps)+1 < minArrivals || w.gaps < fewGaps {
		return Calendar{}, false
	}
	cycle, ok := cycleOf(w.median / 60)
	if !ok || cycle < 60 && len(r.gaps)+1 < manyArrivals {
		return Calendar{}, false
	}
	wall := onTheWall(r.arrivals(), zone)
	phases, start, ok := gather(wall, float64(cycle*60))
	if !ok || !startsAnew(phases) {
		return Calendar{}, false
	}
	slots := make([]int64, len(wall)) // each arrival's slot, in minutes on the wall
	for i := range wall {
		slots[i] = int64(math.Round((wall[i] - phases[i]) / 60))
	}
	minute := niceStart(start, cycle)
	for i := range slots {
		slots[i] += int64(minute)
	}
	c, ok := fromSlots(slots, cycle, minute%cycle)
	if !ok {
		return Calendar{}, false
	}
	c.Zone = zone
	if c.schedule, ok = parse(c.Cron); !ok {
		return Calendar{}, false
	}
	c.lateness(wall, slots, cycle)
	return c, true
}

func parse(cron string) (crontab.Schedule, bool) {
	s, err := crontab.Parse(cron, 0)
	return s, err == nil
}

// Deadline is when the beat after the given one is overdue.
func (c Calendar) Deadline(last time.Time) time.Time {
	// The beat belongs to the newest slot that it can have been meant for: at the
	// usual lateness or a little before.
	early := max(c.Usual, 0)/2 + earlyTolerance*time.Second
	slot := c.schedule.Last(last.Add(early).In(c.Zone))
	if slot.IsZero() || last.Sub(slot) > c.Late {
		slot = last.Add(early).In(c.Zone)
	}
	return c.schedule.Next(slot).Add(c.Late)
}

// Expected is the slot after a beat: when the next one is due.
func (c Calendar) Expected(last time.Time) time.Time { return c.Deadline(last).Add(-c.Late) }

// cycleOf returns the cycle that a median gap stands for. Everything longer than
// most of a day goes by days.
func cycleOf(minutes float64) (int, bool) {
	if minutes > 0.8*minutesPerDay {
		return minutesPerDay, true
	}
	best := slices.MinFunc(cycles(), func(a, b int) int {
		return cmp.Compare(math.Abs(minutes-float64(a)), math.Abs(minutes-float64(b)))
	})
	return best, math.Abs(minutes-float64(best)) <= 0.2*float64(best)
}

// onTheWall gives arrivals as seconds of what the clock on the wall showed.
func onTheWall(arrivals []time.Time, zone *time.Location) []float64 {
	wall := make([]float64, len(arrivals))
	for i, at := range arrivals {
		_, offset := at.In(zone).Zone()
		wall[i] = float64(at.UnixMilli())/1000 + float64(offset)
	}
	return wall
}

// gather finds the shortest arc of the cycle that nearly all arrivals lie in.
// Its start is in seconds within the cycle, and phases are the arrivals' distance
// behind the beginning of their cycle, near the arc: arrivals just before the
// cycle's beginning get negative ones.
func gather(wall []float64, cycle float64) (phases []float64, start float64, ok bool) {
	n := len(wall)
	phases = make([]float64, n)
	for i, w := range wall {
		phases[i] = w - cycle*math.Floor(w/cycle)
	}
	ring := slices.Sorted(slices.Values(phases))
	held := int(math.Ceil(inArc * float64(n)))
	width := math.Inf(1)
	for i := range ring {
		end := ring[(i+held-1)%n]
		if i+held > n {
			end += cycle
		}
		if end-ring[i] < width {
			width, start = end-ring[i], ring[i]
		}
	}
	if width > arcShare*cycle {
		return nil, 0, false
	}
	middle := start + width/2
	for i := range phases {
		phases[i] -= cycle * math.Round((phases[i]-middle)/cycle)
	}
	return phases, start, true
}

// startsAnew tells a clock from a pause between runs: behind a clock each
// lateness is new, after a pause they add up. See J. von Neumann, "Distribution
// of the ratio of the mean square successive difference to the variance", 1941.
func startsAnew(phases []float64) bool {
	mean := 0.0
	for _, p := range phases {
		mean += p / float64(len(phases))
	}
	var steps, around float64
	for i, p := range phases {
		around += (p - mean) * (p - mean)
		if i > 0 {
			steps += (p - phases[i-1]) * (p - phases[i-1])
		}
	}
	return around <= exact*exact*float64(len(phases)) || steps/around >= independent
}

// niceStart is the minute that a person would have written: the roundest one
// before the arc's start that is close enough.
func niceStart(start float64, cycle int) int {
	minute := (start + earlyTolerance) / 60
	for _, round := range []int{60, 30, 15, 10, 5} {
		if nice := math.Floor(minute/float64(round)) * float64(round); round < cycle && minute-nice < float64(min(round, 10))/2 {
			return int(nice)
		}
	}
	return int(math.Floor(minute))
}

// fromSlots writes the slots as a crontab and counts how many of those it names
// had a beat.
func fromSlots(slots []int64, cycle, minute int) (Calendar, bool) {
	seen := slices.Compact(slices.Sorted(slices.Values(slots)))
	first, last := seen[0], seen[len(seen)-1]
	days := weekdays(seen, first, last)
	c := Calendar{Matched: len(seen), Cron: cronText(cycle, minute, days)}
	for at := first; at <= last; at += int64(cycle) {
		if days>>weekdayOf(at)&1 == 1 {
			c.Slots++
		}
	}
	return c, float64(c.Matched) >= matchShare*float64(c.Slots) && c.Matched <= c.Slots
}

const everyDay = 1<<7 - 1

// weekdays are the days that had beats, or all of them when it is too early to
// tell or none stays away.
func weekdays(seen []int64, first, last int64) uint8 {
	if last-first < daysForWeek*minutesPerDay {
		return everyDay
	}
	days := uint8(0)
	for _, at := range seen {
		days |= 1 << weekdayOf(at)
	}
	return days
}

// weekdayOf takes minutes on the wall since 1970, which began on a Thursday.
func weekdayOf(minutes int64) int { return int((minutes/minutesPerDay + 4) % 7) }

func cronText(cycle, minute int, days uint8) string {
	week := weekText(days)
	hour, within := minute/60, minute%60
	switch {
	case cycle == 1:
		return "* * * * " + week
	case cycle < 60 && minute%cycle == 0:
		return fmt.Sprintf("*/%d * * * %s", cycle, week)
	case cycle < 60:
		return fmt.Sprintf("%d-59/%d * * * %s", minute%cycle, cycle, week)
	case cycle == 60:
		return fmt.Sprintf("%d * * * %s", within, week)
	case cycle < minutesPerDay && hour == 0:
		return fmt.Sprintf("%d */%d * * %s", within, cycle/60, week)
	case cycle < minutesPerDay:
		return fmt.Sprintf("%d %d-23/%d * * %s", within, hour, cycle/60, week)
	}
	return fmt.Sprintf("%d %d * * %s", within, hour, week)
}

// weekText writes weekdays as crontab does, from Sunday as 0.
func weekText(days uint8) string {
	if days == everyDay {
		return "*"
	}
	var parts []string
	for day := 0; day < 7; day++ {
		until := day
		for until < 7 && days>>until&1 == 1 {
			until++
		}
		switch until - day {
		case 0:
			continue
		case 1, 2:
			parts = append(parts, fmt.Sprint(day))
		default:
			parts = append(parts, fmt.Sprintf("%d-%d", day, until-1))
			day = until - 1
		}
	}
	return strings.Join(parts, ",")
}

// lateness works out how far behind its slot a beat may be. The allowance goes
// beyond what was seen by most of its range, since the next lateness can be a
// new record.
func (c *Calendar) lateness(wall []float64, slots []int64, cycle int) {
	late := make([]float64, len(wall))
	for i := range wall {
		late[i] = wall[i] - float64(slots[i]*60)
	}
	slices.Sort(late)
	n := len(late)
	usual, high, low := medianOf(late), late[quantile(n)], late[min(1, n-1)]
	allowed := high + 0.75*(high-low) + max(10, 0.02*float64(cycle)*60)
	allowed = max(allowed, usual+spread*toSigma*deviationOf(late, usual))
	c.Usual = time.Duration(usual * float64(time.Second))
	c.Late = time.Duration(min(allowed, float64(cycle)*60/2) * float64(time.Second)).Round(time.Second)
}

func deviationOf(sorted []float64, middle float64) float64 {
	far := make([]float64, len(sorted))
	for i, v := range sorted {
		far[i] = math.Abs(v - middle)
	}
	slices.Sort(far)
	return medianOf(far)
}
