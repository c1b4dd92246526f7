package crontab

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func mustParse(t *testing.T, spec string, seed uint64) Schedule {
	t.Helper()
	s, err := Parse(spec, seed)
	if err != nil {
		t.Fatalf("Parse(%q): %v", spec, err)
	}
	return s
}

// Specs that mean the same times, written as people write them, and as String
// writes them.
func TestParse_EqualMeaningsAreEqualSchedules(t *testing.T) {
	for _, row := range []struct{ spec, want string }{
		{"* * * * *", "* * * * *"},
		{"0-59 0-23 1-31 1-12 0-6", "* * * * *"},
		{"*/1 */1 */1 */1 */1", "* * * * *"},
		{"  5   4\t* * *\n", "5 4 * * *"},
		{"0 0,12 * * *", "0 0,12 * * *"},
		{"0 */12 * * *", "0 */12 * * *"},
		{"0 0/12 * * *", "0 */12 * * *"},
		{"5/20 * * * *", "5/20 * * * *"},
		{"0-30/10 * * * *", "0,10,20,30 * * * *"},
		{"0 0 * jan,DEC sun", "0 0 * 1,12 SUN"},
		{"0 0 * * 0", "0 0 * * SUN"},
		{"0 0 * * 7", "0 0 * * SUN"},
		{"0 0 * * 5-7", "0 0 * * SUN,FRI,SAT"},
		{"0 0 * * FRI-SUN", "0 0 * * SUN,FRI,SAT"},
		{"0 0 * * 0-7", "0 0 * * *"},
		{"0 0 ? * MON", "0 0 * * MON"},
		{"30 * * * * *", "30 * * * * *"},
		{"0 5 4 * * *", "5 4 * * *"},
		{"@hourly", "0 * * * *"},
		{"@Daily", "0 0 * * *"},
		{"@midnight", "0 0 * * *"},
		{"@weekly", "0 0 * * SUN"},
		{"@monthly", "0 0 1 * *"},
		{"@yearly", "0 0 1 1 *"},
		{"@annually", "0 0 1 1 *"},
		{"@every 90s", "@every 1m30s"},
		{"@every 1m30s", "@every 1m30s"},
		{"0 0 l * *", "0 0 L * *"},
		{"0 0 L,L-2,1w,lw * *", "0 0 L,L-2,1W,LW * *"},
		{"0 0 * * fri#2,MONL", "0 0 * * MONL,FRI#2"},
		{"0 0 * * 7#1", "0 0 * * SUN#1"},
		// Every day, whatever the other day field says: OR with all is all.
		{"0 0 1-31 * MON", "0 0 * * *"},
		{"0 0 13 * 0-6", "0 0 * * *"},
		// A star leaves the choice to the other field.
		{"0 0 * * MON", "0 0 * * MON"},
		{"0 0 */2 * MON", "0 0 */2 * MON"},
		{"0 0 13 * */2", "0 0 13 * */2"},
		{"0 0 13 * FRI", "0 0 13 * FRI"},
	} {
		s := mustParse(t, row.spec, 0)
		if got := s.String(); got != row.want {
			t.Errorf("Parse(%q) = %q, want %q", row.spec, got, row.want)
		}
		if back := mustParse(t, row.want, 99); back != s {
			t.Errorf("Parse(%q) is not Parse(%q)", row.want, row.spec)
		}
	}
}

