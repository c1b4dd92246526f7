package monitor_test

import (
	"fmt"
	"time"

	"wingmirror/monitor"
)

func ExampleMoment() {
	at := time.Date(2026, 11, 21, 15, 54, 12, 345, time.UTC)
	fmt.Println(monitor.Moment(at))
	fmt.Println(monitor.Moment(at.In(time.FixedZone("CET", 3600))))
	fmt.Println(monitor.Moment(time.Time{}))
	// Output:
	// 2026-11-21 15:54:12 UTC
	// 2026-11-21 16:54:12 CET
	// never
}
