package crontab_test

import (
	"fmt"
	"time"

	"wingmirror/crontab"
)

func ExampleParse() {
	const monitorID = 42
	for _, spec := range []string{"30 2 * * MON-FRI", "0 0 12 ? * 6#3", "H/15 9-17 * * *", "0 0 30 2 *"} {
		schedule, err := crontab.Parse(spec, monitorID)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(schedule.Describe())
	}
	// Output:
	// At 02:30 on Monday through Friday
	// At 12:00 on the 3rd Friday of the month
	// At minutes 4, 19, 34 and 49 of hours 9 through 17 every day
	// day-of-month: 30 never comes in FEB
}

func ExampleSchedule_Next() {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		fmt.Println(err)
		return
	}
	nightly, err := crontab.Parse("30 2 * * *", 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	// On 8 March 2026 the clocks go from 02:00 to 03:00.
	next := time.Date(2026, 3, 7, 0, 0, 0, 0, zone)
	for range 3 {
		next = nightly.Next(next)
		fmt.Println(next.Format("Mon 15:04 MST"))
	}
	// Output:
	// Sat 02:30 EST
	// Sun 03:00 EDT
	// Mon 02:30 EDT
}
