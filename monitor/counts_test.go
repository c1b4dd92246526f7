package monitor

import (
	"errors"
	"testing"
)

func TestParseCounts_RoundTrip(t *testing.T) {
	for _, text := range []string{"all", "majority", "weight 2", "weight 0.5", "capped DC3", "ignored"} {
		counts, err := ParseCounts(text)
		if err != nil || counts.String() != text {
			t.Errorf("%q: %+v, %v", text, counts, err)
		}
	}
	for _, text := range []string{"weight", "weight 0", "weight -1", "weight NaN", "capped", "capped DC9", "capped to DC3", "all 2"} {
		if _, err := ParseCounts(text); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: got %v, want a field error", text, err)
		}
	}
}
