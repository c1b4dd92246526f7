package target

import (
	"errors"
	"regexp"
	"slices"
	"strings"
)

// Events is a target that asks for pushed events instead of for a server's
// metrics: events("SERVICE", "COMPONENT").
type Events struct{ Service, Component string }

var errEvents = errors.New(`write events("SERVICE", "COMPONENT"), each in quotes`)

// ParseEvents reads a target; ok is false when it does not ask for events, and
// err says how to mend one that does.
func ParseEvents(text string) (e Events, ok bool, err error) {
	if !strings.HasPrefix(strings.TrimSpace(text), "events") {
		return Events{}, false, nil
	}
	expr, wrong := Parse(text)
	if wrong != nil || expr.Kind != Call || expr.Text != "events" {
		return Events{}, false, nil
	}
	if len(expr.Args) != 2 {
		return Events{}, true, errEvents
	}
	for i, into := range []*string{&e.Service, &e.Component} {
		value := expr.Args[i].Value
		if value.Kind != String || expr.Args[i].Name != "" || len(value.Text) < 3 {
			return Events{}, true, errEvents
		}
		*into = value.Text[1 : len(value.Text)-1]
	}
	return e, true, nil
}

// String returns the target's text.
func (e Events) String() string {
	return "events(" + quoted(e.Service) + ", " + quoted(e.Component) + ")"
}

func quoted(name string) string {
	if strings.Contains(name, `"`) {
		return "'" + name + "'"
	}
	return `"` + name + `"`
}

// eventsCall is a call of the script function of the same name with two texts.
var eventsCall = regexp.MustCompile(`\bevents\(\s*(?:"([^"\\\n]+)"|'([^'\\\n]+)')\s*,\s*(?:"([^"\\\n]+)"|'([^'\\\n]+)')\s*\)`)

// EventsCalls returns the targets that a script asks for by calling
// events("SERVICE", "COMPONENT"), each once, in the order of their first call. It
// looks at the text only, so that what a run sees is known before it begins: a
// call whose names are put together is not found, one in a comment is.
func EventsCalls(script string) []Events {
	var all []Events
	for _, found := range eventsCall.FindAllStringSubmatch(script, -1) {
		e := Events{Service: found[1] + found[2], Component: found[3] + found[4]}
		if !slices.Contains(all, e) {
			all = append(all, e)
		}
	}
	return all
}
