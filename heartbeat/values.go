package heartbeat

import (
	"fmt"
	"math"
	"time"

	"wingmirror/anomaly"
	"wingmirror/monitor"
)

// judgeValue looks at a beat's metric, unless the sender has decided already
// what it means.
func (c *check) judgeValue(a Arrival, beat *monitor.Beat, zone *time.Location) finding {
	if !a.judgesValue() {
		return finding{}
	}
	reading := c.watchValue(beat.At.In(zone), *a.Metric)
	beat.Reading = &monitor.Reading{
		Expected: reading.Expected, Low: reading.Low, High: reading.High, Score: reading.Score, Signal: string(reading.Signal),
	}
	if c.values.Seen() <= quietValues {
		return finding{}
	}
	odd := reading.Anomaly || c.s.Why == monitor.WhyValue && reading.Odd >= c.threshold() // the event goes on
	if !odd {
		return finding{}
	}
	return finding{monitor.Critical, monitor.WhyValue, fmt.Sprintf("the value %s is odd (score %.2f: %s); %s",
		number(*a.Metric), max(reading.Score, reading.Odd), signalText(reading.Signal), expectedText(reading))}
}

func (c *check) watchValue(at time.Time, value float64) anomaly.Reading {
	if c.values == nil {
		c.values = anomaly.NewDetector(c.threshold())
	}
	c.measured, c.unsaved = true, true
	return c.values.Update(at, value)
}

// threshold is the score from which on a value is odd: the more sensitive the
// watch is set, the lower.
func (c *check) threshold() float64 {
	if c.h.Sensitivity == 0 {
		return defaultThreshold
	}
	return 1 - c.h.Sensitivity
}

// defaultThreshold is higher than the detector's own: that one is for a chart
// that somebody looks at, this one wakes people up. docs/heartbeats.md has the
// table that it was chosen by.
const defaultThreshold = 0.6

// quietValues is how many values a heartbeat's watch only looks at before it
// speaks: a day of one each five minutes. The detector dares to judge sooner, but
// most of what is odd in its first hours is only new.
const quietValues = 288

const (
	voteStep        = 0.05 // that a vote moves the sensitivity
	leastSensitive  = 0.05
	mostSensitive   = 0.95
	neutral         = 1 - defaultThreshold
	signalUnchanged = "it is unlike what came before"
)

// voted is the sensitivity after somebody said that an alert was useful or noise.
func voted(sensitivity float64, up bool) float64 {
	if sensitivity == 0 {
		sensitivity = neutral
	}
	if up {
		return min(mostSensitive, sensitivity+voteStep)
	}
	return max(leastSensitive, sensitivity-voteStep)
}

func signalText(s anomaly.Signal) string {
	text, ok := map[anomaly.Signal]string{
		anomaly.SignalSeason: "unusual for this time of the day", anomaly.SignalRange: "higher or lower than ever",
		anomaly.SignalValues: "no earlier values were like the last few", anomaly.SignalCourse: "no earlier stretch was like this one",
		anomaly.SignalJumps: "it moves as it never did", anomaly.SignalShape: "no earlier stretch had this shape",
	}[s]
	if !ok {
		return signalUnchanged
	}
	return text
}

func expectedText(r anomaly.Reading) string {
	if math.IsNaN(r.Expected) {
		return "nothing was expected yet"
	}
	return fmt.Sprintf("expected was %s, between %s and %s", number(r.Expected), number(r.Low), number(r.High))
}

func number(v float64) string { return fmt.Sprintf("%.4g", v) }
