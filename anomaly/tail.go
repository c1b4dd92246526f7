package anomaly

import (
	"math"
	"slices"
)

// tail remembers how large a signal has been, and says how rare a size is. It
// is a histogram over the logarithm, so that it holds any signal, in any unit,
// in a few hundred bytes, to within 3 percent.
type tail struct {
	bins  []tailBin // by size
	total uint32
}

type tailBin struct {
	place int16 // size is 2^(place/tailSteps); tailZero is 0
	count uint32
}

const (
	tailSteps  = 16 // bins per doubling
	tailZero   = math.MinInt16
	tailMost   = 20000 // sizes after which older ones begin to count half
	tailLeast  = 30    // sizes before any is rare
	tailShare  = 0.05  // of the sizes, the largest: what the extrapolation goes by
	rarityMost = 8     // as rare as it gets: 1 in 10^8
)

func tailPlace(x float64) int16 {
	if !(x > 0) {
		return tailZero
	}
	place := math.Floor(tailSteps * math.Log2(x))
	return int16(max(-32000, min(32000, place)))
}

func tailSize(place int16) float64 {
	if place == tailZero {
		return 0
	}
	return math.Exp2((float64(place) + 0.5) / tailSteps)
}

// rarity is minus the decimal logarithm of the share of sizes up to now that
// were at least x; beyond the largest it follows the exponential that fits the
// largest twentieth.
func (t *tail) rarity(x float64) float64 {
	if t.total < tailLeast {
		return 0
	}
	place := tailPlace(x)
	if place == tailZero {
		return 0
	}
	above, i := uint32(0), len(t.bins)-1
	for ; i >= 0 && t.bins[i].place >= place; i-- {
		above += t.bins[i].count
	}
	if above > 0 {
		return -math.Log10(float64(above+1) / float64(t.total+2))
	}
	rare := -math.Log10(1 / float64(t.total+2))
	excess, largest := t.excess()
	if largest == 0 {
		return rare
	}
	return min(rarityMost, rare+max(0, x-largest)/excess*math.Log10E)
}

// excess is by how much the largest twentieth exceeds its smallest on average,
// and the largest.
func (t *tail) excess() (mean, largest float64) {
	want := max(1, uint32(tailShare*float64(t.total)))
	count, sum, lowest := uint32(0), 0.0, 0.0
	for i := len(t.bins) - 1; i >= 0 && count < want; i-- {
		size := tailSize(t.bins[i].place)
		if largest == 0 {
			largest = size
		}
		count += t.bins[i].count
		sum += size * float64(t.bins[i].count)
		lowest = size
	}
	return max(sum/float64(count)-lowest, 0.05*largest), largest
}

// add counts a size.
func (t *tail) add(x float64) {
	place := tailPlace(x)
	i, found := slices.BinarySearchFunc(t.bins, place, func(b tailBin, p int16) int { return int(b.place) - int(p) })
	if !found {
		t.bins = slices.Insert(t.bins, i, tailBin{place: place})
	}
	t.bins[i].count++
	if t.total++; t.total >= tailMost {
		t.fade()
	}
}

func (t *tail) fade() {
	t.total = 0
	for i := range t.bins {
		t.bins[i].count /= 2
		t.total += t.bins[i].count
	}
	t.bins = slices.DeleteFunc(t.bins, func(b tailBin) bool { return b.count == 0 })
}

// exceededBy is the size that at most the share of sizes exceed.
func (t *tail) exceededBy(share float64) float64 {
	most, above := share*float64(t.total), 0.0
	for i := len(t.bins) - 1; i >= 0; i-- {
		if above += float64(t.bins[i].count); above > most {
			return tailSize(t.bins[i].place)
		}
	}
	return 0
}
