package board

import (
	"testing"
	"time"

	"wingmirror/monitor"
)

func TestReasons_CountAsTheEdgesLetThem(t *testing.T) {
	at := time.Unix(1000, 0)
	counts := func(rule monitor.CountRule) monitor.Counts {
		return monitor.Counts{Rule: rule, Weight: 1, Cap: monitor.DC4}
	}
	f := facts{
		components: []monitor.Component{
			{ID: "top"}, {ID: "a", Parent: "top", Counts: counts(monitor.CountMajority)}, {ID: "b", Parent: "top", Counts: counts(monitor.CountMajority)},
			{ID: "c", Parent: "top", Counts: counts(monitor.CountMajority)}, {ID: "d", Parent: "top", Counts: counts(monitor.CountCapped)}, {ID: "below", Parent: "d"},
			{ID: "w", Parent: "top", Counts: counts(monitor.CountWeight)}, {ID: "x", Parent: "top", Counts: counts(monitor.CountWeight)},
		},
		rationales: map[string][]monitor.Rationale{},
	}
	for id, level := range map[string]monitor.DC{"a": monitor.DC1, "b": monitor.DC2, "below": monitor.DC1, "w": monitor.DC3} {
		f.rationales[id] = []monitor.Rationale{{ID: id, Component: id, Level: level, Title: id}}
	}
	l := &Look{tree: f.grow(at), Levels: monitor.DefaultDCs()}
	top := l.Node("top")
	want := map[string]monitor.DC{"a": monitor.DC2, "b": monitor.DC2, "below": monitor.DC4, "w": monitor.DC5}
	reasons, _ := top.Reasons(10)
	for _, r := range reasons {
		if r.Counted() != want[r.ID] {
			t.Errorf("%s counts as %v, want %v", r.ID, r.Counted(), want[r.ID])
		}
	}
	if top.Level != monitor.DC2 || reasons[0].Counted() != top.Level {
		t.Errorf("the level is %v, the first reason counts as %v", top.Level, reasons[0].Counted())
	}
	if v := l.Gate(top, monitor.DC4, UnknownCounts); v.All != 2 {
		t.Errorf("a closed gate names %d reasons, want the 2 that close it: %+v", v.All, v.Reasons)
	}
	if r, _ := l.Node("d").Reasons(5); r[0].Counted() != monitor.DC1 {
		t.Errorf("in its own place it counts as %v", r[0].Counted())
	}
}
