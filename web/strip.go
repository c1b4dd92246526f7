package web

import (
	"fmt"
	"slices"
	"strings"

	"wingmirror/monitor"
)

// strip is a row of small bars, one per run, oldest first. Height tells levels
// apart as well as colour does.
type strip struct {
	Width int
	Label string
	Paths []stripPath
}

// stripPath draws all bars of one level, so that a row costs a few elements
// however many runs it shows.
type stripPath struct{ Class, D string }

// stripRuns is how many runs a strip shows.
const stripRuns = 30

const barWidth, barPitch, stripHeight = 4, 5, 16

// letters are how the store writes what runs saw, in the order of the legend.
const letters = "owcu"

// newStrip draws a row of runs as the store writes it, a letter each, oldest
// first: o, w, c, u for the levels, f for a fault, - for no run.
func newStrip(recent string) *strip {
	recent = strings.ReplaceAll(strings.TrimLeft(recent, "-"), "f", "u")
	if recent == "" {
		return nil
	}
	recent = recent[max(0, len(recent)-stripRuns):]
	classes := map[rune]string{'o': "ok", 'w': "warning", 'c': "critical", 'u': "unknown"}
	heights := map[rune]int{'o': 7, 'w': 12, 'c': 16, 'u': 4}
	out := &strip{Width: stripRuns*barPitch - 1}
	shift := stripRuns - len(recent)
	var counts []string
	for _, letter := range letters {
		var d strings.Builder
		h := heights[letter]
		bar := fmt.Sprintf(" %dh%dv%dh-%dz", stripHeight-h, barWidth, h, barWidth)
		for i, l := range recent {
			if l == letter {
				d.WriteString("M" + itoa((i+shift)*barPitch) + bar)
			}
		}
		if d.Len() > 0 {
			out.Paths = append(out.Paths, stripPath{Class: classes[letter], D: d.String()})
			counts = append(counts, fmt.Sprintf("%d %s", strings.Count(recent, string(letter)), classes[letter]))
		}
	}
	out.Label = fmt.Sprintf("last %d runs: %s", len(recent), strings.Join(counts, ", "))
	return out
}

// lettersOf writes ended runs, newest first, as the store does.
func lettersOf(runs []monitor.Run) string {
	var b strings.Builder
	for _, run := range slices.Backward(runs) {
		if run.Phase != monitor.Claimed {
			b.WriteByte("uowc"[min(run.Level, monitor.Critical)])
		}
	}
	return b.String()
}
