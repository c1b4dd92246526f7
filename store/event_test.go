package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"wingmirror/monitor"
)

func TestEvents_ComeBackAsTheyWerePushed(t *testing.T) {
	db := openNew(t)
	begin := time.Unix(1_700_000_000, 0).UTC()
	var batch []monitor.PushedEvent
	for i := range 10 {
		e := monitor.PushedEvent{
			Timestamp: float64(begin.Unix() + int64(i)), Service: "Shop", Component: "Disk", Server: fmt.Sprint("web", i%2), Value: float64(i), Active: true,
			Body: fmt.Appendf(nil, `{"n": "%d_%%"}`, i),
		}
		if i == 3 {
			e.ID = "three"
		}
		batch = append(batch, e)
	}
	added, err := db.AddEvents(t.Context(), batch[:5], begin)
	if err != nil || len(added) != 5 || added[4].Seq <= added[3].Seq {
		t.Fatalf("%+v, %v", added, err)
	}
	if added, err = db.AddEvents(t.Context(), batch[3:], begin.Add(time.Minute)); err != nil || len(added) != 6 {
		t.Errorf("the one with an id counts once: %d, %v", len(added), err)
	}
	found, err := db.Events(t.Context(), monitor.EventFilter{Server: "web1", Text: "7_%", Limit: 10})
	if err != nil || len(found) != 1 || found[0].Value != 7 || found[0].Timestamp != batch[7].Timestamp || !found[0].Active {
		t.Errorf("%+v, %v", found, err)
	}
	if found, _ = db.Events(t.Context(), monitor.EventFilter{From: begin.Add(8 * time.Second), Until: begin.Add(9 * time.Second), Limit: 10}); len(found) != 1 {
		t.Errorf("from is included, until is not: %d", len(found))
	}
	var since []float64
	err = db.EachEvent(t.Context(), 0, begin.Add(time.Second), func(e monitor.PushedEvent) error { since = append(since, e.Value); return nil })
	if err != nil || !slices.Equal(since, []float64{4, 5, 6, 7, 8, 9}) {
		t.Errorf("since a minute later came %v, %v", since, err)
	}
	last, err := db.LastEvent(t.Context())
	if n, err2 := db.SweepEvents(t.Context(), begin.Add(time.Second)); n != 5 || err != nil || err2 != nil || last != added[5].Seq {
		t.Errorf("%d events were removed, the last is %d; %v, %v", n, last, err, err2)
	}
}

func TestRuleFiles_AreReplacedByWhoHasSeenTheNewest(t *testing.T) {
	db := openNew(t)
	at := time.Unix(1_700_000_000, 0).UTC()
	for base := range 3 {
		if f, err := db.SaveRuleFile(t.Context(), fmt.Sprint("text ", base), "ann", base, at); err != nil || f.Version != base+1 {
			t.Fatal(f, err)
		}
	}
	if _, err := db.SaveRuleFile(t.Context(), "late", "bob", 1, at); err == nil {
		t.Error("a version that its author has not seen was replaced")
	}
	all, err := db.RuleFiles(t.Context(), 3, 5)
	if err != nil || len(all) != 2 || all[0].Text != "text 1" || !all[0].SavedAt.Equal(at) {
		t.Errorf("%+v, %v", all, err)
	}
	want := []monitor.RuleWindows{{Rule: "", Data: []byte{1}}, {Rule: "a", Fingerprint: "f", Data: []byte{2}}}
	if err := db.SaveRuleWindows(t.Context(), want, 7); err != nil {
		t.Fatal(err)
	}
	got, seq, err := db.RuleWindows(t.Context())
	if err != nil || seq != 7 || len(got) != 2 || got[1].Fingerprint != "f" || got[1].Data[0] != 2 {
		t.Errorf("%+v, %d, %v", got, seq, err)
	}
}
