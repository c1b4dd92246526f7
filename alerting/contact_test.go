package alerting

import (
	"slices"
	"testing"
	"time"

	"wingmirror/monitor"
)

// contacts is ops by day, night else, and managers when nobody acknowledges.
func contacts(t testing.TB) *Contacts {
	t.Helper()
	day, err := monitor.ParseHours("08:00-18:00")
	if err != nil {
		t.Fatal(err)
	}
	night, err := monitor.ParseHours("18:00-02:00")
	if err != nil {
		t.Fatal(err)
	}
	c := &Contacts{}
	err = c.Set([]monitor.ContactGroup{
		{Name: "ops", Members: []string{"mailto:ops@example.com", "mailto:all@example.com"}, Hours: day, Otherwise: "night",
			Escalation: monitor.Escalation{After: 15 * time.Minute, To: "managers"}},
		{Name: "night", Members: []string{"mailto:night@example.com"}, Hours: night},
		{Name: "managers", Members: []string{"mailto:boss@example.com", "mailto:all@example.com"}, Escalation: monitor.Escalation{After: 30 * time.Minute, To: "board"}},
		{Name: "board", Members: []string{"mailto:board@example.com"}, Hours: day},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestContacts_ResolveToWhoeverIsOnDuty(t *testing.T) {
	c := contacts(t)
	day, evening, deepNight := noon, noon.Add(8*time.Hour), noon.Add(15*time.Hour)
	rows := []struct {
		name string
		in   []string
		at   time.Time
		want []string
	}{
		{"without a group", []string{"mailto:x@example.com"}, day, []string{"mailto:x@example.com"}},
		{"in its hours", []string{"group:ops"}, day, []string{"mailto:ops@example.com", "mailto:all@example.com"}},
		{"outside of them", []string{"group:ops"}, evening, []string{"mailto:night@example.com"}},
		{"outside of both", []string{"group:ops"}, deepNight, nil},
		{"beside an address", []string{"group:ops", "mailto:x@example.com"}, deepNight, []string{"mailto:x@example.com"}},
		{"who is in both is told once", []string{"group:managers", "group:ops"}, day, []string{"mailto:boss@example.com", "mailto:all@example.com", "mailto:ops@example.com"}},
		{"a group that is gone", []string{"group:gone"}, day, nil},
	}
	for _, row := range rows {
		if got := c.Resolve(row.in, row.at); !slices.Equal(got, row.want) {
			t.Errorf("%s: got %v, want %v", row.name, got, row.want)
		}
	}
	var none *Contacts
	if got := none.Resolve([]string{"group:ops", "mailto:x@example.com"}, day); !slices.Equal(got, []string{"mailto:x@example.com"}) {
		t.Errorf("without any contacts: %v", got)
	}
}

func TestContacts_RungsAddUpAlongTheChain(t *testing.T) {
	rungs := contacts(t).Rungs([]string{"group:managers", "group:ops", "mailto:x@example.com"}, noon)
	var got []string
	for _, r := range rungs {
		got = append(got, r.After.String()+" "+r.Group)
	}
	if want := []string{"15m0s managers", "30m0s board"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v: each group once, soonest first", got, want)
	}
}

func TestEscalate_WaitsForWhatItMust(t *testing.T) {
	rungs := []Rung{{15 * time.Minute, "managers", []string{"mailto:boss@example.com"}}, {45 * time.Minute, "board", nil}, {time.Hour, "owners", []string{"mailto:o@example.com"}}}
	waiting := func(change func(*monitor.State)) monitor.State {
		s := monitor.State{Subject: monitor.MonitorSubject(7), Level: critical, Open: &monitor.Open{
			Key: "k", OpenedAt: noon, Level: critical, Fired: critical, Told: []string{"mailto:ops@example.com"}, WaitsSince: noon.Add(time.Minute),
		}}
		change(&s)
		return s
	}
	same := func(*monitor.State) {}
	rows := []struct {
		name    string
		change  func(*monitor.State)
		silence *Hold
		after   time.Duration
		to      []string
		tier    int // -1: nothing happens
	}{
		{"too early", same, nil, 16*time.Minute - time.Second, nil, -1},
		{"in time", same, nil, 16 * time.Minute, []string{"mailto:boss@example.com"}, 1},
		{"acknowledged", func(s *monitor.State) { s.Open.AckedBy = "ann" }, nil, time.Hour, nil, -1},
		{"nobody was told yet", func(s *monitor.State) { s.Open.WaitsSince = time.Time{} }, nil, time.Hour, nil, -1},
		{"silenced", same, &Hold{}, time.Hour, nil, -1},
		{"no incident", func(s *monitor.State) { s.Open = nil }, nil, time.Hour, nil, -1},
		{"ok again, but not for long", func(s *monitor.State) { s.CalmSince = noon }, nil, time.Hour, nil, -1},
		{"taken already", func(s *monitor.State) { s.Open.Tier = 1 }, nil, 20 * time.Minute, nil, -1},
		{"nobody on duty: the step is taken all the same", func(s *monitor.State) { s.Open.Tier = 1 }, nil, 50 * time.Minute, nil, 2},
		{"all at once after a long stop", same, nil, 2 * time.Hour, []string{"mailto:boss@example.com", "mailto:o@example.com"}, 3},
		{"nothing above the top", func(s *monitor.State) { s.Open.Tier = 3 }, nil, 9 * time.Hour, nil, -1},
		{"more was taken than there is now", func(s *monitor.State) { s.Open.Tier = 5 }, nil, 9 * time.Hour, nil, -1},
	}
	for _, row := range rows {
		before := waiting(row.change)
		kept := before.Open.Clone()
		change, done := Escalate(before, rungs, row.silence, noon.Add(row.after))
		if done != (row.tier >= 0) || !slices.Equal(change.To, row.to) || (change.Kind == monitor.NoticeEscalate) != (len(row.to) > 0) {
			t.Errorf("%s: %v, %s to %v, want to %v", row.name, done, change.Kind, change.To, row.to)
		}
		if done && (change.State.Open.Tier != row.tier || len(change.State.Open.Told) != 1+len(row.to) || change.Incident == nil || len(change.Events) == 0) {
			t.Errorf("%s: got %+v, %+v", row.name, change.State.Open, change.Events)
		}
		if !before.Open.Equal(kept) {
			t.Errorf("%s: the state before was changed", row.name)
		}
	}
}

func TestDecide_AcknowledgementOfSomethingMilderStartsTheWaitAnew(t *testing.T) {
	terms := Terms{Policy: monitor.DefaultPolicy(), Destinations: []string{"mailto:ops@example.com"}, Key: "k"}
	state := Decide(monitor.State{Subject: monitor.MonitorSubject(7)}, outcome(noon, "warning"), terms).State
	if !state.Open.WaitsSince.Equal(noon) {
		t.Errorf("waits since %s, want %s", state.Open.WaitsSince, noon)
	}
	worse := noon.Add(time.Hour)
	state.Open.Tier = 1
	if got := Decide(state, outcome(worse, "critical"), terms).State.Open; !got.WaitsSince.Equal(noon) || got.Tier != 1 {
		t.Errorf("without an acknowledgement: %+v, want the wait to go on", got)
	}
	state.Open.AckedBy = "ann"
	if got := Decide(state, outcome(worse, "critical"), terms).State.Open; !got.WaitsSince.Equal(worse) || got.Tier != 0 || got.AckedBy != "" {
		t.Errorf("with one: %+v, want the wait to begin again", got)
	}
}

func TestDecide_SaysThatNobodyIsOnDuty(t *testing.T) {
	state := story(t, Terms{OffDuty: true}, []step{
		{sees: "critical", want: monitor.ReasonOffDuty, level: critical},
		{sees: "critical", want: monitor.ReasonOffDuty, level: critical},
		{sees: "critical", want: monitor.ReasonFired, tell: fire, level: critical, change: func(t *Terms) { t.Destinations = []string{"mailto:ops@example.com"} }},
	})
	if !slices.Equal(state.Open.Told, []string{"mailto:ops@example.com"}) {
		t.Errorf("told %v", state.Open.Told)
	}
}

func TestContacts_FormerNamesLeadToTheGroup(t *testing.T) {
	var c Contacts
	err := c.Set([]monitor.ContactGroup{{Name: "shop", Former: []string{"ops"}, Members: []string{"mailto:a@example.com"}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Resolve([]string{"group:ops", "group:shop"}, noon); !slices.Equal(got, []string{"mailto:a@example.com"}) || c.OnDuty("ops", noon) != "shop" {
		t.Errorf("got %v, %q", got, c.OnDuty("ops", noon))
	}
}
