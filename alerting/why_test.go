package alerting

import (
	"testing"

	"wingmirror/monitor"
)

func TestWhy_ASubjectNeverSeenComesFromNowhere(t *testing.T) {
	for was, want := range map[monitor.Level]string{
		monitor.Unknown: "An incident began: the level is critical.",
		monitor.OK:      "An incident began: the level went from ok to critical.",
	} {
		if got := Why(monitor.Message{Kind: monitor.NoticeFire, Was: was, Level: monitor.Critical}); got != want {
			t.Errorf("from %v: %q, want %q", was, got, want)
		}
	}
}
