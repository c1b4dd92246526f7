package board

import (
	"fmt"
	"slices"
	"strings"

	"wingmirror/monitor"
)

// maxAskers is how many sources one trouble names.
const maxAskers = 10

// oncePerServer makes one of the rationales that say of several sources, with the
// same words, that the same server does not answer: the most critical of them, with all their names.
func oncePerServer(all []monitor.Rationale) []monitor.Rationale {
	groups := map[string][]monitor.Rationale{}
	for _, r := range all {
		if r.Failure && r.Server != "" {
			groups[r.Server+r.Description] = append(groups[r.Server+r.Description], r)
		}
	}
	told := map[string]bool{}
	kept := all[:0:0]
	for _, r := range all {
		group := groups[r.Server+r.Description]
		if !r.Failure || len(group) < 2 {
			kept = append(kept, r)
			continue
		}
		if key := r.Server + r.Description; !told[key] {
			told[key] = true
			kept = append(kept, together(group))
		}
	}
	return kept
}

// together is one rationale for sources that the same server does not answer.
func together(group []monitor.Rationale) monitor.Rationale {
	worst := group[0]
	var names []string
	for i, r := range group {
		if byWeight(r, worst) < 0 {
			worst = r
		}
		if i < maxAskers {
			names = append(names, r.Component+"/"+r.Source)
		}
	}
	slices.Sort(names)
	if more := len(group) - maxAskers; more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	worst.Title = fmt.Sprintf("No answer from %s, for %d sources", worst.Server, len(group))
	worst.Description = monitor.Cut(strings.TrimSpace(worst.Description+"\nThey are "+strings.Join(names, ", ")+"."), maxText)
	return worst
}
