package anomaly

import "math"

// teller makes one anomaly of an event: after each it rests, unless something far
// odder comes. A stream that had many anomalies must show odder ones, for people
// do not read what always cries.
type teller struct {
	rest int     // values for which the score stays below the threshold
	peak float64 // oddness of the anomaly that it rests after
	told float64 // anomalies up to now, older ones counting less
}

const (
	restValues = 100  // after an anomaly
	farOdder   = 2    // as odd as this many times the last anomaly is a new one
	toldWeight = 0.1  // by how much one anomaly makes the next seem less odd
	toldMemory = 5000 // values after which an anomaly weighs 1/e of that
	oddHalf    = 1.3  // the oddness that scores 0.5
)

// tell returns the score of the next value, and whether it is an anomaly.
func (t *teller) tell(odd, threshold float64) (score float64, anomaly bool) {
	score = scoreOf(odd / (1 + toldWeight*t.told))
	t.told *= 1 - 1.0/toldMemory
	if t.rest > 0 && odd < farOdder*t.peak {
		t.rest--
		return min(score, 0.9*threshold), false
	}
	if t.rest > 0 {
		t.rest--
	}
	if score < threshold {
		return score, false
	}
	t.rest, t.peak = restValues, odd
	t.told++
	return score, true
}

// scoreOf puts an oddness on the scale from 0 to 1: every oddHalf halves what is
// left to 1.
func scoreOf(odd float64) float64 { return 1 - math.Exp2(-odd/oddHalf) }
