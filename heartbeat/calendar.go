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
	minArrivals    = 8    // to look for a calendar at all,
	rareArrivals   = 4    // of beats that come once a week or less
	manyArrivals   = 20   // for cycles below an hour, which look alike too easily
	rareDays       = 6    // days between beats that make them rare
	inArc          = 0.95 // share of the arrivals that must lie close together
	arcShare       = 1. / 3
	matchShare     = 0.9
	namedShare     = 0.95 // of the arrivals that the crontab must name
	independent    = 0.8  // von Neumann's ratio is near 2 when lateness starts anew each time, near 0 when it adds up
	onTheMinute    = 10.  // seconds behind a full minute that leave no doubt about it
	exact          = 1.0  // seconds of scatter below which that cannot be told
	daysForWeek    = 7    // of watching before a weekday without beats means anything
	earlyTolerance = 10   // seconds that a sender's clock may be ahead
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
	least := minArrivals
	if w.median >= rareDays*24*3600 {
		least = rareArrivals
	}
	if len(r.gaps)+1 < least || w.gaps < least-1 && w.gaps < fewGaps {
		return Calendar{}, false
	}
	wall := onTheWall(r.arrivals(), zone)
	if cycle, ok := cycleOf(w.median / 60); ok && (cycle >= 60 || len(wall) >= manyArrivals) {
		if c, ok := r.follow(cycle, wall, zone, false); ok {
			return c, true
		}
	}
	if w.median < 45*60 || w.median > 0.8*minutesPerDay*60 {
		return Calendar{}, false
	}
	return r.follow(60, wall, zone, true) // some hours of the day, unevenly
}

// follow looks for a crontab with a slot each cycle, or, of sparse beats, only
// in the hours that have some.
func (r *Rhythm) follow(cycle int, wall []float64, zone *time.Location, sparse bool) (Calendar, bool) {
	phases, start, ok := gather(wall, float64(cycle*60))
	if !ok || len(wall) >= minArrivals && !startsAnew(phases) {
		return Calendar{}, false
	}
	minute := niceStart(start, cycle)
	slots := make([]int64, len(wall)) // each arrival's slot, in minutes on the wall
	for i := range wall {
		slots[i] = int64(math.Round((wall[i]-phases[i])/60)) + int64(minute)
	}
	steady := r.active
	if sparse || cycle == minutesPerDay { // there are beats enough to see days and hours
		steady = nil
	}
	hours := activity(slots, steady, func(at int64) int64 { return slotOf(at, minute, cycle, zone) }, cycle)
	c, ok := fromSlots(slots, cycle, minute, hours, sparse)
	if !ok {
		return Calendar{}, false
	}
	c.Zone = zone
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
	if begin := start - 60*math.Floor(start/60); begin < onTheMinute { // a job that begins at once
		return int(start / 60)
	}
	for _, round := range []int{60, 30, 15, 10, 5} {
		if nice := math.Floor(minute/float64(round)) * float64(round); round < cycle && minute-nice < float64(min(round, 10))/2 {
			return int(nice)
		}
	}
	return int(math.Floor(minute))
}

const everyDay = 1<<7 - 1

// fromSlots writes the slots as a crontab and counts how many of those it names
// had a beat.
func fromSlots(slots []int64, cycle, minute int, w *week, sparse bool) (Calendar, bool) {
	seen := slices.Compact(slices.Sorted(slices.Values(slots)))
	if c, ok := monthly(seen, cycle, minute); ok {
		return c, true
	}
	hours, known := w.usual()
	if sparse && !known {
		return Calendar{}, false
	}
	return named(cronText(cycle, minute, hours, w.weekdays()), seen, cycle)
}

