package crontab

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	location, err := time.LoadLocation(name)
	if err != nil {
		t.Skipf("no time zone database: %v", err)
	}
	return location
}

const stamp = "2006-01-02 15:04:05 -0700"

// Every row gives the runs from a time on, in order.
func TestNext_DefinedOverChangesOfTheClocks(t *testing.T) {
	for _, row := range []struct {
		rule, zone, spec, after string
		want                    []string
	}{
		{"a fixed time in the gap runs once, right after it", "America/New_York", "30 2 * * *", "2026-03-07 12:00:00 -0500", []string{
			"2026-03-08 03:00:00 -0400", "2026-03-09 02:30:00 -0400"}},
		{"several fixed times in one gap run once together", "America/New_York", "0,15,30 2 * * *", "2026-03-07 12:00:00 -0500", []string{
			"2026-03-08 03:00:00 -0400", "2026-03-09 02:00:00 -0400"}},
		{"a fixed time right after the gap is not doubled", "America/New_York", "0 2,3 * * *", "2026-03-07 12:00:00 -0500", []string{
			"2026-03-08 03:00:00 -0400", "2026-03-09 02:00:00 -0400", "2026-03-09 03:00:00 -0400"}},
		{"a fixed time that comes twice runs the first time", "America/New_York", "30 1 * * *", "2026-10-31 12:00:00 -0400", []string{
			"2026-11-01 01:30:00 -0400", "2026-11-02 01:30:00 -0500"}},
		{"also when asked between the two", "America/New_York", "30 1 * * *", "2026-11-01 01:40:00 -0400", []string{
			"2026-11-02 01:30:00 -0500"}},
		{"also when asked in the second", "America/New_York", "30 1 * * *", "2026-11-01 01:10:00 -0500", []string{
			"2026-11-02 01:30:00 -0500"}},
		{"an hourly schedule runs in both hours", "America/New_York", "0 * * * *", "2026-11-01 00:30:00 -0400", []string{
			"2026-11-01 01:00:00 -0400", "2026-11-01 01:00:00 -0500", "2026-11-01 02:00:00 -0500"}},
		{"an hourly schedule passes the gap", "America/New_York", "0 * * * *", "2026-03-08 00:30:00 -0500", []string{
			"2026-03-08 01:00:00 -0500", "2026-03-08 03:00:00 -0400", "2026-03-08 04:00:00 -0400"}},
		{"a minute schedule never pauses", "America/New_York", "*/30 * * * *", "2026-11-01 00:59:00 -0400", []string{
			"2026-11-01 01:00:00 -0400", "2026-11-01 01:30:00 -0400", "2026-11-01 01:00:00 -0500", "2026-11-01 01:30:00 -0500", "2026-11-01 02:00:00 -0500"}},
		{"a rhythm within a hour that is left out is left out", "America/New_York", "*/20 2 * * *", "2026-03-07 12:00:00 -0500", []string{
			"2026-03-09 02:00:00 -0400"}},
		{"a named hour within the second hour waits for the next day", "America/New_York", "0 1 * * *", "2026-11-01 00:00:00 -0400", []string{
			"2026-11-01 01:00:00 -0400", "2026-11-02 01:00:00 -0500"}},
		{"the day's restriction holds for the time in the gap", "America/New_York", "30 2 * * MON", "2026-03-07 12:00:00 -0500", []string{
			"2026-03-09 02:30:00 -0400"}},

		{"Berlin springs forward at two", "Europe/Berlin", "30 2 * * *", "2026-03-28 12:00:00 +0100", []string{
			"2026-03-29 03:00:00 +0200", "2026-03-30 02:30:00 +0200"}},
		{"Berlin falls back at three", "Europe/Berlin", "30 2 * * *", "2026-10-24 12:00:00 +0200", []string{
			"2026-10-25 02:30:00 +0200", "2026-10-26 02:30:00 +0100"}},
		{"London springs forward at one", "Europe/London", "30 1 * * *", "2026-03-28 12:00:00 +0000", []string{
			"2026-03-29 02:00:00 +0100", "2026-03-30 01:30:00 +0100"}},
		{"London falls back at two", "Europe/London", "30 1 * * *", "2026-10-24 12:00:00 +0100", []string{
			"2026-10-25 01:30:00 +0100", "2026-10-26 01:30:00 +0000"}},

		{"half an hour is left out on Lord Howe Island", "Australia/Lord_Howe", "15 2 * * *", "2026-10-03 12:00:00 +1030", []string{
			"2026-10-04 02:30:00 +1100", "2026-10-05 02:15:00 +1100"}},
		{"a time behind the half hour is on time", "Australia/Lord_Howe", "45 2 * * *", "2026-10-03 12:00:00 +1030", []string{
			"2026-10-04 02:45:00 +1100"}},
		{"half an hour comes twice on Lord Howe Island", "Australia/Lord_Howe", "45 1 * * *", "2026-04-04 12:00:00 +1100", []string{
			"2026-04-05 01:45:00 +1100", "2026-04-06 01:45:00 +1030"}},
		{"a rhythm follows the clock through both half hours", "Australia/Lord_Howe", "*/15 * * * *", "2026-04-05 01:29:00 +1100", []string{
			"2026-04-05 01:30:00 +1100", "2026-04-05 01:45:00 +1100", "2026-04-05 01:30:00 +1030", "2026-04-05 01:45:00 +1030", "2026-04-05 02:00:00 +1030"}},

		{"Apia had no 30 December 2011", "Pacific/Apia", "0 12 * * *", "2011-12-29 00:00:00 -1000", []string{
			"2011-12-29 12:00:00 -1000", "2011-12-31 00:00:00 +1400", "2011-12-31 12:00:00 +1400"}},
		{"a schedule of the day that was left out alone runs right after", "Pacific/Apia", "0 12 30 12 *", "2011-12-29 00:00:00 -1000", []string{
			"2011-12-31 00:00:00 +1400", "2012-12-30 12:00:00 +1400"}},
		{"a rhythm passes over the day", "Pacific/Apia", "0 */12 * * *", "2011-12-29 01:00:00 -1000", []string{
			"2011-12-29 12:00:00 -1000", "2011-12-31 00:00:00 +1400"}},

		{"Sao Paulo had no midnight on the first day of summer time", "America/Sao_Paulo", "0 0 * * *", "2018-11-03 12:00:00 -0300", []string{
			"2018-11-04 01:00:00 -0200", "2018-11-05 00:00:00 -0200"}},
		{"Sao Paulo had the hour before midnight twice", "America/Sao_Paulo", "30 23 * * *", "2018-02-17 12:00:00 -0200", []string{
			"2018-02-17 23:30:00 -0200", "2018-02-18 23:30:00 -0300"}},
		{"the weekday of a midnight that was left out counts", "America/Sao_Paulo", "0 0 * * SUN", "2018-11-03 12:00:00 -0300", []string{
			"2018-11-04 01:00:00 -0200", "2018-11-11 00:00:00 -0200"}},

		{"Kathmandu is at a quarter to", "Asia/Kathmandu", "0 0 * * *", "2026-01-01 12:00:00 +0545", []string{
			"2026-01-02 00:00:00 +0545", "2026-01-03 00:00:00 +0545"}},
		{"UTC never changes", "UTC", "30 2 * * *", "2026-03-07 12:00:00 +0000", []string{
			"2026-03-08 02:30:00 +0000", "2026-03-09 02:30:00 +0000"}},
		{"every is by the epoch, in any zone", "America/New_York", "@every 45m", "2026-03-08 01:00:00 -0500", []string{
			"2026-03-08 01:45:00 -0500", "2026-03-08 03:30:00 -0400"}},
	} {
		after, err := time.ParseInLocation(stamp, row.after, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		next := after.In(zone(t, row.zone))
		s := mustParse(t, row.spec, 0)
		for _, want := range row.want {
			next = s.Next(next)
			if got := next.Format(stamp); got != want {
				t.Errorf("%s: %s in %s: got %s, want %s", row.rule, row.spec, row.zone, got, want)
				break
			}
		}
	}
}

func TestNext_Calendar(t *testing.T) {
	for _, row := range []struct{ spec, after, want string }{
		{"0 0 29 2 *", "2026-01-01", "2028-02-29"},
		{"0 0 29 2 *", "2096-03-01", "2104-02-29"},
		{"0 0 31 * *", "2026-02-01", "2026-03-31"},
		{"0 0 L 2 *", "2027-02-01", "2027-02-28"},
		{"0 0 L 2 *", "2028-02-01", "2028-02-29"},
		{"0 0 L-1 4 *", "2026-01-01", "2026-04-29"},
		{"0 0 LW * *", "2026-05-01", "2026-05-29"}, // the 31st is a Sunday
		{"0 0 1W * *", "2026-07-31", "2026-08-03"}, // the 1st is a Saturday, and July is left alone
		{"0 0 31W * *", "2026-05-01", "2026-05-29"},
		{"0 0 15W * *", "2026-03-01", "2026-03-16"}, // a Sunday
		{"0 0 15W * *", "2026-08-01", "2026-08-14"}, // a Saturday
		{"0 0 * * FRI#5", "2026-02-01", "2026-05-29"},
		{"0 0 * * MON#1", "2026-06-01", "2026-07-06"},
		{"0 0 * * FRIL", "2026-02-01", "2026-02-27"},
		{"0 0 13 * FRI", "2026-02-08", "2026-02-13"},
		{"0 0 13 * FRI", "2026-02-13", "2026-02-20"},   // either
		{"0 0 */13 * FRI", "2026-02-01", "2026-02-27"}, // both: 1, 14, 27
		{"0 0 29 2 */6", "2026-01-01", "2032-02-29"},   // a Sunday
		{"0 0 0 1 1 ? 2030", "2026-01-01", "2030-01-01"},
	} {
		after, err := time.Parse(time.DateOnly, row.after)
		if err != nil {
			t.Fatal(err)
		}
		if got := mustParse(t, row.spec, 0).Next(after).Format(time.DateOnly); got != row.want {
			t.Errorf("%s after %s: got %s, want %s", row.spec, row.after, got, row.want)
		}
	}
}

func TestNext_ZeroWhenThereIsNoMore(t *testing.T) {
	after := time.Date(2031, 1, 1, 0, 0, 0, 0, zone(t, "Europe/Berlin"))
	if next := mustParse(t, "0 0 0 1 1 ? 2030", 0).Next(after); !next.IsZero() {
		t.Errorf("got %v, want no time", next)
	}
	if next := (Schedule{}).Next(after); !next.IsZero() {
		t.Errorf("zero schedule: got %v, want no time", next)
	}
	if last := (Schedule{}).Last(after); !last.IsZero() {
		t.Errorf("zero schedule: last %v, want no time", last)
	}
}

func TestNext_KeepsLocationAndDropsFractions(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	got := mustParse(t, "* * * * * *", 0).Next(time.Date(2026, 1, 1, 0, 0, 0, 999, berlin))
	if want := time.Date(2026, 1, 1, 0, 0, 1, 0, berlin); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestLast_IsTheNewestAtOrBefore(t *testing.T) {
	for _, row := range []struct{ zone, spec, at, want string }{
		{"UTC", "* * * * * *", "2026-03-08 12:00:07 +0000", "2026-03-08 12:00:07 +0000"},
		{"UTC", "*/5 * * * *", "2026-03-08 12:04:59 +0000", "2026-03-08 12:00:00 +0000"},
		{"UTC", "* * * * * *", "2026-03-08 12:05:00 +0000", "2026-03-08 12:05:00 +0000"},
		{"UTC", "* * 1 1 *", "2026-03-08 12:00:00 +0000", "2026-01-01 23:59:00 +0000"},
		{"UTC", "0 0 29 2 *", "2026-03-08 12:00:00 +0000", "2024-02-29 00:00:00 +0000"},
		{"UTC", "@every 7m", "2026-03-08 12:06:59 +0000", "2026-03-08 12:00:00 +0000"},
		{"America/New_York", "30 2 * * *", "2026-03-08 12:00:00 -0400", "2026-03-08 03:00:00 -0400"},
		{"America/New_York", "30 1 * * *", "2026-11-01 12:00:00 -0500", "2026-11-01 01:30:00 -0400"},
	} {
		at, err := time.Parse(stamp, row.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := mustParse(t, row.spec, 0).Last(at.In(zone(t, row.zone))).Format(stamp); got != row.want {
			t.Errorf("%s in %s at %s: got %s, want %s", row.spec, row.zone, row.at, got, row.want)
		}
	}
}

// An oracle that knows nothing but the calendar of package time: it looks at
// every second, or minute, and asks what the wall shows.

// shows reports whether the schedule names the time on the wall.
func (s Schedule) shows(wall time.Time) bool {
	has := func(set uint64, value int) bool { return set>>value&1 == 1 }
	return has(s.second, wall.Second()) && has(s.minute, wall.Minute()) && has(uint64(s.hour), wall.Hour()) &&
		has(uint64(s.month), int(wall.Month())) && s.year.has(wall.Year()) && s.day.names(wall)
}

// names reports whether the day fields name the wall's day.
func (d days) names(wall time.Time) bool {
	noon := time.Date(wall.Year(), wall.Month(), wall.Day(), 12, 0, 0, 0, time.UTC)
	last := time.Date(wall.Year(), wall.Month()+1, 0, 12, 0, 0, 0, time.UTC)
	weekend := func(day time.Time) bool { return day.Weekday() == time.Saturday || day.Weekday() == time.Sunday }
	month := d.anyMonthDay || d.month>>noon.Day()&1 == 1 || d.fromEnd>>(last.Day()-noon.Day())&1 == 1
	for n := 1; n <= last.Day(); n++ {
		if d.nearest>>n&1 == 0 {
			continue
		}
		for _, move := range []int{0, -1, 1, -2, 2} {
			day := time.Date(wall.Year(), wall.Month(), n+move, 12, 0, 0, 0, time.UTC)
			if !weekend(day) && day.Month() == noon.Month() {
				month = month || day.Equal(noon)
				break
			}
		}
	}
	if d.lastWork {
		day := last
		for weekend(day) {
			day = day.AddDate(0, 0, -1)
		}
		month = month || day.Equal(noon)
	}
	w := int(noon.Weekday())
	week := d.anyWeekDay || d.week>>w&1 == 1 || d.nth[(noon.Day()-1)/7]>>w&1 == 1 ||
		d.lastWeek>>w&1 == 1 && noon.AddDate(0, 0, 7).Month() != noon.Month()
	if d.either {
		return month || week
	}
	return month && week
}

// dueAt reports whether the schedule is due at t, which is a multiple of grain
// seconds, as is everything that it names.
func (s Schedule) dueAt(t time.Time, grain int) bool {
	onWall := func(t time.Time) time.Time {
		_, offset := t.Zone()
		return time.Unix(t.Unix()+int64(offset), 0).UTC()
	}
	wall := onWall(t)
	if s.follows {
		return s.shows(wall)
	}
	step := time.Duration(grain) * time.Second
	for skipped := onWall(t.Add(-step)).Add(step); skipped.Before(wall); skipped = skipped.Add(step) {
		if s.shows(skipped) {
			return true
		}
	}
	if !s.shows(wall) {
		return false
	}
	for back := 15 * time.Minute; back <= 25*time.Hour; back += 15 * time.Minute {
		if onWall(t.Add(-back)).Equal(wall) {
			return false
		}
	}
	return true
}

// checkAgainstOracle walks the oracle from a time on and compares.
func checkAgainstOracle(t *testing.T, s Schedule, from time.Time, steps int) {
	t.Helper()
	grain := 60
	if s.second != 1 {
		grain = 1
	}
	at := time.Unix(floorDiv(from.Unix(), 60)*60, 0).In(from.Location())
	next := s.Next(at)
	for range steps {
		at = at.Add(time.Duration(grain) * time.Second)
		due := s.dueAt(at, grain)
		if due != at.Equal(next) {
			t.Fatalf("%s in %s at %s: due is %v, Next says %s", s, at.Location(), at.Format(stamp), due, next.Format(stamp))
		}
		if due {
			if last := s.Last(at.Add(time.Duration(grain)*time.Second - 1)); !last.Equal(at) {
				t.Fatalf("%s in %s: Last says %s, due was %s", s, at.Location(), last.Format(stamp), at.Format(stamp))
			}
			if next = s.Next(at); !next.IsZero() && !next.After(at) {
				t.Fatalf("%s: Next(%s) is %s, not later", s, at.Format(stamp), next.Format(stamp))
			}
		}
	}
}

// randomSpec writes a spec of every form there is.
func randomSpec(r *rand.Rand) string {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	number := func(lo, hi int) int { return lo + r.IntN(hi-lo+1) }
	wheel := func(hi int) string {
		a, b := number(0, hi), number(0, hi)
		return pick("*", "*", fmt.Sprint(a), fmt.Sprint(a), fmt.Sprintf("*/%d", number(1, hi)), fmt.Sprintf("%d/%d", a, number(1, hi)),
			fmt.Sprintf("%d-%d", min(a, b), max(a, b)), fmt.Sprintf("%d,%d", a, b), "H", fmt.Sprintf("H/%d", number(1, hi)))
	}
	day := pick("*", "*", "*", fmt.Sprint(number(1, 31)), "L", "LW", "L-3", fmt.Sprintf("%dW", number(1, 28)), "*/2", "1-15", "H", "31,L,2W")
	month := pick("*", "*", "*", "1-6", "3,10,11", "*/2")
	week := pick("*", "*", "*", "MON-FRI", "SUN", "FRI#2", "MON#5", "SATL", "*/2", "1,3,5L", "FRI-SUN")
	spec := strings.Join([]string{wheel(59), pick("*", wheel(23), fmt.Sprint(number(0, 3))), day, month, week}, " ")
	if r.IntN(4) == 0 {
		spec = wheel(59) + " " + spec
	}
	return spec
}

func oracleZones() []string {
	return []string{"America/New_York", "Europe/Berlin", "Europe/London", "Australia/Lord_Howe", "America/Sao_Paulo",
		"Asia/Kathmandu", "UTC", "Africa/Casablanca", "America/St_Johns", "Pacific/Apia", "Antarctica/Troll", "Africa/Cairo"}
}

// nearChange returns a time within a day before some change of the clocks.
func nearChange(r *rand.Rand, location *time.Location) time.Time {
	at := time.Unix(1_200_000_000+r.Int64N(900_000_000), 0).In(location)
	if _, end := at.ZoneBounds(); !end.IsZero() {
		at = end.In(location)
	}
	return at.Add(-time.Duration(r.Int64N(int64(26 * time.Hour))))
}

func TestNext_AgreesWithBruteForce(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	zones := oracleZones()
	tried := 0
	for tried < 400 {
		spec := randomSpec(r)
		s, err := Parse(spec, r.Uint64())
		if err != nil {
			continue
		}
		tried++
		location := zone(t, zones[tried%len(zones)])
		checkAgainstOracle(t, s, nearChange(r, location), 4000)
	}
}

func FuzzNext_AgreesWithBruteForce(f *testing.F) {
	f.Add("30 2 * * *", uint64(1), int64(1772928000), 0)
	f.Add("*/7 H(0-3) L,15W * FRI#2", uint64(9), int64(1793484000), 3)
	f.Add("*/10 0/5 1 ? * 2-6", uint64(9), int64(1324900000), 9)
	zones := oracleZones()
	f.Fuzz(func(t *testing.T, spec string, seed uint64, unix int64, index int) {
		s, err := Parse(spec, seed)
		if err != nil || s.every > 0 {
			return
		}
		location := zone(t, zones[uint(index)%uint(len(zones))])
		from := time.Unix(unix%1_500_000_000, 0)
		if from.Unix() < 600_000_000 { // before that, zones were off by odd seconds
			from = from.Add(600_000_000 * time.Second)
		}
		checkAgainstOracle(t, s, from.In(location), 3000)
	})
}

func FuzzParse_WhatIsAcceptedWorks(f *testing.F) {
	for _, spec := range []string{"* * * * *", "0 30 * * * ?", "@every 90s", "H/15 H(0-3) L-3,LW,1W JAN-MAR FRI#3,2L", "0 0 0 ? * 7 2027/3", "*/7 22-23 */2 * */2", "@daily"} {
		f.Add(spec, uint64(3), int64(1772928000))
	}
	berlin := zone(f, "Europe/Berlin")
	f.Fuzz(func(t *testing.T, spec string, seed uint64, unix int64) {
		s, err := Parse(spec, seed)
		if err != nil {
			if len(err.Error()) > 300 {
				t.Fatalf("%q: an error of %d bytes", spec, len(err.Error()))
			}
			return
		}
		if back, err := Parse(s.String(), seed+1); err != nil || back != s {
			t.Fatalf("%q became %q, which became %q (%v)", spec, s, back, err)
		}
		if text := s.Describe(); text == "" || strings.ContainsAny(text, "*?#%") {
			t.Fatalf("%q: described as %q", spec, text)
		}
		if s.MinInterval() < time.Second {
			t.Fatalf("%q: shortest interval %v", spec, s.MinInterval())
		}
		at := time.Unix(unix%4_000_000_000, 0).In(berlin)
		next := s.Next(at)
		if next.IsZero() {
			if s.year == (years{}) {
				t.Fatalf("%q: never due after %v", spec, at)
			}
			return
		}
		if !next.After(at) || next.Nanosecond() != 0 {
			t.Fatalf("%q: Next(%v) is %v", spec, at, next)
		}
		if last := s.Last(next); !last.Equal(next) && next.Sub(at) < 30*365*24*time.Hour {
			t.Fatalf("%q: Last(%v) is %v", spec, next, last)
		}
	})
}

func BenchmarkNext(b *testing.B) {
	berlin := zone(b, "Europe/Berlin")
	at := time.Date(2026, 3, 28, 12, 0, 0, 0, berlin)
	for _, spec := range []string{"* * * * *", "30 2 * * MON-FRI", "0 0 29 2 *"} {
		s, err := Parse(spec, 0)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(spec, func(b *testing.B) {
			for b.Loop() {
				s.Next(at)
			}
		})
	}
}

func TestNext_PassesTheLastDayOfLeapYears(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ spec, want string }{
		{"0 22 * * 5", "2049-01-01T22:00:00+01:00"},
		{"0 0 1 1 *", "2049-01-01T00:00:00+01:00"},
		{"30 1 31 12 *", "2048-12-31T01:30:00+01:00"},
		{"0 22 31 12 *", "2048-12-31T22:00:00+01:00"},
		{"0 0 0 2 1 ? 2049", "2049-01-02T00:00:00+01:00"},
	} {
		s, err := Parse(row.spec, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Next(time.Date(2048, 12, 30, 22, 0, 0, 0, berlin)).Format(time.RFC3339); got != row.want {
			t.Errorf("%s: next after 30 December 2048 is %s, want %s", row.spec, got, row.want)
		}
	}
}