func TestParse_QuartzSpecsCountFromSunday1(t *testing.T) {
	for _, row := range []struct{ spec, want string }{
		{"0 * * * * ?", "* * * * *"},
		{"0 30 * * * ?", "30 * * * *"},
		{"0 0 * * * ?", "0 * * * *"},
		{"0 0 13 * * ?", "0 13 * * *"},
		{"0 5 * * * ?", "5 * * * *"},
		{"0 0/5 14 * * ?", "*/5 14 * * *"},
		{"0 0 12 ? * 1", "0 12 * * SUN"},
		{"0 0 12 ? * 7", "0 12 * * SAT"},
		{"0 0 12 ? * 2-6", "0 12 * * MON-FRI"},
		{"0 0 12 ? * MON-FRI", "0 12 * * MON-FRI"},
		{"0 0 12 ? * fri-mon", "0 12 * * SUN,MON,FRI,SAT"},
		{"0 0 12 ? * L", "0 12 * * SAT"},
		{"0 15 10 ? * 6L", "15 10 * * FRIL"},
		{"0 15 10 ? * 6#3", "15 10 * * FRI#3"},
		{"0 15 10 L * ?", "15 10 L * *"},
		{"0 15 10 LW * ?", "15 10 LW * *"},
		{"0 15 10 15W * ?", "15 10 15W * *"},
		{"0 0 22-2 * * ?", "0 0-2,22,23 * * *"},
		{"0 0 0 ? NOV-FEB SUN", "0 0 * 1,2,11,12 SUN"},
		{"0 15 10 * * ? *", "15 10 * * *"},
		{"0 15 10 * * ? 2027", "0 15 10 * * ? 2027"},
		{"0 15 10 ? * MON 2027-2029,2031", "0 15 10 ? * MON 2027-2029,2031"},
		{"0 0 9 ? * 2 2028/2", "0 0 9 ? * MON " + everyOther(2028)},
		{"0 9 ? * 2", "0 9 * * MON"},
	} {
		s := mustParse(t, row.spec, 0)
		if got := s.String(); got != row.want {
			t.Errorf("Parse(%q) = %q, want %q", row.spec, got, row.want)
		}
		if back := mustParse(t, row.want, 99); back != s {
			t.Errorf("Parse(%q) is not Parse(%q)", row.want, row.spec)
		}
	}
}

func everyOther(from int) string {
	var all years
	for y := from; y <= lastYear; y += 2 {
		all[(y-firstYear)/64] |= 1 << ((y - firstYear) % 64)
	}
	return all.String()
}

// The delays of the schedules that Rearview's users had, from local midnight.
func TestNext_RearviewDelays(t *testing.T) {
	midnight := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	for spec, want := range map[string]time.Duration{
		"0 * * * * ?":  60 * time.Second,
		"0 30 * * * ?": 1800 * time.Second,
		"0 0 13 * * ?": 46800 * time.Second,
		"0 5 * * * ?":  300 * time.Second,
	} {
		if got := mustParse(t, spec, 0).Next(midnight).Sub(midnight); got != want {
			t.Errorf("%q: first run after %v, want %v", spec, got, want)
		}
	}
}

