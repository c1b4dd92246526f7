package histogram

import "math"

// reference is what days are compared with: the middle of those before, the
// middle of those of the same weekday, and how far from each other those are.
type reference struct {
	s       *series
	days    []int
	all     []float64
	scale   float64
	phases  map[int][]float64 // middle of the days of each phase of the season
	noise   scores            // what is usual between its days, and more
	samples float64           // median of the days' totals

	seasonal    bool
	sensitivity float64
}

func (d Detector) newReference(s *series, days []int) *reference {
	r := &reference{s: s, days: days, all: s.middle(make([]float64, len(s.edges)), days), phases: map[int][]float64{}}
	r.scale = s.spreadOf(r.all)
	totals := make([]float64, len(days))
	for i, one := range days {
		totals[i] = s.days[one].total
	}
	r.samples = median(totals)
	r.sensitivity = d.Sensitivity
	r.gate(d.Sensitivity)
	return r
}

// samePhase returns the days of the reference of a phase, without one of them.
func (r *reference) samePhase(phase, without int) []int {
	var same []int
	for _, d := range r.days {
		if d != without && r.s.days[d].phase == phase {
			same = append(same, d)
		}
	}
	return same
}

// nearest compares a distribution of a phase with both middles, and returns the
// comparison with the one that it is nearer to.
func (r *reference) nearest(cumulative []float64, phase int) compared {
	best := r.s.compare(r.all, cumulative, r.scale)
	if !r.seasonal {
		return best
	}
	middle, ok := r.phases[phase]
	if !ok {
		if same := r.samePhase(phase, -1); len(same) > 0 {
			middle = r.s.middle(make([]float64, len(r.all)), same)
		}
		r.phases[phase] = middle
	}
	if middle == nil {
		return best
	}
	return nearer(best, r.s.compare(middle, cumulative, r.scale))
}

func nearer(a, b compared) compared {
	if b.shift.W1 < a.shift.W1 {
		return b
	}
	return a
}

// seasonalBelow is how much nearer days must be to those of the same weekday
// than to all days before the weekday counts at all.
const seasonalBelow = 0.7

// usual finds out how far the days of the reference are from its middle, and
// whether there is a season.
func (r *reference) usual() []compared {
	all := make([]compared, len(r.days))
	same := make([]compared, len(r.days))
	room := make([]float64, len(r.all))
	toAll, toSame := 0.0, 0.0
	for i, d := range r.days {
		one := r.s.days[d]
		all[i] = r.s.compare(r.all, one.cumulative, r.scale)
		same[i] = all[i]
		if r.s.season > 1 {
			if others := r.samePhase(one.phase, d); len(others) > 0 {
				same[i] = r.s.compare(r.s.middle(room, others), one.cumulative, r.scale)
			}
		}
		toAll += all[i].shift.W1
		toSame += same[i].shift.W1
	}
	if r.seasonal = toSame < seasonalBelow*toAll; !r.seasonal {
		return all
	}
	for i := range all {
		all[i] = nearer(all[i], same[i])
	}
	return all
}

// gate sets the noise that a change must exceed: what is usual between the days
// of the reference and a good deal more. Few days say less about what is usual,
// so they are given more room.
func (r *reference) gate(sensitivity float64) {
	found := r.usual()
	n := len(found)
	values := make([]float64, n)
	k := 4 * (1 + 8/float64(n))
	for t := range r.noise {
		for i, c := range found {
			values[i] = c.scores[t]
		}
		mid := median(values)    // sorts them
		high := values[n-1-n/10] // but for the oddest tenth
		for i, v := range values {
			values[i] = math.Abs(v - mid)
		}
		wide := max(1.4826*median(values), 0.25*mid)
		r.noise[t] = max(mid+k*wide, 1.25*(1+6/float64(n))*high) / sensitivity
	}
}

// gates are what each test must exceed for one day of so many samples: most of
// the floor, or the noise where that is higher. A distribution of fewer samples
// than is usual is noisier.
func (r *reference) gates(samples float64) scores {
	return r.above(0.75, math.Sqrt(max(1, r.samples/samples)))
}

// above returns a share of the floors, or of the noise where that is higher.
func (r *reference) above(floor, noise float64) scores {
	var gates scores
	for t, f := range floors() {
		gates[t] = max(floor*f/r.sensitivity, noise*r.noise[t])
	}
	return gates
}
