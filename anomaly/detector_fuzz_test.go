package anomaly

import (
	"encoding/binary"
	"math"
	"testing"
	"time"
)

// hostile reads a stream out of bytes: 12 for each value, with any bits for the
// value and steps in time of either sign.
func hostile(data []byte, each func(at time.Time, value float64)) {
	at := monday
	for ; len(data) >= 12; data = data[12:] {
		at = at.Add(time.Duration(int32(binary.LittleEndian.Uint32(data))) * time.Second)
		each(at, math.Float64frombits(binary.LittleEndian.Uint64(data[4:])))
	}
}

func FuzzUpdate(f *testing.F) {
	var seed []byte
	values := []float64{0, 1, math.Inf(1), -1, math.Inf(-1), math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, math.NaN(), math.Copysign(0, -1), 1e300, 1e-300, 1 << 53}
	for i := range 60 {
		step := int32(300)
		if i%7 == 0 {
			step = -86400
		}
		seed = binary.LittleEndian.AppendUint32(seed, uint32(step))
		seed = binary.LittleEndian.AppendUint64(seed, math.Float64bits(values[i%len(values)]))
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, data []byte) {
		data = data[:min(len(data), 12*300)]
		d := NewDetector(0)
		// Beyond the learning time, whatever the input's length.
		for i := range 2 * learnValues {
			d.Update(monday.Add(time.Duration(i-2*learnValues)*time.Minute), float64(i%5))
		}
		hostile(data, func(at time.Time, value float64) {
			r := d.Update(at, value)
			if !(r.Score >= 0 && r.Score <= 1) || !(r.Odd >= r.Score && r.Odd <= 1) {
				t.Fatalf("%v reads %+v", value, r)
			}
			if !math.IsNaN(r.Low) && !(r.Low <= r.Expected && r.Expected <= r.High) {
				t.Fatalf("%v has the band %+v", value, r)
			}
		})
		state, err := d.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		again := NewDetector(0)
		if err := again.UnmarshalBinary(state); err != nil {
			t.Fatal(err)
		}
		hostile(data, func(at time.Time, value float64) {
			if a, b := d.Update(at, value), again.Update(at, value); !sameReading(a, b) {
				t.Fatalf("%v reads %+v, decoded %+v", value, a, b)
			}
		})
	})
}

func FuzzUnmarshal(f *testing.F) {
	d := NewDetector(0)
	for i := range 200 {
		d.Update(monday.Add(time.Duration(i)*time.Minute), float64(i%9))
	}
	state, err := d.MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(state)
	f.Fuzz(func(t *testing.T, data []byte) {
		d := NewDetector(0)
		if d.UnmarshalBinary(data) == nil {
			d.Update(monday, 1)
		}
	})
}