func TestParse_ErrorsNameFieldAndFix(t *testing.T) {
	for _, row := range []struct{ spec, field, want string }{
		{"", "", "empty; write five fields"},
		{"   ", "", "empty; write five fields"},
		{"nope", "", "1 field; write five fields"},
		{"abc", "", "1 field; write five fields"},
		{"* * * *", "", "4 fields; write five fields"},
		{"* * * * * * * *", "", "8 fields; write five fields"},
		{"75 * * * *", "minute", "minute: 75 is not between 0 and 59"},
		{"60 * * * *", "minute", "60 is not between 0 and 59; write 0"},
		{"* 24 * * *", "hour", "24 is not between 0 and 23; write 0"},
		{"* * 0 * *", "day-of-month", "0 is not between 1 and 31"},
		{"* * 32 * *", "day-of-month", "32 is not between 1 and 31"},
		{"* * * 13 *", "month", "13 is not between 1 and 12"},
		{"* * * 0 *", "month", "0 is not between 1 and 12"},
		{"* * * JUNE *", "month", `"JUNE" is neither a number from 1 to 12 nor one of JAN, FEB`},
		{"* * * * 8", "day-of-week", "8 is not between 0 and 7"},
		{"* * * * MONDAY", "day-of-week", `"MONDAY" is neither a number`},
		{"0 0 0 ? * 0", "day-of-week", "0 is not between 1 and 7; in a spec with ? Sunday is 1"},
		{"x * * * *", "minute", `"x" is not a number from 0 to 59`},
		{"-1 * * * *", "minute", "a value is missing"},
		{"1- * * * *", "minute", "a value is missing"},
		{"1,,2 * * * *", "minute", "an item is empty"},
		{"*/0 * * * *", "minute", `the step "0" is not a number from 1 on`},
		{"*/x * * * *", "minute", `the step "x" is not a number from 1 on`},
		{"*/60 * * * *", "minute", "a step of 60 never comes round within 0-59"},
		{"*/1000000 * * * *", "minute", "is not a number from 1 on"},
		{"0 22-2 * * *", "hour", "22-2 runs backwards; write 22-23,0-2"},
		{"0 0 * * SAT-TUE", "day-of-week", "write SAT-SAT,SUN-TUE"},
		{"? * * * *", "minute", "? is only for day-of-month and day-of-week"},
		{"0 10 * * ? *", "month", "? is only for day-of-month and day-of-week"},
		{"0 0 0 ? * ?", "day-of-week", "only one of the day fields may be ?"},
		{"0 0 0 * * * 2027", "", "seven fields are Quartz's form"},
		{"0 0 0 1 1 ? 1969", "year", "1969 is not between 1970 and 2161"},
		{"0 0 30 2 *", "day-of-month", "30 never comes in FEB"},
		{"0 0 31 4,6 *", "day-of-month", "31 never comes in APR, JUN"},
		{"0 0 0 29 2 ? 2027", "day-of-month", "29 never comes in FEB"},
		{"0 0 L-30 2 *", "day-of-month", "such a day never comes in FEB"},
		{"0 0 * * L", "day-of-week", "L alone is not understood; write SAT, or FRIL"},
		{"0 0 * * FRI#6", "day-of-week", "write FRI#3"},
		{"0 0 * * FOOL", "day-of-week", "write FRIL"},
		{"0 0 XW * *", "day-of-month", "write 15W"},
		{"0 0 L-31 * *", "day-of-month", "write L for the last day, L-3"},
		{"H(5 * * * *", "minute", "write H, H(0-59)"},
		{"H(9-5) * * * *", "minute", "runs backwards"},
		{"H(0-9)/20 * * * *", "minute", "a step of 20 does not fit into 0-9"},
		{"HELLO * * * *", "minute", "is not understood; write H"},
		{"@every", "", "write one duration behind @every"},
		{"@every soon", "", `"soon" is not a duration`},
		{"@every 500ms", "", "not a whole number of seconds"},
		{"@every -5m", "", "not a whole number of seconds"},
		{"@every 9000h", "", "longer than a year"},
		{"@reboot", "", `"@reboot" is none of @every`},
		{"@daily 5", "", "nothing may stand behind"},
		{"CRON_TZ=UTC * * * * *", "", "set the monitor's time zone"},
		{strings.Repeat("1,", 600) + "1 * * * *", "", "longer than 1000 characters"},
	} {
		_, err := Parse(row.spec, 0)
		problem, ok := errors.AsType[*Error](err)
		if !ok {
			t.Errorf("Parse(%q): error %v, want an *Error", row.spec, err)
			continue
		}
		if problem.Field != row.field || !strings.Contains(err.Error(), row.want) {
			t.Errorf("Parse(%q):\n got %s (%v)\nwant %s (%v)", row.spec, err, problem.Field, row.want, row.field)
		}
	}
}

func TestParse_ErrorsPointAtTheField(t *testing.T) {
	_, err := Parse("  0   30 99 * *", 0)
	if problem, ok := errors.AsType[*Error](err); !ok || problem.Column != 7 {
		t.Errorf("got %+v, want column 7", err)
	}
}

func TestParse_SpreadIsStableAndEven(t *testing.T) {
	hits := make(map[string]int)
	for seed := range uint64(6000) {
		s := mustParse(t, "H * * * *", seed)
		if again := mustParse(t, "H * * * *", seed); again != s {
			t.Fatalf("seed %d gave %s and %s", seed, s, again)
		}
		hits[s.String()]++
	}
	if len(hits) != 60 {
		t.Errorf("6000 seeds fell on %d minutes, want 60", len(hits))
	}
	for spec, n := range hits {
		if n < 50 || n > 150 {
			t.Errorf("%s has %d of 6000 seeds, want about 100", spec, n)
		}
	}
}

func TestParse_SpreadStaysInItsRange(t *testing.T) {
	for seed := range uint64(500) {
		s := mustParse(t, "H(10-29) H(2-4) H * H(1-5)", seed)
		if s.minute&^(1<<30-1<<10) != 0 || s.hour&^(1<<5-1<<2) != 0 {
			t.Fatalf("seed %d: %s is outside of minutes 10-29, hours 2-4", seed, s)
		}
		if s.day.month&^(1<<29-2) != 0 {
			t.Fatalf("seed %d: %s is on a day that some months do not have", seed, s)
		}
		if s.day.week&^0b0111110 != 0 {
			t.Fatalf("seed %d: %s is not on a working day", seed, s)
		}
		quarter := mustParse(t, "H/15 * * * *", seed)
		if start, step := openStep(quarter.minute, fieldOf(fieldMinute)); step != 15 || start > 14 {
			t.Fatalf("seed %d: H/15 became %s", seed, quarter)
		}
	}
	if a, b := mustParse(t, "H H * * *", 7), mustParse(t, "H H * * *", 8); a == b {
		t.Errorf("two seeds gave the same %s", a)
	}
}

