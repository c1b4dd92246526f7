package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"wingmirror/monitor"
)

// parseTimestamp reads a time as people and files write it: RFC 3339, the same
// without a zone, which is then zone, or epoch seconds. The result is in zone.
func parseTimestamp(text string, zone *time.Location) (time.Time, error) {
	text = strings.TrimSpace(text)
	// Epochs before 2001 in milliseconds would be dates after 33658 in seconds.
	if epoch, err := strconv.ParseFloat(text, 64); err == nil && math.Abs(epoch) < 1e15 {
		if math.Abs(epoch) >= 1e12 {
			epoch /= 1000
		}
		whole, part := math.Modf(epoch)
		return time.Unix(int64(whole), int64(part*1e9)).In(zone), nil
	}
	for _, layout := range []string{
		time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04:05Z07:00",
		"2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02",
	} {
		if at, err := time.ParseInLocation(layout, text, zone); err == nil {
			return at.In(zone), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time such as 2026-11-21T03:00:00Z", monitor.Cut(text, 60))
}
