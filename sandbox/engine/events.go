package engine

import (
	"github.com/dop251/goja"

	targets "wingmirror/target" // its own name is taken by a helper of the tests
)

// events is events(service, component): the series of the targets that ask for
// these events. They are fetched before the run, like all others.
func events(c *call) goja.Value {
	wanted := targets.Events{Service: c.text(0, "service"), Component: c.text(1, "component")}
	var all []any
	asked := false
	next := 0
	for _, t := range c.r.in.Targets {
		e, ok, err := targets.ParseEvents(t.Target)
		ours := ok && err == nil && e == wanted
		asked = asked || ours
		for i := range max(len(t.Series), 1) {
			if ours && i < len(t.Series) {
				all = append(all, c.r.seriesObject(next))
			}
			next++
		}
	}
	if !asked && !scanned(c.r.in.Script, wanted) {
		c.wrong("%s is not among the targets: write both names as texts in the call, or add that line to the targets", wanted)
	}
	return c.r.vm.NewArray(all...)
}

// scanned reports whether the script's text asks for these events, so that they
// were fetched where there is anything to fetch from.
func scanned(script string, wanted targets.Events) bool {
	for _, e := range targets.EventsCalls(script) {
		if e == wanted {
			return true
		}
	}
	return false
}

// text returns a text argument.
func (c *call) text(i int, what string) string {
	v := c.arg(i)
	if !goja.IsString(v) {
		c.wrong("%s must be a text, but is %s", what, c.kind(i))
	}
	return v.String()
}
