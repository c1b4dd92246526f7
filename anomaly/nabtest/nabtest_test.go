package nabtest

import (
	"math"
	"testing"
	"time"
)

// sample is 1000 rows with two windows of 100 rows.
func sample() Series {
	s := Series{Name: "sample", Windows: []Window{{300, 399}, {700, 799}}}
	start := time.Date(2014, 4, 1, 0, 0, 0, 0, time.UTC)
	for i := range 1000 {
		s.Times, s.Values = append(s.Times, start.Add(time.Duration(i)*time.Minute)), append(s.Values, 0)
	}
	return s
}

func at(rows ...int) []bool {
	detected := make([]bool, 1000)
	for _, i := range rows {
		detected[i] = true
	}
	return detected
}

func TestScore_EndsOfTheScale(t *testing.T) {
	for _, p := range Profiles() {
		if got := Count(sample(), at(300, 700), p).Score(); math.Abs(got-100) > 1e-9 {
			t.Errorf("%s: the left edges get %v, want 100", p.Name, got)
		}
		if got := Count(sample(), at(), p).Score(); got != 0 {
			t.Errorf("%s: silence gets %v, want 0", p.Name, got)
		}
	}
}

// By hand, in the standard profile. maxTP is 2/(1+e^-5)-1 = 0.9866142982.
func TestScore_KnownValues(t *testing.T) {
	standard, fewFalse, fewMissed := Profiles()[0], Profiles()[1], Profiles()[2]
	for name, c := range map[string]struct {
		rows []int
		p    Profile
		want float64
	}{
		// p = -50/100: 2/(1+e^-2.5)-1 = 0.8482836400.
		"in the middle":              {[]int{350, 700}, standard, 0.8482836400/0.9866142982 + 1},
		"only the earliest counts":   {[]int{350, 380, 399, 700}, standard, 0.8482836400/0.9866142982 + 1},
		"before any window":          {[]int{200, 300, 700}, standard, 2 - 0.11},
		"far behind a window":        {[]int{300, 699, 700}, standard, 2 - 0.11*0.9999994},
		"the same, counted double":   {[]int{300, 699, 700}, fewFalse, 2 - 0.22*0.9999994},
		"right behind: p = 10/99":    {[]int{300, 409, 700}, standard, 2 + 0.11*(2/(1+math.Exp(50.0/99))-1)},
		"probation does not count":   {[]int{3, 149, 300, 700}, standard, 2},
		"a missed window":            {[]int{300}, standard, 0},
		"a missed window at low FN":  {[]int{300}, fewMissed, -1},
		"right edge is worth little": {[]int{399, 700}, standard, 1 + (2/(1+math.Exp(-0.05))-1)/0.9866142982},
	} {
		if got := Count(sample(), at(c.rows...), c.p).Raw; math.Abs(got-c.want) > 1e-6 {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestThreshold_IsTheBestOne(t *testing.T) {
	scores := make([]float64, 1000)
	scores[20] = 0.99 // probation
	scores[310], scores[710], scores[500] = 0.9, 0.7, 0.8
	for i := 850; i < 900; i++ {
		scores[i] = 0.6
	}
	if got := Threshold([]Series{sample()}, [][]float64{scores}, Profiles()[0]); got != 0.7 {
		t.Errorf("threshold is %v, want 0.7", got)
	}
	none := make([]float64, 1000)
	none[500] = 1
	if got := Threshold([]Series{sample()}, [][]float64{none}, Profiles()[0]); !math.IsInf(got, 1) {
		t.Errorf("threshold is %v, want never", got)
	}
}

func TestCount_Adds(t *testing.T) {
	p := Profiles()[0]
	sum := Count(sample(), at(300, 600, 700), p).Add(Count(sample(), at(300), p))
	if sum.Windows != 4 || sum.Caught != 3 || sum.False != 1 {
		t.Errorf("the sum is %+v", sum)
	}
}
