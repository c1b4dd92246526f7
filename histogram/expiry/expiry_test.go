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
		batches, _ := expiry.Plan(probes, all.Dates, expiry.Lists{General: "dev-telemetry-alerts@lists.mozilla.org"}, expiry.State{}, today)
		found, preview := map[string][]string{}, map[string]string{}
		for _, b := range batches {
			found[b.Wave.Name] = names(b.Reminders)
			preview[b.Wave.Name] = expiry.Preview(b.Mails)
		}
		if !slices.Equal(found["six weeks"], run.SixWeeks) || !slices.Equal(found["two weeks"], run.TwoWeeks) {
			t.Errorf("%s: expiring %v, want %v and %v", run.Today, found, run.SixWeeks, run.TwoWeeks)
		}
		if preview["six weeks"] != run.PreviewIn || preview["two weeks"] != run.PreviewIt {
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
