package monitor

import (
	"strconv"
	"strings"
)

// CountRule says how a child's level goes into its parent's.
type CountRule string

// The rules. Children by majority, and those by weight, vote among themselves:
// their level is the most critical one that more than half of them have reached.
const (
	CountAll      CountRule = "all"      // in full (default)
	CountMajority CountRule = "majority" // one vote
	CountWeight   CountRule = "weight"   // as many votes as its weight
	CountCapped   CountRule = "capped"   // never more critical than a level
	CountIgnored  CountRule = "ignored"  // shown, not counted
)

// Counts is the edge between a component and the one above it.
type Counts struct {
	Rule   CountRule // "" is CountAll
	Weight float64   // of CountWeight, above 0
	Cap    DC        // of CountCapped
}

// ParseCounts reads how a component counts for its parent: "all", "majority",
// "weight 2", "capped DC3", "ignored"; "" is all.
func ParseCounts(text string) (Counts, error) {
	const form = "write all, majority, weight 2, capped DC3 or ignored"
	words := strings.Fields(text)
	if len(words) == 0 {
		return Counts{Rule: CountAll}, nil
	}
	rule := CountRule(words[0])
	wrong := Invalid("counts", "%q does not say how it counts; %s", Cut(text, 100), form)
	switch {
	case len(words) == 1 && (rule == CountAll || rule == CountMajority || rule == CountIgnored):
		return Counts{Rule: rule}, nil
	case len(words) == 2 && rule == CountWeight:
		weight, err := strconv.ParseFloat(words[1], 64)
		if err != nil || !(weight > 0 && weight <= 1e6) {
			return Counts{}, Invalid("counts", "%q is no weight above 0", words[1])
		}
		return Counts{Rule: rule, Weight: weight}, nil
	case rule == CountCapped && len(words) >= 2 && len(words) <= 3:
		if len(words) == 3 && words[1] != "at" {
			return Counts{}, wrong
		}
		dc, err := ParseDC(words[len(words)-1])
		if err != nil {
			return Counts{}, wrong
		}
		return Counts{Rule: rule, Cap: dc}, nil
	}
	return Counts{}, wrong
}

// String returns the text that ParseCounts reads.
func (c Counts) String() string {
	switch c.Rule {
	case CountWeight:
		return "weight " + strconv.FormatFloat(c.Weight, 'g', -1, 64)
	case CountCapped:
		return "capped " + c.Cap.String()
	case "":
		return string(CountAll)
	}
	return string(c.Rule)
}
