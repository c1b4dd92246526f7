package web

import (
	"testing"
	"time"
)

func TestRelative_IsRoundedToItsLargestUnit(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for ahead, want := range map[time.Duration]string{
		0: "now", 400 * time.Millisecond: "now", -time.Second: "1 s ago", 59 * time.Second: "in 59 s", 60 * time.Second: "in 1 min",
		2*time.Hour - 3*time.Second: "in 2 h", -90 * time.Second: "2 min ago", -89 * time.Second: "1 min ago", 59*time.Minute + 40*time.Second: "in 1 h",
		24 * time.Hour: "in 24 h", -47 * time.Hour: "2 d ago", 7 * 24 * time.Hour: "in 7 d",
	} {
		if got := relative(now.Add(ahead), now); got != want {
			t.Errorf("%v: %q, want %q", ahead, got, want)
		}
	}
}
