package heartbeat

import (
	"encoding/binary"
	"errors"
	"math"
	"time"
)

// What is learned is stored as bytes: a version, times in milliseconds, and
// lists of 32-bit floats with their length in front, all little-endian.

const packVersion = 1

var errPacked = errors.New("what was learned cannot be read")

// Pack returns the rhythm as bytes for Unpack.
func (r *Rhythm) Pack() []byte {
	b := make([]byte, 0, 32+4*(len(r.gaps)+len(r.doubt))+12*len(r.active))
	b = append(b, packVersion)
	b = binary.LittleEndian.AppendUint64(b, uint64(millis(r.last)))
	b = binary.LittleEndian.AppendUint64(b, uint64(millis(r.newest)))
	b = packFloats(b, []float32{r.first})
	b = packFloats(b, r.gaps)
	return packStretches(packFloats(b, r.doubt), r.active)
}

// Unpack reads what Pack made; nothing gives the zero Rhythm.
func (r *Rhythm) Unpack(b []byte) error {
	*r = Rhythm{}
	if len(b) == 0 {
		return nil
	}
	if len(b) < 17 || b[0] != packVersion {
		return errPacked
	}
	r.last = fromMillis(int64(binary.LittleEndian.Uint64(b[1:])))
	r.newest = fromMillis(int64(binary.LittleEndian.Uint64(b[9:])))
	first, b, ok := unpackFloats(b[17:])
	if !ok || len(first) != 1 {
		return errPacked
	}
	r.first = first[0]
	if r.gaps, b, ok = unpackFloats(b); !ok {
		return errPacked
	}
	if r.doubt, b, ok = unpackFloats(b); !ok {
		return errPacked
	}
	if r.active, ok = unpackStretches(b); !ok {
		return errPacked
	}
	return nil
}

func packFloats(b []byte, values []float32) []byte {
	b = binary.LittleEndian.AppendUint16(b, uint16(len(values)))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

func unpackFloats(b []byte) (values []float32, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	n := int(binary.LittleEndian.Uint16(b))
	if b = b[2:]; len(b) < 4*n {
		return nil, nil, false
	}
	for i := range n {
		values = append(values, math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:])))
	}
	return values, b[4*n:], true
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
