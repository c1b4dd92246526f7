package alerting

import (
	"testing"
	"time"

	"wingmirror/monitor"
	"wingmirror/store"
)

func beat() monitor.Watched {
	return monitor.Watched{
		Subject: monitor.Subject{Kind: monitor.KindHeartbeat, Key: "backup"}, Name: "Nightly backup",
		Alerts: []string{"mailto:ops@example.com"}, Active: true,
	}
}

func report(t *testing.T, d *Desk, i int, sees string) monitor.Change {
	t.Helper()
	o := outcome(noon.Add(time.Duration(i)*time.Minute), sees)
	o.Subject = beat().Subject
	detail := &monitor.Detail{Output: "no beat since noon\n"}
	change, err := d.Report(t.Context(), beat(), o, detail)
	if err != nil {
		t.Fatal(err)
	}
	return change
}

func TestReport_TellsAndResolvesWhatIsNoMonitor(t *testing.T) {
	db := openStore(t)
	desk := newDesk(db)
	report(t, desk, 0, "ok")
	if got := report(t, desk, 1, "critical"); got.Kind != fire {
		t.Fatalf("got %q, want a fire", got.Kind)
	}
	if got := report(t, newDesk(db), 2, "ok"); got.Kind != resolve {
		t.Errorf("got %q after a restart, want a resolve", got.Kind)
	}
	notices, err := db.Notices(t.Context(), store.NoticeFilter{})
	if err != nil || len(notices) != 2 {
		t.Fatalf("got %d notices, %v", len(notices), err)
	}
	first, _, err := db.Notice(t.Context(), notices[1].ID)
	if err != nil {
		t.Fatal(err)
	}
	if m := first.Message; m.Name != "Nightly backup" || m.Output != "no beat since noon" || m.Subject.Path() != "/heartbeats/backup" {
		t.Errorf("got message %+v", m)
	}
}

func TestRetire_ResolvesWhatWasToldAndForgets(t *testing.T) {
	db := openStore(t)
	desk := newDesk(db)
	if err := desk.Retire(t.Context(), beat(), monitor.ReasonRetired, "ann", noon); err != nil {
		t.Fatalf("of what was never seen: %v", err)
	}
	report(t, desk, 1, "critical")
	if err := desk.Retire(t.Context(), beat(), monitor.ReasonRetired, "ann", noon.Add(2*time.Minute)); err != nil {
		t.Fatal(err)
	}
	notices, err := db.Notices(t.Context(), store.NoticeFilter{})
	if err != nil || len(notices) != 2 || notices[0].Message.Kind != resolve {
		t.Fatalf("got notices %+v, %v; want a resolve last", notices, err)
	}
	state, err := db.State(t.Context(), beat().Subject)
	if err != nil || state.Open != nil || state.Level != monitor.Unknown {
		t.Errorf("got state %+v, %v; want one that knows nothing", state, err)
	}
	if got := report(t, desk, 3, "ok"); got.Kind != none {
		t.Errorf("got %q for a beat after that", got.Kind)
	}
}
