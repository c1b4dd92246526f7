package board

import (
	"strings"
	"testing"
	"time"

	"wingmirror/monitor"
)

func TestReasons_AServerThatDoesNotAnswerIsOneTrouble(t *testing.T) {
	at := time.Unix(1000, 0)
	fails := func(component, source, server string, level monitor.DC) monitor.Rationale {
		return monitor.Rationale{ID: "failing:" + source, Component: component, Source: source, Level: level, Title: "No answer from " + source, Description: "refused", Failure: true, Server: server, Start: at}
	}
	f := facts{
		components: []monitor.Component{{ID: "top"}, {ID: "a", Parent: "top"}, {ID: "b", Parent: "top"}},
		rationales: map[string][]monitor.Rationale{
			"a": {fails("a", "g1", "Graphite", monitor.DC3), fails("a", "g2", "Graphite", monitor.DC2), fails("a", "p", "check.sh", monitor.DC3), {ID: "x", Component: "a", Level: monitor.DC4, Title: "slow"}},
			"b": {fails("b", "g1", "Graphite", monitor.DC3), fails("b", "?", "", monitor.DC3), fails("b", "??", "", monitor.DC3)},
		},
	}
	l := &Look{tree: f.grow(at), Levels: monitor.DefaultDCs()}
	reasons, all := l.Node("top").Reasons(10)
	if all != 5 || reasons[0].Title != "No answer from Graphite, for 3 sources" || reasons[0].Level != monitor.DC2 || !strings.Contains(reasons[0].Description, "a/g1, a/g2, b/g1") {
		t.Errorf("got %d: %+v", all, reasons)
	}
	if v := l.Gate(l.Node("top"), monitor.DC4, UnknownCounts); v.All != 4 {
		t.Errorf("the gate names %d: %+v", v.All, v.Reasons)
	}
	if len(l.Node("a").Rationales) != 4 {
		t.Error("the component itself lost rationales")
	}
}