// named counts how many of the slots of a crontab had a beat.
func named(cron string, seen []int64, cycle int) (Calendar, bool) {
	schedule, ok := parse(cron)
	if !ok {
		return Calendar{}, false
	}
	c := Calendar{Cron: cron, schedule: schedule}
	onWall := func(slot int64) time.Time { return time.Unix(slot*60, 0).UTC() }
	last := onWall(seen[len(seen)-1])
	next := 0
	for at := schedule.Next(onWall(seen[0]).Add(-time.Second)); !at.IsZero() && !at.After(last) && c.Slots <= 2*len(seen); at = schedule.Next(at) {
		c.Slots++
		for next < len(seen) && onWall(seen[next]).Before(at) {
			next++
		}
		if next < len(seen) && onWall(seen[next]).Equal(at) {
			c.Matched++
		}
	}
	return c, float64(c.Matched) >= matchShare*float64(c.Slots) && float64(c.Matched) >= namedShare*float64(len(seen))
}

// monthly recognises beats that all come on one day of the month.
func monthly(seen []int64, cycle, minute int) (Calendar, bool) {
	if cycle != minutesPerDay || len(seen) < rareArrivals {
		return Calendar{}, false
	}
	day := 0
	for i, slot := range seen {
		_, _, d := time.Unix(slot*60, 0).UTC().Date()
		if day == 0 {
			day = d
		}
		if d != day || i > 0 && slot-seen[i-1] < 27*minutesPerDay {
			return Calendar{}, false
		}
	}
	return named(fmt.Sprintf("%d %d %d * *", minute%60, minute/60, day), seen, cycle)
}

// weekdayOf takes minutes on the wall since 1970, which began on a Thursday.
func weekdayOf(minutes int64) int { return int((minutes/minutesPerDay + 4) % 7) }

func cronText(cycle, minute int, hours uint32, days uint8) string {
	week := setText(uint32(days), 7)
	hour, within := minute/60, minute%60
	if cycle == minutesPerDay {
		return fmt.Sprintf("%d %d * * %s", within, hour, week)
	}
	minutes := fmt.Sprint(within)
	switch {
	case cycle == 1:
		minutes = "*"
	case cycle < 60 && minute%cycle == 0:
		minutes = fmt.Sprintf("*/%d", cycle)
	case cycle < 60:
		minutes = fmt.Sprintf("%d-59/%d", minute%cycle, cycle)
	}
	return fmt.Sprintf("%s %s * * %s", minutes, hourText(cycle, hour, hours), week)
}

// hourText writes hours, those of each cycle with a step.
func hourText(cycle, first int, hours uint32) string {
	step := max(cycle/60, 1)
	all := uint32(0)
	for h := first % step; h < hoursOfDay; h += step {
		all |= 1 << h
	}
	switch {
	case hours&all != all && hours&all != 0 || step == 1:
		return setText(hours&all, hoursOfDay)
	case first%step == 0:
		return fmt.Sprintf("*/%d", step)
	}
	return fmt.Sprintf("%d-23/%d", first%step, step)
}

// setText writes the numbers of a set below most as crontab does.
func setText(set uint32, most int) string {
	if set == 1<<most-1 {
		return "*"
	}
	var parts []string
	for from := 0; from < most; from++ {
		until := from
		for until < most && set>>until&1 == 1 {
			until++
		}
		switch until - from {
		case 0:
			continue
		case 1, 2:
			parts = append(parts, fmt.Sprint(from))
		default:
			parts = append(parts, fmt.Sprintf("%d-%d", from, until-1))
			from = until - 1
		}
	}
	return strings.Join(parts, ",")
}

// lateness works out how far behind its slot a beat may be. The allowance goes
// beyond what was seen by its range, since the next lateness can be a
// new record.
func (c *Calendar) lateness(wall []float64, slots []int64, cycle int) {
	late := make([]float64, len(wall))
	for i := range wall {
		late[i] = wall[i] - float64(slots[i]*60)
	}
	slices.Sort(late)
	n := len(late)
	usual, high, low := medianOf(late), late[quantile(n)], late[min(1, n-1)]
	allowed := high + 1.15*(high-low) + max(10, 0.03*float64(cycle)*60)
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
