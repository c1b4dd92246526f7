package target_test

import (
	"slices"
	"testing"

	"wingmirror/target"
)

func TestParseEvents_KnowsItsOwn(t *testing.T) {
	for text, want := range map[string]struct {
		events target.Events
		ok     bool
		wrong  bool
	}{
		`events("Inbox", "Load5mAvg")`:    {target.Events{Service: "Inbox", Component: "Load5mAvg"}, true, false},
		` events( 'In "b"' , "L, (x)" ) `: {target.Events{Service: `In "b"`, Component: "L, (x)"}, true, false},
		`events("Inbox")`:                 {target.Events{}, true, true},
		`events(Inbox, Load)`:             {target.Events{}, true, true},
		`events("", "x")`:                 {target.Events{}, true, true},
		`events.count`:                    {target.Events{}, false, false},
		`sum(events.a)`:                   {target.Events{}, false, false},
	} {
		got, ok, err := target.ParseEvents(text)
		if ok != want.ok || (err != nil) != want.wrong || !want.wrong && got != want.events {
			t.Errorf("%s: %+v, %v, %v", text, got, ok, err)
		}
		if again, _, _ := target.ParseEvents(got.String()); ok && !want.wrong && again != got {
			t.Errorf("%s: %s reads back as %+v", text, got, again)
		}
	}
}

func TestEventsCalls_AreFoundInAScript(t *testing.T) {
	script := `const load = events("Inbox", 'Load5mAvg')
if (events("Inbox","Load5mAvg").length < 3) throw "x"
events( "Mail" ,
 "Queue" ); myevents("a", "b"); events(name, "c")`
	want := []target.Events{{Service: "Inbox", Component: "Load5mAvg"}, {Service: "Mail", Component: "Queue"}}
	if got := target.EventsCalls(script); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
