package web

// diffLine is one line of a difference: kept, added or taken away. Gap stands
// for unchanged lines that are left out.
type diffLine struct {
	Kind diffKind
	Text string
}

type diffKind string

const (
	diffSame    diffKind = "same"
	diffAdded   diffKind = "added"
	diffRemoved diffKind = "removed"
	diffGap     diffKind = "gap"
)

// mostDiffed bounds the work: beyond it a change is shown as everything
// removed and everything added.
const mostDiffed = 2000

// diff compares two texts by their longest common subsequence of lines.
func diff(a, b []string) []diffLine {
	if len(a) > mostDiffed || len(b) > mostDiffed {
		return append(all(diffRemoved, a), all(diffAdded, b)...)
	}
	// common[i][j] is the length of the longest common subsequence of a[i:] and b[j:].
	common := make([][]uint16, len(a)+1)
	for i := range common {
		common[i] = make([]uint16, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var out []diffLine
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			out = append(out, diffLine{diffSame, a[i]})
			i, j = i+1, j+1
		case common[i+1][j] >= common[i][j+1]:
			out = append(out, diffLine{diffRemoved, a[i]})
			i++
		default:
			out = append(out, diffLine{diffAdded, b[j]})
			j++
		}
	}
	out = append(out, all(diffRemoved, a[i:])...)
	return append(out, all(diffAdded, b[j:])...)
}

func all(kind diffKind, lines []string) []diffLine {
	out := make([]diffLine, len(lines))
	for i, text := range lines {
		out[i] = diffLine{kind, text}
	}
	return out
}

// around leaves out unchanged lines that are further than n from a change.
func around(diffed []diffLine, n int) []diffLine {
	near := make([]bool, len(diffed))
	for i, l := range diffed {
		if l.Kind == diffSame {
			continue
		}
		for k := max(0, i-n); k <= min(len(diffed)-1, i+n); k++ {
			near[k] = true
		}
	}
	var out []diffLine
	for i, l := range diffed {
		switch {
		case near[i]:
			out = append(out, l)
		case len(out) > 0 && out[len(out)-1].Kind != diffGap:
			out = append(out, diffLine{Kind: diffGap})
		}
	}
	return out
}