func TestMinInterval_IsTheShortestDistance(t *testing.T) {
	for spec, want := range map[string]time.Duration{
		"* * * * * *":          time.Second,
		"*/10 * * * * *":       10 * time.Second,
		"0,55 * * * * *":       5 * time.Second,
		"* * * * *":            time.Minute,
		"*/5 * * * *":          5 * time.Minute,
		"*/7 * * * *":          4 * time.Minute,
		"0,59 * * * *":         time.Minute,
		"0,45 9,10 * * *":      15 * time.Minute,
		"0 * * * *":            time.Hour,
		"30 9,17 * * *":        8 * time.Hour,
		"0 0,23 * * *":         time.Hour,
		"0 0 1 1 *":            24 * time.Hour,
		"@every 90s":           90 * time.Second,
		"30 59 23 * * *":       24 * time.Hour,
		"0,30 0,59 0,23 * * *": 30 * time.Second,
	} {
		if got := mustParse(t, spec, 0).MinInterval(); got != want {
			t.Errorf("%q: %v, want %v", spec, got, want)
		}
	}
}

func TestDescribe_ReadsAsASentence(t *testing.T) {
	for _, row := range []struct{ spec, want string }{
		{"* * * * * *", "Every second"},
		{"*/10 * * * * *", "Every 10 seconds"},
		{"5,20 * * * * *", "At seconds 5 and 20 of every minute"},
		{"*/10 0-5 9 * * *", "Every 10 seconds of minutes 0 through 5 of hour 9"},
		{"30 * * * * *", "Every minute at second 30"},
		{"30 15 * * * *", "At second 30 of minute 15 of every hour"},
		{"30 15 2 * * *", "At 02:15:30 every day"},
		{"* * * * *", "Every minute"},
		{"* 9-17 * * *", "Every minute from 09:00 through 17:59 every day"},
		{"*/5 * * * *", "Every 5 minutes"},
		{"*/15 9-17 * * 1-5", "Every 15 minutes from 09:00 through 17:45 on Monday through Friday"},
		{"*/15 9,12 * * *", "Every 15 minutes of hours 9 and 12 every day"},
		{"7/15 * * * *", "At minutes 7, 22, 37 and 52 of every hour"},
		{"0 * * * *", "Every hour, on the hour"},
		{"17 * * * *", "Every hour at minute 17"},
		{"17 */2 * * *", "Every 2 hours from 00:17"},
		{"0 9-17 * * MON-FRI", "Every hour from 09:00 through 17:00 on Monday through Friday"},
		{"30 2 * * *", "At 02:30 every day"},
		{"30 2 * * MON-FRI", "At 02:30 on Monday through Friday"},
		{"0,30 9,17 * * *", "At 09:00, 09:30, 17:00 and 17:30 every day"},
		{"0 0 * * SAT,SUN", "At 00:00 on Saturday and Sunday"},
		{"0 0 1 * *", "At 00:00 on the 1st of the month"},
		{"0 0 1,15 * FRI", "At 00:00 on the 1st and 15th of the month and on Friday"},
		{"0 0 */2 * 1", "At 00:00 on every 2nd day from the 1st of the month when that is Monday"},
		{"0 0 1 1,7 *", "At 00:00 on the 1st of the month in January and July"},
		{"0 0 * 6-8 *", "At 00:00 every day in June through August"},
		{"0 12 L * *", "At 12:00 on the last day of the month"},
		{"0 12 L-1 * *", "At 12:00 on the 2nd-to-last day of the month"},
		{"0 12 LW * *", "At 12:00 on the last weekday of the month"},
		{"0 12 15W * *", "At 12:00 on the weekday nearest to the 15th of the month"},
		{"0 12 * * FRI#3", "At 12:00 on the 3rd Friday of the month"},
		{"0 12 * * FRIL,MON", "At 12:00 on Monday and the last Friday of the month"},
		{"0 0 12 * * ? 2027-2029", "At 12:00 every day in 2027 through 2029"},
		{"@every 90s", "Every 90 seconds"},
		{"@every 1m", "Every minute"},
		{"@every 2h30m", "Every 2 hours 30 minutes"},
		{"@every 24h", "Every day"},
	} {
		if got := mustParse(t, row.spec, 0).Describe(); got != row.want {
			t.Errorf("%q:\n got %q\nwant %q", row.spec, got, row.want)
		}
	}
}
