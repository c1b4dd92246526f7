package engine

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"wingmirror/monitor"
)

var (
	notDefined = regexp.MustCompile(`^ReferenceError: (\S+) is not defined$`)
	nothing    = regexp.MustCompile(`^TypeError: Cannot read property '[^']*' of undefined$`)
	noMember   = regexp.MustCompile(`^TypeError: Object has no member '([^']+)'$`)
)

// advise adds to the engine's message what the author may have meant, and
// writes names with @ where the author did.
func (r *run) advise(message string) string {
	if m := notDefined.FindStringSubmatch(message); m != nil {
		return r.unknownName(m[1])
	}
	if m := noMember.FindStringSubmatch(message); m != nil {
		known := append(r.engine.members.sortedNames(), seriesFields()...)
		if near := nearest(m[1], known); near != "" && near != m[1] {
			return message + "; did you mean " + near + "?"
		}
	}
	if nothing.MatchString(message) {
		message += " or null" // goja says undefined for both
	}
	for name := range r.script.facts.atNames {
		message = strings.ReplaceAll(message, "'"+name+"'", "'@"+name[1:]+"'")
	}
	return message
}

func (r *run) unknownName(name string) string {
	shown := name
	variable, isVariable := strings.CutPrefix(name, "$")
	if r.script.facts.atNames[name] {
		shown = "@" + variable
	}
	message := "ReferenceError: " + shown + " is not defined"
	if isVariable {
		return message + r.unknownVariable(variable)
	}
	candidates := r.engine.names()
	for _, other := range r.script.facts.names {
		if other != name && other != "undefined" && !slices.Contains(candidates, other) {
			candidates = append(candidates, other)
		}
	}
	if near := nearest(name, candidates); near != "" && near != name {
		return message + "; did you mean " + near + "?"
	}
	return message
}

// nearest is monitor.Nearest for names that a script chose: it takes no longer
// for long names and for very many.
func nearest(name string, candidates []string) string {
	const most, longest = 2000, 60
	if len(name) > longest {
		return ""
	}
	candidates = slices.DeleteFunc(candidates, func(c string) bool { return len(c) > longest })
	return monitor.Nearest(name, candidates[:min(len(candidates), most)])
}

// unknownVariable says which series there are to a name that looks like one,
// and else which other variable may have been meant.
func (r *run) unknownVariable(name string) string {
	if letterIndex(name) >= 0 {
		switch n := len(r.series); n {
		case 0:
			return ": this run has no series"
		case 1:
			return ": there is one series, @a"
		default:
			return fmt.Sprintf(": there are %d series, @a to @%s", n, letterName(n-1))
		}
	}
	if near := nearest(name, variableNames()); near != "" {
		return "; did you mean @" + near + "?"
	}
	return "; the variables are @" + strings.Join(variableNames(), ", @") + " and the series @a, @b, …"
}
