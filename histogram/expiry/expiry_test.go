package expiry_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"wingmirror/histogram/cerberus"
	"wingmirror/histogram/expiry"
	"wingmirror/monitor"
)

func readCase(t *testing.T, name string, into any) {
	t.Helper()
	dir := os.Getenv("WINGMIRROR_CASES")
	if dir == "" {
		t.Skip("WINGMIRROR_CASES names no directory of recorded cases")
	}
	data, err := os.ReadFile(filepath.Join(dir, "cerberus", name))
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func day(text string) time.Time {
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return at
}

func TestCases_CompareVersions(t *testing.T) {
	var rows []struct {
		A, B string
		Cmp  int
	}
	readCase(t, "version_compare_cases.json", &rows)
	for _, row := range rows {
		if got := expiry.Compare(row.A, row.B); got != row.Cmp {
			t.Errorf("%s with %s: got %d, want %d", row.A, row.B, got, row.Cmp)
		}
		if got := expiry.Compare(row.B, row.A); got != -row.Cmp {
			t.Errorf("%s with %s: got %d, want %d", row.B, row.A, got, -row.Cmp)
		}
	}
}

func TestCases_Calendar(t *testing.T) {
	var row struct {
		HTML  string
		Dates expiry.Calendar `json:"release_dates"`
	}
	readCase(t, "calendar_parse.json", &row)
	got, err := expiry.ParseCalendar([]byte(row.HTML))
	if err != nil || !maps.Equal(got, row.Dates) {
		t.Errorf("%v: got %v, want %v", err, got, row.Dates)
	}
}

// sortedMails puts a preview's mails in order: the original's had none.
func sortedMails(preview string) string {
	mails := strings.Split(preview, "Email notification for ")
	slices.Sort(mails)
	return strings.Join(mails, "Email notification for ")
}

func TestCases_ExpiringAndTheirMails(t *testing.T) {
	var all struct {
		Probes cerberus.Definitions
		Dates  expiry.Calendar `json:"release_dates"`
		Runs   []struct {
			Today     string
			Expired   []string `json:"expired_now"`
			SixWeeks  []string `json:"expiring_at_six_weeks"`
			TwoWeeks  []string `json:"expiring_at_two_weeks"`
			PreviewIn string   `json:"preview_six_weeks"`
			PreviewIt string   `json:"preview_two_weeks"`
		}
	}
	readCase(t, "expiring_cases.json", &all)
	var probes []monitor.Probe
	for name, d := range all.Probes {
		probes = append(probes, d.Probe(name))
	}
	names := func(rs []expiry.Reminder) []string {
		out := []string{}
		for _, r := range rs {
			out = append(out, r.Name)
		}
		return out
	}
	for _, run := range all.Runs {
		today := day(run.Today)
		if got := names(expiry.Expired(probes, all.Dates, today)); !slices.Equal(got, run.Expired) {
			t.Errorf("%s: expired %v, want %v", run.Today, got, run.Expired)
		}
		batches, _ := expiry.Plan(probes, all.Dates, expiry.Lists{General: "dev-telemetry-alerts@lists.mozilla.org", Sheriffs: "sheriffs@mozilla.org"}, expiry.State{}, today)
		found, preview := map[string][]string{}, map[string]string{}
		for _, b := range batches {
			found[b.Wave.Name] = names(b.Reminders)
			preview[b.Wave.Name] = expiry.Preview(b.Mails)
		}
		if !slices.Equal(found["six weeks"], run.SixWeeks) || !slices.Equal(found["two weeks"], run.TwoWeeks) {
			t.Errorf("%s: expiring %v, want %v and %v", run.Today, found, run.SixWeeks, run.TwoWeeks)
		}
		if sortedMails(preview["six weeks"]) != sortedMails(run.PreviewIn) || sortedMails(preview["two weeks"]) != sortedMails(run.PreviewIt) {
			t.Errorf("%s: preview\n%s\nwant\n%s", run.Today, preview["six weeks"], run.PreviewIn)
		}
	}
}

var (
	calendar = expiry.Calendar{"50.0a1": "2026-06-01", "51.0a1": "2026-07-13"}
	probes   = []monitor.Probe{{Name: "A", Expires: "50", Owners: []string{"a@example.com"}}, {Name: "B", Expires: "never"}, {Name: "C", Expires: "51"}}
)

// told runs Plan on each day and returns what was told, as "day wave name".
func told(state expiry.State, probes []monitor.Probe, days ...string) ([]string, expiry.State) {
	var all []string
	for _, d := range days {
		var batches []expiry.Batch
		batches, state = expiry.Plan(probes, calendar, expiry.Lists{}, state, day(d))
		for _, b := range batches {
			for _, r := range b.Reminders {
				all = append(all, d+" "+b.Wave.Name+" "+r.Name)
			}
		}
	}
	return all, state
}

func TestPlan_EachWaveOnceOnItsDay(t *testing.T) {
	var days []string
	for d := day("2026-04-01"); d.Before(day("2026-07-20")); d = d.AddDate(0, 0, 1) {
		days = append(days, d.Format(time.DateOnly))
	}
	got, _ := told(expiry.State{}, probes, days...)
	want := "2026-04-20 six weeks A, 2026-05-18 two weeks A, 2026-06-01 six weeks C, 2026-06-29 two weeks C"
	if strings.Join(got, ", ") != want {
		t.Errorf("got %v\nwant %s", got, want)
	}
}

func TestPlan_AMissedDayIsMadeUp(t *testing.T) {
	got, _ := told(expiry.State{}, probes, "2026-04-18", "2026-04-23", "2026-04-24", "2026-05-30")
	want := "2026-04-23 six weeks A, 2026-05-30 two weeks A"
	if strings.Join(got, ", ") != want {
		t.Errorf("got %v\nwant %s", got, want)
	}
}

func TestPlan_TheFirstRunTellsOnlyWhatIsDueThatDay(t *testing.T) {
	if got, _ := told(expiry.State{}, probes, "2026-04-25", "2026-04-26"); len(got) > 0 {
		t.Errorf("got %v", got)
	}
}

func TestPlan_ANewVersionIsNoticed(t *testing.T) {
	_, state := told(expiry.State{}, probes, "2026-04-18", "2026-04-24")
	earlier := slices.Clone(probes)
	earlier[1].Expires = "50.0"
	got, _ := told(state, earlier, "2026-04-25", "2026-04-26")
	if strings.Join(got, ", ") != "2026-04-25 six weeks B" {
		t.Errorf("got %v", got)
	}
}

func TestParseCalendar_SaysWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		`{"50": "soon"}`: `calendar: 50: "soon" is no date; write YYYY-MM-DD`,
		`{"50": 3}`:      "calendar: is no JSON object of versions and dates",
		`<p>nothing</p>`: "calendar: has no release date",
		``:               "calendar: has no release date",
	} {
		if _, err := expiry.ParseCalendar([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func FuzzParseCalendar_NeverPanics(f *testing.F) {
	f.Add(`<h2 id="Past_branch_dates"></h2><table><tr><th>2016-01-25<td>Firefox 1<td>Firefox 2; 3<td>Firefox<td>Firefox 4</table>`)
	f.Add(`{"1.*": "2016-01-25"}`)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := expiry.ParseCalendar([]byte(text))
		if err == nil {
			c.Date("50")
		}
	})
}

// The versions of the older program's own table, in its order.
func TestCompare_OrdersAsTheToolkitDoes(t *testing.T) {
	ascending := []string{
		"1.-1", "1.0.0", "1.1a", "1.1aa", "1.1ab", "1.1b", "1.1c", "1.1pre", "1.1pre1a", "1.1pre1aa", "1.1pre1b", "1.1pre1", "1.1pre2", "1.1pre10", "1.1.-1", "1.1.0", "1.10", "1.*", "2.0",
	}
	for i := 1; i < len(ascending); i++ {
		if a, b := ascending[i-1], ascending[i]; expiry.Compare(a, b) >= 0 || expiry.Compare(b, a) <= 0 {
			t.Errorf("%s is not before %s", a, b)
		}
	}
	for _, same := range [][2]string{{"1", "1."}, {"1.", "1.0"}, {"1.0", "1.0.0"}, {"1.1pre", "1.1pre0"}, {"1.1pre0", "1.0+"}, {"1.1", "1.1.0"}, {"1.1.0", "1.1.00"}, {" 42 ", "42.0"}, {"*", "*"}} {
		if expiry.Compare(same[0], same[1]) != 0 || expiry.Compare(same[1], same[0]) != 0 {
			t.Errorf("%s is not %s", same[0], same[1])
		}
	}
}

func TestNormal_NamesTheFirstAlpha(t *testing.T) {
	for version, want := range map[string]string{
		"42": "42.0a1", "42.0": "42.0a1", "42.00": "42.0a1", "42.": "42.0a1", " 42 ": "42.0a1", "42.0a": "42.0a", "42.0a1": "42.0a1", "42.0a2": "42.0a2", "42.1": "42.1", "42.0.1": "42.0.1", "100": "100.0a1",
	} {
		if got := expiry.Normal(version); got != want {
			t.Errorf("%q: got %s, want %s", version, got, want)
		}
	}
	for _, version := range []string{"never", "default", "", " never ", "soon", "-1"} {
		if !expiry.Never(version) {
			t.Errorf("%q expires", version)
		}
	}
}

// Six weeks before 45.0a1, and two: a version that the calendar does not name is
// told of only when it has expired.
func TestPlan_TellsBeforehandOnlyOfVersionsThatTheCalendarNames(t *testing.T) {
	c := expiry.Calendar{"44.0": "2016-01-26", "44.0a1": "2016-01-26", "45.0a1": "2016-03-08", "46.0a1": "2016-04-19"}
	probes := []monitor.Probe{
		{Name: "NAMED", Expires: "45", Owners: []string{"a@example.com"}}, {Name: "MINOR", Expires: "44.5", Owners: []string{"b@example.com"}}, {Name: "ALPHA", Expires: "45.0a1"},
		{Name: "OLD", Expires: "40"}, {Name: "LATER", Expires: "60"}, {Name: "WORD", Expires: "soon"}, {Name: "NEVER", Expires: "never"},
	}
	lists := expiry.Lists{General: "list@example.com", Sheriffs: "sheriffs@example.com"}
	for today, want := range map[string]string{
		"2016-01-26": "six weeks: ALPHA NAMED -> a@example.com list@example.com", "2016-02-23": "two weeks: ALPHA NAMED -> a@example.com list@example.com sheriffs@example.com",
		"2015-12-15": "", "2016-01-25": "", "2016-01-27": "",
	} {
		batches, _ := expiry.Plan(probes, c, lists, expiry.State{}, day(today))
		got := ""
		for _, b := range batches {
			got = b.Wave.Name + ":"
			for _, r := range b.Reminders {
				got += " " + r.Name
			}
			got += " ->"
			for _, m := range b.Mails {
				got += " " + m.To
				if expired := strings.Contains(m.Body, "are expired as of "+today); expired != (m.To == lists.General) {
					t.Errorf("%s: who is told of what has expired: %s", today, m.Body)
				}
			}
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", today, got, want)
		}
	}
	for today, want := range map[string]string{"2016-01-25": "", "2016-01-26": "OLD", "2016-03-07": "OLD", "2016-03-08": "ALPHA MINOR NAMED OLD"} {
		var names []string
		for _, r := range expiry.Expired(probes, c, day(today)) {
			names = append(names, r.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: expired %q, want %q", today, got, want)
		}
	}
}

func TestParseTables_TakesTheLastVersionOfACell(t *testing.T) {
	const row = "<tr><th> 2018-3-5 </th><td>Firefox 61</td><td>Firefox 60</td><td><b><a>Firefox 59</a></b></td><th>2018-05-09 *</th><td>%s</td></tr>"
	for cell, want := range map[string]string{"Firefox 46; 45.1": "45.0", "Firefox 52.9; 60.1": "60.0", "Firefox 60": "60.0", "Firefox ESR 52.8.1": "52.0"} {
		c, err := expiry.ParseCalendar([]byte(`<h2><span id="Future_branch_dates">x</span></h2><table>` + strings.Replace(row, "%s", cell, 1) + "</table>"))
		wanted := expiry.Calendar{"61.0a1": "2018-03-05", "60.0a2": "2018-05-09", "59.0b1": "2018-05-09", want: "2018-05-09"}
		if err != nil || !maps.Equal(c, wanted) {
			t.Errorf("%s: got %v, %v; want %v", cell, c, err, wanted)
		}
	}
}
