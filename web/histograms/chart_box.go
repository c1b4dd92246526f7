package histograms

import (
	"fmt"

	"wingmirror/histogram"
)

const (
	boxHeight = 96.0
	boxTop    = 18.0
	boxBottom = 58.0
	boxMiddle = (boxTop + boxBottom) / 2
	boxSide   = 48.0 // room for half a label
)

// boxplot draws the smallest value, both quartiles and the largest, which ascend,
// along a line from left to right, and points that are to be seen beside them.
func boxplot(four, points []float64) chart {
	low, high := four[0], four[3]
	for _, p := range points {
		low, high = min(low, p), max(high, p)
	}
	if low == high {
		low, high = low-1, high+1
	}
	x := func(v float64) float64 { return boxSide + (chartWidth-2*boxSide)*(v-low)/(high-low) }
	c := chart{
		Label: fmt.Sprintf("Values from %s to %s, half of them from %s to %s",
			histogram.Number(four[0]), histogram.Number(four[3]), histogram.Number(four[1]), histogram.Number(four[2])),
		Height: boxHeight,
		Rules: []rule{
			{"h-whisker", x(four[0]), boxMiddle, x(four[1]), boxMiddle}, {"h-whisker", x(four[2]), boxMiddle, x(four[3]), boxMiddle},
			{"h-whisker", x(four[0]), boxTop + 8, x(four[0]), boxBottom - 8}, {"h-whisker", x(four[3]), boxTop + 8, x(four[3]), boxBottom - 8},
		},
		Lines: []path{{"h-box", fmt.Sprintf("M%.1f %.1fH%.1fV%.1fH%.1fz", x(four[1]), boxTop, x(four[2]), boxBottom, x(four[1]))}},
	}
	for _, p := range points {
		c.Label += "; the value in question is " + histogram.Number(p)
		c.Lines = append(c.Lines, path{"h-point", fmt.Sprintf("M%.1f %.1fm-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z", x(p), boxMiddle)})
		c.Marks = append(c.Marks, mark{x(p), boxTop - 5, "middle", histogram.Number(p)})
	}
	last := -boxSide
	for _, v := range four {
		if at := x(v); at-last >= 44 { // labels must not lie on each other
			c.Marks = append(c.Marks, mark{at, boxHeight - 20, "middle", histogram.Number(v)})
			last = at
		}
	}
	return c
}
