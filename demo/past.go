package demo

import (
	"strings"
	"time"

	"wingmirror/monitor"
)

// PastOf is the name of the example monitor that has a history when the demo
// starts.
const PastOf = "Conversion rate"

// PastLength is how far that history goes back: some incidents, and little enough
// to be made while somebody waits.
const PastLength = 2 * time.Hour

// PastShadow returns an edited version of that monitor, to run beside it.
func PastShadow(m monitor.Monitor) monitor.Monitor {
	m.Script = strings.Replace(m.Script, "rate < 10", "rate < 4", 1)
	return m
}

// PastVerdict returns what people said of the n-th incident of the history, from
// 0; "" for nothing.
func PastVerdict(n int) (verdict monitor.LabelVerdict, note string) {
	switch n % 4 {
	case 0:
		return monitor.LabelTrue, "the payment provider refused, and we called them"
	case 1:
		return monitor.LabelNoise, "a deploy; it was over before anybody could look"
	case 2:
		return monitor.LabelTrue, "the provider again; half of the orders were lost"
	}
	return "", ""
}
