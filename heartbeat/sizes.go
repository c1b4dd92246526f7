package heartbeat

import (
	"fmt"
	"math"

	"wingmirror/monitor"
)

// Sizes are how many bytes the newest successes said, and what is usual for
// them. The zero Sizes have seen none. A backup that suddenly says one line has
// often backed nothing up.
type Sizes struct{ bytes []float32 } // oldest first

const (
	sizeStretch  = 4     // times the median: a text is not too large below that, nor too small above its inverse
	leastText    = 400   // bytes: of texts that are usually shorter, none is too small,
	notWorthText = 4_000 // and none is too large that is longer than usual by less
)

// Add remembers the size of a text.
func (s *Sizes) Add(n int) { s.bytes = keepNewest(s.bytes, float32(n)) }

// Usual returns the bounds between which a size is as usual; false while too few
// were seen.
func (s *Sizes) Usual() (smallest, largest int, ok bool) {
	if len(s.bytes) < goodGaps {
		return 0, 0, false
	}
	known := make([]float64, len(s.bytes))
	for i, n := range s.bytes {
		known[i] = math.Max(float64(n), 1)
	}
	w := usual(known)
	largest = int(max(w.longest, sizeStretch*w.median, w.median+notWorthText))
	if w.median >= leastText {
		smallest = int(min(w.shortest, w.median/sizeStretch))
	}
	return smallest, largest, true
}

// Pack returns the sizes as bytes for Unpack.
func (s *Sizes) Pack() []byte {
	if len(s.bytes) == 0 {
		return nil
	}
	return packFloats([]byte{packVersion}, s.bytes)
}

// Unpack reads what Pack made; nothing gives the zero Sizes.
func (s *Sizes) Unpack(b []byte) (err error) {
	s.bytes, err = unpackList(b)
	return err
}

// judgeSize looks at how much a success said. One that says nothing at all was
// sent another way, and is not compared.
func (c *check) judgeSize(a Arrival) finding {
	size := len(a.Body)
	if size == 0 || failed(a) || c.h.Limits.OddSize == monitor.Off {
		return finding{}
	}
	smallest, largest, ok := c.sizes.Usual()
	c.sizes.Add(size)
	if !ok || size >= smallest && size <= largest {
		return finding{}
	}
	return finding{monitor.Warning, monitor.WhySize, fmt.Sprintf("it says %d bytes; from %d to %d are usual", size, smallest, largest)}
}
