package demo

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/go-graphite/carbonapi/expr/types"
)

// The library has writers of its own. Their JSON quotes names as Go does, which
// is not always JSON, turns infinity into null, and is built in memory as a
// whole; their CSV does not escape quotes.

// writeSeriesJSON writes series as graphite-web does: null for no value, and
// the over-large 1e9999 for infinity, which JSON cannot say.
func writeSeriesJSON(out *bufio.Writer, series []*types.MetricData) {
	out.WriteByte('[')
	for i, s := range series {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString(`{"target":`)
		out.Write(jsonOf(s.Name))
		out.WriteString(`,"tags":`)
		out.Write(jsonOf(s.Tags))
		out.WriteString(`,"datapoints":[`)
		at, step := s.AggregatedStartTime(), s.AggregatedTimeStep()
		for j, v := range s.AggregatedValues() {
			if j > 0 {
				out.WriteByte(',')
			}
			out.WriteByte('[')
			out.Write(number(out.AvailableBuffer(), v, "null"))
			out.WriteByte(',')
			out.Write(strconv.AppendInt(out.AvailableBuffer(), at+int64(j)*step, 10))
			out.WriteByte(']')
		}
		out.WriteString("]}")
	}
	out.WriteByte(']')
}

func number(b []byte, v float64, none string) []byte {
	switch {
	case math.IsNaN(v):
		return append(b, none...)
	case math.IsInf(v, 1):
		return append(b, "1e9999"...)
	case math.IsInf(v, -1):
		return append(b, "-1e9999"...)
	}
	return strconv.AppendFloat(b, v, 'g', -1, 64)
}

// writeRaw writes a line "name,start,end,step|v,v,None" for each series.
func writeRaw(out *bufio.Writer, series []*types.MetricData) {
	for _, s := range series {
		out.WriteString(s.Name)
		for i, n := range [...]int64{s.StartTime, s.StartTime + int64(len(s.Values))*s.StepTime, s.StepTime} {
			out.WriteByte(",,,"[i])
			out.Write(strconv.AppendInt(out.AvailableBuffer(), n, 10))
		}
		for i, v := range s.Values {
			if i == 0 {
				out.WriteByte('|')
			} else {
				out.WriteByte(',')
			}
			out.Write(number(out.AvailableBuffer(), v, "None"))
		}
		out.WriteByte('\n')
	}
}

// writeCSV writes a line "name,2006-01-02 15:04:05,value" for each point.
func writeCSV(out *bufio.Writer, series []*types.MetricData) {
	w := csv.NewWriter(out)
	w.UseCRLF = true
	for _, s := range series {
		for i, v := range s.Values {
			at := time.Unix(s.StartTime+int64(i)*s.StepTime, 0).UTC()
			_ = w.Write([]string{s.Name, at.Format(time.DateTime), string(number(nil, v, ""))})
		}
	}
	w.Flush()
}

// jsonOf is for values that cannot fail to be written.
func jsonOf(value any) []byte {
	b, err := json.Marshal(value)
	if err != nil {
		return []byte("null")
	}
	return b
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	// The reader has gone if this fails; nobody is left to tell.
	_, _ = w.Write(jsonOf(value))
}
