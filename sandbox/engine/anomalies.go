package engine

import (
	"time"

	"github.com/dop251/goja"

	"wingmirror/anomaly"
)

// mostJudged bounds the values of one call of anomalies, which takes some tens
// of microseconds for each, in Go, where no interrupt reaches it.
const mostJudged = 20000

// anomalies is anomalies(data, threshold).
func anomalies(c *call) goja.Value {
	xs := c.numbers(0, "the data")
	if len(xs) > mostJudged {
		c.outside("it judges %d values at most, and was given %d; leave out the oldest", mostJudged, len(xs))
	}
	threshold := anomaly.DefaultThreshold
	if c.given(1) {
		threshold = c.share(c.arg(1), "threshold")
	}
	times := c.times()
	detector := anomaly.NewDetector(threshold)
	var found []any
	for i, x := range xs {
		r := detector.Update(time.Unix(times(i), 0).UTC(), x)
		if !r.Anomaly {
			continue
		}
		found = append(found, c.object(
			field{"position", c.r.vm.ToValue(i)}, field{"timestamp", c.r.vm.ToValue(times(i))}, field{"value", c.r.value(x)},
			field{"score", c.r.value(r.Score)}, field{"signal", c.r.vm.ToValue(string(r.Signal))},
			field{"expected", c.r.value(r.Expected)}, field{"low", c.r.value(r.Low)}, field{"high", c.r.value(r.High)},
		))
	}
	return c.r.vm.NewArray(found...)
}

// times are those of a series' points. An array's values count as one a minute.
func (c *call) times() func(i int) int64 {
	if object, ok := c.arg(0).(*goja.Object); ok {
		if s := seriesOf(object); s != nil {
			return s.data.Time
		}
	}
	return func(i int) int64 { return 60 * int64(i) }
}
