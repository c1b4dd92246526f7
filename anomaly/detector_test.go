package anomaly

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

var monday = time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)

// stream is n values of f, one every five minutes, with noise of the size 1.
func stream(n int, f func(i int, at time.Time) float64) (times []time.Time, values []float64) {
	random := rand.New(rand.NewPCG(7, 7))
	for i := range n {
		at := monday.Add(time.Duration(i) * 5 * time.Minute)
		times, values = append(times, at), append(values, f(i, at)+random.NormFloat64())
	}
	return times, values
}

func readings(d *Detector, times []time.Time, values []float64) []Reading {
	var all []Reading
	for i, at := range times {
		all = append(all, d.Update(at, values[i]))
	}
	return all
}

func anomalies(all []Reading) []int {
	var found []int
	for i, r := range all {
		if r.Anomaly {
			found = append(found, i)
		}
	}
	return found
}

func daily(_ int, at time.Time) float64 {
	return 100 + 30*math.Sin(2*math.Pi*float64(at.Hour()*60+at.Minute())/1440)
}

func TestDetector_QuietWhileLearning(t *testing.T) {
	times, values := stream(learnValues, func(i int, _ time.Time) float64 { return 1e6 * float64(i%7) })
	for i, r := range readings(NewDetector(0), times, values) {
		if r.Score != 0 || r.Anomaly || !r.Learning || r.Signal != SignalNone {
			t.Fatalf("value %d: %+v", i, r)
		}
	}
}

func TestDetector_ConstantIsNoAnomalyAndItsEndIs(t *testing.T) {
	d := NewDetector(0)
	for i := range 3000 {
		if r := d.Update(monday.Add(time.Duration(i)*time.Minute), 42); r.Score != 0 || i > 20 && (r.Expected != 42 || r.Low != 42 || r.High != 42) {
			t.Fatalf("value %d: %+v", i, r)
		}
	}
	if r := d.Update(monday.Add(3000*time.Minute), 43); !r.Anomaly {
		t.Errorf("the first change: %+v", r)
	}
}

func TestDetector_OneAlarmPerEvent(t *testing.T) {
	times, values := stream(4000, daily)
	for i := 3000; i < 3050; i++ {
		values[i] += 80
	}
	found := anomalies(readings(NewDetector(0), times, values))
	hits := 0
	for _, i := range found {
		if i >= 3000 && i < 3050 {
			hits++
		}
	}
	if hits != 1 || len(found) > 6 {
		t.Errorf("anomalies at %v, want one of 3000 to 3049 and few others", found)
	}
}

func TestDetector_NaNIsNotAValue(t *testing.T) {
	times, values := stream(600, daily)
	with, without := NewDetector(0), NewDetector(0)
	for i, at := range times {
		if r := with.Update(at, math.NaN()); r.Score != 0 || !math.IsNaN(r.Expected) {
			t.Fatalf("NaN reads %+v", r)
		}
		if a, b := with.Update(at, values[i]), without.Update(at, values[i]); !sameReading(a, b) {
			t.Fatalf("value %d: %+v with NaN before, %+v without", i, a, b)
		}
	}
}

func TestDetector_ContinuesExactlyAfterARestart(t *testing.T) {
	times, values := stream(6000, daily)
	for i := 3000; i < 3040; i++ {
		values[i] = -20
	}
	whole, part := NewDetector(0), NewDetector(0)
	for i, at := range times {
		if i%97 == 0 {
			state, err := part.MarshalBinary()
			if err != nil {
				t.Fatal(err)
			}
			part = NewDetector(0)
			if err := part.UnmarshalBinary(state); err != nil {
				t.Fatal(err)
			}
		}
		if a, b := whole.Update(at, values[i]), part.Update(at, values[i]); !sameReading(a, b) {
			t.Fatalf("value %d: %+v in one go, %+v after a restart", i, a, b)
		}
	}
}

func TestDetector_RefusesWhatIsNotItsState(t *testing.T) {
	d := NewDetector(0)
	times, values := stream(300, daily)
	readings(d, times, values)
	state, err := d.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	other := append([]byte{}, state...)
	other[0]++
	bent := append([]byte{}, state...)
	bent[len(bent)/2] ^= 4
	for name, data := range map[string][]byte{"nothing": nil, "cut": state[:len(state)-9], "longer": append(state, 0), "another version": other, "bent": bent} {
		if err := NewDetector(0).UnmarshalBinary(data); !errors.Is(err, ErrState) {
			t.Errorf("%s: %v, want ErrState", name, err)
		}
	}
}

func sameReading(a, b Reading) bool {
	same := func(x, y float64) bool { return x == y || math.IsNaN(x) && math.IsNaN(y) }
	return same(a.Score, b.Score) && same(a.Odd, b.Odd) && a.Anomaly == b.Anomaly && a.Signal == b.Signal && a.Learning == b.Learning &&
		same(a.Expected, b.Expected) && same(a.Low, b.Low) && same(a.High, b.High)
}
