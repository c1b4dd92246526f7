package engine

import (
	"math"

	"github.com/dop251/goja"

	"wingmirror/monitor"
)

// latestSecond is the largest number that can be meant as seconds since the
// epoch; Date.now() and its like are beyond it.
const latestSecond = 1e11

// graphValue is graph_value(label, timestamp, value).
func graphValue(c *call) goja.Value {
	if len(c.args) < 3 {
		c.wrong("expects (label, timestamp, value), but %s is missing", [3]string{"label", "timestamp", "value"}[len(c.args)])
	}
	point := monitor.GraphPoint{Time: c.timestamp(1), Value: c.drawn(2)}
	r := c.r
	switch r.record.draw(c.label(0), point, r.lineCapacity()) {
	case tooManyPoints:
		r.fail(monitor.FaultLimit, "The script drew more than %d points.", r.limits.GraphPoints)
	case tooManyLines:
		r.fail(monitor.FaultLimit, "The script drew more than %d lines.", r.limits.GraphLines)
	case labelTooLong:
		r.fail(monitor.FaultLimit, "The label of a line has more than %d bytes.", maxLabel)
	}
	return goja.Undefined()
}

// label is a string or number argument.
func (c *call) label(i int) string {
	v := c.arg(i)
	if !goja.IsString(v) && !goja.IsNumber(v) {
		c.wrong("label must be a string, but is %s", c.kind(i))
	}
	return v.String()
}

// timestamp is seconds since the epoch, from a number or a Date.
func (c *call) timestamp(i int) float64 {
	if date, ok := c.arg(i).(*goja.Object); ok && date.ClassName() == "Date" {
		if ms := date.ToFloat(); !math.IsNaN(ms) {
			return ms / 1000
		}
	}
	v := c.arg(i)
	if !goja.IsNumber(v) || goja.IsNaN(v) || goja.IsInfinity(v) {
		c.wrong("timestamp must be a number of seconds since 1970, but is %s", c.kind(i))
	}
	seconds := v.ToFloat()
	if math.Abs(seconds) > latestSecond {
		c.wrong("timestamp must be seconds since 1970, but %s looks like milliseconds; divide by 1000", v.String())
	}
	return seconds
}

// drawn is a point's value: null, NaN and infinities are gaps.
func (c *call) drawn(i int) float64 {
	v := c.arg(i)
	if goja.IsNull(v) || goja.IsUndefined(v) {
		return nan
	}
	if !goja.IsNumber(v) {
		c.wrong("value must be a number or null, but is %s", c.kind(i))
	}
	if value := v.ToFloat(); !math.IsInf(value, 0) {
		return value
	}
	return nan
}

// lineCapacity is how many points a new line most often gets: one for each of a series.
func (r *run) lineCapacity() int {
	if len(r.series) == 0 {
		return 1
	}
	return min(len(r.series[0].data.Values), 1024)
}
