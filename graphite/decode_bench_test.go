package graphite_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"wingmirror/graphite"
)

// answer is what graphite-web sends for series of points each; a fifth of the
// values are null.
func answer(series, points int) []byte {
	var b bytes.Buffer
	b.WriteByte('[')
	for s := range series {
		if s > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, `{"target": "stats.web%d.requests.rate", "tags": {"name": "stats.web%d.requests.rate"}, "datapoints": [`, s, s)
		for i := range points {
			if i > 0 {
				b.WriteString(", ")
			}
			ts := 1795247340 + 60*i
			if i%5 == 4 {
				fmt.Fprintf(&b, "[null, %d]", ts)
				continue
			}
			fmt.Fprintf(&b, "[%.6f, %d]", 100+20*math.Sin(float64(i+s)), ts)
		}
		b.WriteString("]}")
	}
	b.WriteByte(']')
	return b.Bytes()
}

func perPoint(b *testing.B, points int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*points), "ns/point")
}

func BenchmarkDecodeJSON(b *testing.B) {
	for _, shape := range []struct{ series, points int }{{1, 60}, {100, 60}, {10, 1440}} {
		data := answer(shape.series, shape.points)
		b.Run(fmt.Sprintf("%dx%d", shape.series, shape.points), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := graphite.DecodeJSON(bytes.NewReader(data), graphite.Limits{}); err != nil {
					b.Fatal(err)
				}
			}
			perPoint(b, shape.series*shape.points)
		})
	}
}

// BenchmarkStandardDecoder is what DecodeJSON is measured against.
func BenchmarkStandardDecoder(b *testing.B) {
	data := answer(10, 1440)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		var all []struct {
			Target     string
			Datapoints [][2]*float64
		}
		if err := json.Unmarshal(data, &all); err != nil {
			b.Fatal(err)
		}
	}
	perPoint(b, 10*1440)
}
