package anomaly

import (
	"math"
	"slices"
	"time"
)

// slots remember what is usual at a time of the day: 96 quarters of an hour for
// each of Monday to Friday, Saturday and Sunday. They go by the clock, so gaps
// and uneven times do no harm.
type slots struct {
	past     [][]float32 // by slot; a ring of at most slotDepth means
	next     []uint8     // where the ring goes on
	lastSlot int         // that was written, and when, in Unix seconds
	lastTime int64
}

const (
	slotsOfDay = 96
	slotDepth  = 21
	slotGap    = 5 * 60 // seconds between two that one slot takes, so that it spans days
)

func newSlots() slots {
	return slots{past: make([][]float32, 3*slotsOfDay), next: make([]uint8, 3*slotsOfDay), lastSlot: -1}
}

func slotOf(at time.Time) int {
	kind := 0
	switch at.Weekday() {
	case time.Saturday:
		kind = 1
	case time.Sunday:
		kind = 2
	}
	return kind*slotsOfDay + at.Hour()*4 + at.Minute()/15
}

// usual is the median of what was added in the slot and the two next to it; NaN
// before there are three.
func (s *slots) usual(slot int) float64 {
	day := slot - slot%slotsOfDay
	var near [3 * slotDepth]float32
	all := near[:0]
	for _, d := range [3]int{slotsOfDay - 1, 0, 1} {
		all = append(all, s.past[day+(slot+d)%slotsOfDay]...)
	}
	if len(all) < 3 {
		return math.NaN()
	}
	slices.Sort(all)
	half := len(all) / 2
	if len(all)%2 == 1 {
		return float64(all[half])
	}
	return (float64(all[half-1]) + float64(all[half])) / 2
}

func (s *slots) add(slot int, at int64, x float32) {
	if slot == s.lastSlot && at >= s.lastTime && at-s.lastTime < slotGap {
		return
	}
	s.lastSlot, s.lastTime = slot, at
	if len(s.past[slot]) < slotDepth {
		s.past[slot] = append(s.past[slot], x)
		return
	}
	s.past[slot][s.next[slot]] = x
	s.next[slot] = (s.next[slot] + 1) % slotDepth
}
