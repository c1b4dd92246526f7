package anomaly

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

// stateVersion is the first byte of an encoded Detector. A Detector that judges
// differently gets another, and does not read the old ones.
const stateVersion = 2

// ErrState is that bytes are not a Detector's state, or one of another version
// of the program: begin with a new Detector.
var ErrState = errors.New("not a state of this detector")

// MarshalBinary encodes what the detector has learned. The threshold is not part
// of it.
func (d *Detector) MarshalBinary() ([]byte, error) {
	c := codec{writing: true, data: []byte{stateVersion}}
	d.visit(&c)
	return binary.LittleEndian.AppendUint32(c.data, crc32.ChecksumIEEE(c.data)), nil
}

// UnmarshalBinary makes d the detector that was encoded, with d's threshold. On
// an error, which is ErrState, d is as it was.
func (d *Detector) UnmarshalBinary(data []byte) error {
	end := len(data) - 4
	if end < 1 || data[0] != stateVersion {
		return fmt.Errorf("decode detector: version: %w", ErrState)
	}
	if crc32.ChecksumIEEE(data[:end]) != binary.LittleEndian.Uint32(data[end:]) {
		return fmt.Errorf("decode detector: checksum: %w", ErrState)
	}
	c := codec{data: data[1:end]}
	next := NewDetector(d.threshold)
	next.visit(&c)
	if c.broken || len(c.data) > 0 {
		return fmt.Errorf("decode detector: length: %w", ErrState)
	}
	*d = *next
	return nil
}

// codec writes or reads fields one after the other. The same visit methods serve
// both, so that what is written and what is read cannot differ.
type codec struct {
	writing bool
	data    []byte // written so far, or still to be read
	broken  bool   // there was less to read than asked
}

func (c *codec) uint(v uint64) uint64 {
	if c.writing {
		c.data = binary.AppendUvarint(c.data, v)
		return v
	}
	v, n := binary.Uvarint(c.data)
	if n <= 0 {
		c.broken, c.data = true, nil
		return 0
	}
	c.data = c.data[n:]
	return v
}

// count is the length of a list that has at most most members, each of at
// least size bytes.
func (c *codec) count(n, most, size int) int {
	n = int(c.uint(uint64(n)))
	if n < 0 || n > most || !c.writing && n*size > len(c.data) {
		c.broken, c.data = true, nil
		return 0
	}
	return n
}

func (c *codec) int(v *int) { *v = int(c.uint(uint64(*v))) }

func (c *codec) int64(v *int64) { *v = int64(c.uint(uint64(*v))) }

func (c *codec) bool(v *bool) {
	n := 0
	if *v {
		n = 1
	}
	c.int(&n)
	*v = n == 1
}

func (c *codec) float(v *float64) {
	if c.writing {
		c.data = binary.LittleEndian.AppendUint64(c.data, math.Float64bits(*v))
		return
	}
	if len(c.data) < 8 {
		c.broken, c.data = true, nil
		return
	}
	*v = math.Float64frombits(binary.LittleEndian.Uint64(c.data))
	c.data = c.data[8:]
}

// float32s is a list of at most most numbers.
func (c *codec) float32s(list *[]float32, most int) {
	n := c.count(len(*list), most, 4)
	if c.writing {
		for _, v := range *list {
			c.data = binary.LittleEndian.AppendUint32(c.data, math.Float32bits(v))
		}
		return
	}
	if n == 0 {
		*list = nil
		return
	}
	*list = make([]float32, n)
	for i := range *list {
		(*list)[i] = math.Float32frombits(binary.LittleEndian.Uint32(c.data[4*i:]))
	}
	c.data = c.data[4*n:]
}

// narrow is a list of at most most numbers that are exact as float32.
func (c *codec) narrow(list *[]float64, most int) {
	narrow := make([]float32, len(*list))
	for i, v := range *list {
		narrow[i] = float32(v)
	}
	c.float32s(&narrow, most)
	if c.writing {
		return
	}
	*list = make([]float64, len(narrow))
	for i, v := range narrow {
		(*list)[i] = float64(v)
	}
}

// float32sOf is a list whose length is known.
func (c *codec) float32sOf(list []float32) {
	read := list
	c.float32s(&read, len(list))
	if len(read) != len(list) {
		c.broken = true
		return
	}
	copy(list, read)
}

func (d *Detector) visit(c *codec) {
	c.int(&d.seen)
	c.int(&d.same)
	c.int(&d.teller.rest)
	for _, v := range []*float64{&d.origin, &d.low, &d.high, &d.previous, &d.teller.told, &d.teller.peak} {
		c.float(v)
	}
	for i := range d.last {
		c.float(&d.last[i])
	}
	d.season.visit(c)
	d.lone.visit(c)
	for i := range d.near {
		d.near[i].visit(c)
	}
	for i := range d.tails {
		d.tails[i].visit(c)
	}
	d.band.visit(c)
	if d.seen < 0 || d.same < 0 || d.teller.rest < 0 {
		c.broken = true
	}
}

func (n *neighbour) visit(c *codec) {
	c.float32sOf(n.newest)
	c.float32sOf(n.recent)
	most := n.depth / n.grid
	c.narrow(&n.past, most+most/8+1)
	c.int(&n.start)
}

func (n *lone) visit(c *codec) {
	c.narrow(&n.past, n.depth+n.depth/8+1)
	c.int(&n.start)
	c.int(&n.best)
}

func (t *tail) visit(c *codec) {
	n := c.count(len(t.bins), math.MaxUint16, 2)
	if !c.writing {
		t.bins = make([]tailBin, n)
	}
	t.total = uint32(c.uint(uint64(t.total)))
	for i := range t.bins {
		b := &t.bins[i]
		b.place = int16(c.uint(uint64(uint16(b.place))))
		b.count = uint32(c.uint(uint64(b.count)))
	}
}

func (s *slots) visit(c *codec) {
	for i := range s.past {
		c.float32s(&s.past[i], slotDepth)
		s.next[i] = uint8(c.uint(uint64(s.next[i]))) % slotDepth
	}
	c.int(&s.lastSlot)
	c.int64(&s.lastTime)
}

func (b *band) visit(c *codec) {
	for i := range b.forecasts {
		c.float(&b.forecasts[i])
		c.float(&b.errors[i])
		c.bool(&b.scored[i])
	}
	c.int(&b.chosen)
	c.bool(&b.ready)
	b.sizes.visit(c)
	if b.chosen < 0 || b.chosen >= len(b.forecasts) {
		c.broken, b.chosen = true, 0
	}
}
