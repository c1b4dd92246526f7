package sandbox

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"time"
	"unicode/utf8"
)

// encoder appends little-endian values to a buffer.
type encoder struct{ b []byte }

func (e *encoder) u8(v uint8)               { e.b = append(e.b, v) }
func (e *encoder) u16(v uint16)             { e.b = binary.LittleEndian.AppendUint16(e.b, v) }
func (e *encoder) u32(v uint32)             { e.b = binary.LittleEndian.AppendUint32(e.b, v) }
func (e *encoder) u64(v uint64)             { e.b = binary.LittleEndian.AppendUint64(e.b, v) }
func (e *encoder) i64(v int64)              { e.u64(uint64(v)) }
func (e *encoder) num(v int)                { e.u64(uint64(int64(v))) }
func (e *encoder) duration(d time.Duration) { e.u64(uint64(d)) }
func (e *encoder) count(n int)              { e.u32(uint32(n)) }
func (e *encoder) str(s string)             { e.count(len(s)); e.b = append(e.b, s...) }
func (e *encoder) bytes(s []byte)           { e.count(len(s)); e.b = append(e.b, s...) }
func (e *encoder) flag(v bool) {
	if v {
		e.u8(1)
	} else {
		e.u8(0)
	}
}
func (e *encoder) time(t time.Time) { e.i64(t.Unix()); e.u32(uint32(t.Nanosecond())) }
func (e *encoder) floats(values []float64) {
	e.count(len(values))
	at := len(e.b)
	e.b = slices.Grow(e.b, 8*len(values))[:at+8*len(values)]
	for i, v := range values {
		binary.LittleEndian.PutUint64(e.b[at+8*i:], math.Float64bits(v))
	}
}

// The ways in which a frame can be wrong. Its other end is not trusted, so
// none of them is a surprise; each ends the worker.
var (
	errShort    = errors.New("frame is cut short")
	errTooLarge = errors.New("frame holds a length beyond its limit")
	errText     = errors.New("frame holds text that is not UTF-8")
	errValue    = errors.New("frame holds a value that does not exist")
	errTrailing = errors.New("frame holds more than its value")
)

// decoder reads what encoder wrote. The first error sticks, and every later
// read gives zero, so that callers ask once at the end. It never allocates more
// than the bytes that are really there can justify.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
	d.b = nil
}

func (d *decoder) take(n int) []byte {
	if d.err != nil || n > len(d.b) {
		d.fail(errShort)
		return nil
	}
	taken := d.b[:n]
	d.b = d.b[n:]
	return taken
}

func (d *decoder) u8() uint8 {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) u16() uint16 {
	if b := d.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (d *decoder) u32() uint32 {
	if b := d.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (d *decoder) u64() uint64 {
	if b := d.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (d *decoder) i64() int64              { return int64(d.u64()) }
func (d *decoder) num() int                { return int(d.i64()) }
func (d *decoder) duration() time.Duration { return time.Duration(d.i64()) }

// flag accepts 0 and 1 only.
func (d *decoder) flag() bool {
	v := d.u8()
	if v > 1 {
		d.fail(errValue)
	}
	return v == 1
}

// f64 turns every NaN into the one that math.NaN gives: the other bit patterns
// would make results differ that are equal.
func (d *decoder) f64() float64 { return canonical(d.u64()) }

func canonical(bits uint64) float64 {
	v := math.Float64frombits(bits)
	if math.IsNaN(v) {
		return math.NaN()
	}
	return v
}

func (d *decoder) time() time.Time {
	sec, nsec := d.i64(), d.u32()
	if nsec >= 1e9 {
		d.fail(errValue)
		return time.Time{}
	}
	return time.Unix(sec, int64(nsec)).UTC()
}

// count reads the number of things that follow: at most limit, and each at
// least size bytes long.
func (d *decoder) count(limit, size int) int {
	n := int(d.u32())
	if n > limit {
		d.fail(errTooLarge)
		return 0
	}
	if n*size > len(d.b) {
		d.fail(errShort)
		return 0
	}
	return n
}

func (d *decoder) str(limit int) string {
	raw := d.take(d.count(limit, 1))
	if !utf8.Valid(raw) {
		d.fail(errText)
		return ""
	}
	return string(raw)
}

// bytes returns a copy, or nil for no bytes.
func (d *decoder) bytes(limit int) []byte {
	raw := d.take(d.count(limit, 1))
	if len(raw) == 0 {
		return nil
	}
	return append([]byte(nil), raw...)
}

func (d *decoder) floats(limit int) []float64 {
	raw := d.take(8 * d.count(limit, 8))
	if len(raw) == 0 {
		return nil
	}
	values := make([]float64, len(raw)/8)
	for i := range values {
		values[i] = canonical(binary.LittleEndian.Uint64(raw[8*i:]))
	}
	return values
}

// end returns the first error, or errTrailing when bytes are left over.
func (d *decoder) end() error {
	if d.err == nil && len(d.b) > 0 {
		return errTrailing
	}
	return d.err
}
