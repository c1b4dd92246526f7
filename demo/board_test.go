package demo

import (
	"testing"
	"time"

	"wingmirror/monitor"
)

func TestComponents_StandInATree(t *testing.T) {
	known := map[string]bool{"": true}
	for _, c := range Components() {
		if !monitor.ComponentID(c.ID) || !known[c.Parent] || c.SourcesText == "" {
			t.Errorf("component %+v", c)
		}
		known[c.ID] = true
	}
	at := time.Unix(1_800_000_000, 0)
	if o := Override(at); monitor.ValidateOverride(o, at) != nil || !known[o.Component] {
		t.Errorf("override %+v", o)
	}
}
