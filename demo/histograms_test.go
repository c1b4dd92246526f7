package demo_test

import (
	"testing"
	"time"

	"wingmirror/demo"
	"wingmirror/monitor"
)

func TestHistograms_AreValidAndEndYesterday(t *testing.T) {
	now := time.Date(2026, 5, 12, 15, 0, 0, 0, time.UTC)
	for _, h := range demo.Histograms(now) {
		if err := monitor.ValidateProbe(h.Probe); err != nil {
			t.Errorf("%s: %v", h.Probe.Name, err)
		}
		for _, p := range h.Periods {
			if err := p.Check(); err != nil || p.Total() < 5000 {
				t.Errorf("%s of %v: %v, %v values", h.Probe.Name, p.At, err, p.Total())
			}
		}
		if last := h.Periods[len(h.Periods)-1].At; !last.Equal(time.Date(2026, 5, 11, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s ends on %v", h.Probe.Name, last)
		}
	}
}
