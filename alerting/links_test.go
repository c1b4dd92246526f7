package alerting_test

import (
	"strings"
	"testing"

	"wingmirror/alerting"
	"wingmirror/monitor"
)

func TestLinks_OnlyTheirOwnSecretOpensAGraph(t *testing.T) {
	links := alerting.Links{Base: "https://w.example.com", Secret: "s3cret"}
	address := links.Graph(42)
	name := address[strings.LastIndex(address, "/")+1:]
	if notice, ok := links.GraphNotice(name); !ok || notice != 42 {
		t.Errorf("%s opens %d, %v", address, notice, ok)
	}
	for _, wrong := range []string{"42-.png", "42.png", "x", "", "43" + name[2:], strings.Replace(name, "-", "-0", 1)} {
		if _, ok := links.GraphNotice(wrong); ok {
			t.Errorf("%q opens a graph", wrong)
		}
	}
	if _, ok := (alerting.Links{Base: "https://w.example.com", Secret: "other"}).GraphNotice(name); ok {
		t.Error("another installation's address opens a graph")
	}
	if _, ok := (alerting.Links{}).GraphNotice("42-" + name); ok {
		t.Error("without a secret a graph opens")
	}
	if got := (alerting.Links{Base: "https://w.example.com"}).Graph(42); got != "" {
		t.Errorf("without a secret there is the address %s", got)
	}
}

func TestLinks_SilenceIsFilledInWithWhatIsToldOf(t *testing.T) {
	links := alerting.Links{Base: "https://w.example.com"}
	beat := monitor.Subject{Kind: monitor.KindHeartbeat, Key: "backup & more"}
	for _, row := range []struct {
		about monitor.Message
		want  string
	}{
		{monitor.Message{Kind: monitor.NoticeFire, Subject: monitor.MonitorSubject(7), Group: "shop"}, "https://w.example.com/silences?monitor=7"},
		{monitor.Message{Kind: monitor.NoticeFire, Subject: beat}, "https://w.example.com/silences?subject=heartbeat%2Fbackup+%26+more"},
		{monitor.Message{Kind: monitor.NoticeResolve, Subject: beat}, ""},
		{monitor.Message{Kind: monitor.NoticeTest}, ""},
	} {
		if got := links.Silence(row.about); got != row.want {
			t.Errorf("%s of %s: %q, want %q", row.about.Kind, row.about.Subject, got, row.want)
		}
	}
}
