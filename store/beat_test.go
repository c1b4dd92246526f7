package store

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"

	"wingmirror/monitor"
)

func saveHeartbeat(t *testing.T, db *DB, name string) monitor.Heartbeat {
	t.Helper()
	h, err := db.SaveHeartbeat(t.Context(), monitor.Heartbeat{
		Space: "ops", Name: name, Labels: map[string]string{"team": "db"}, Alerts: []string{"mailto:ops@example.com"}, Active: true,
		Schedule: monitor.HeartbeatSchedule{Kind: monitor.ScheduleCron, Spec: "0 2 * * 1-5", Zone: "Europe/Berlin", Grace: time.Hour},
		Limits:   monitor.HeartbeatLimits{MaxRun: time.Hour, TooOften: monitor.Off, Failures: 2, Of: 5}, Sensitivity: 0.4,
	}, start)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestHeartbeat_ComesBackAsItWasSaved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	db := openAt(t, path)
	h := saveHeartbeat(t, db, "backup")
	if h.ID == 0 || h.Version != 1 {
		t.Fatalf("saved as %+v", h)
	}
	state := monitor.HeartbeatState{
		ID: h.ID, Beats: 7, Seen: start, Level: monitor.Critical, Word: "CRITICAL", Since: start, Why: monitor.WhyFailed, Message: "no",
		Expected: start.Add(time.Hour), Deadline: start.Add(2 * time.Hour), Started: start, StuckAt: start.Add(time.Minute), Run: "r1",
		Payload: []byte(`{"check":"backup"}`), Feedback: &monitor.QuietTime{Hours: 2, AlertAfter: start, InEvent: true}, Recent: 5, Counted: 9,
		Hasty: 1, Blind: true, Overdue: true, Settled: true, Away: [2]time.Time{start, start.Add(time.Minute)}, Rhythm: []byte{1, 2}, Runs: []byte{3}, Sizes: []byte{5}, Overlaps: 4,
		Values: []byte{4}, ValuesSeen: 7,
	}
	if err := db.PutBeat(t.Context(), monitor.BeatCommit{State: state})(); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = openAt(t, path)
	values, seen, err := db.HeartbeatValues(t.Context(), h.ID)
	if err != nil || seen != 7 || !bytes.Equal(values, state.Values) {
		t.Errorf("what was learned of values is %v of beat %d, %v", values, seen, err)
	}
	if none, seen, err := db.HeartbeatValues(t.Context(), h.ID+1); none != nil || seen != 0 || err != nil {
		t.Errorf("nothing was learned, and it is %v of beat %d, %v", none, seen, err)
	}
	state.Values = nil
	states, err := db.HeartbeatStates(t.Context())
	if err != nil || !reflect.DeepEqual(states[h.ID], state) {
		t.Errorf("%v\ngot  %+v\nwant %+v", err, states[h.ID], state)
	}
	all, err := db.Heartbeats(t.Context())
	if err != nil || len(all) != 1 || !reflect.DeepEqual(all[0], h) {
		t.Errorf("%v\ngot  %+v\nwant %+v", err, all, h)
	}
}

func TestHeartbeat_NamesAreUniqueInASpace(t *testing.T) {
	db := openNew(t)
	h := saveHeartbeat(t, db, "backup")
	_, err := db.SaveHeartbeat(t.Context(), monitor.Heartbeat{Space: "ops", Name: "backup"}, start)
	if !errors.Is(err, monitor.ErrConflict) {
		t.Errorf("a second one of the same name: %v", err)
	}
	h.Version = 9
	if _, err := db.SaveHeartbeat(t.Context(), h, start); !errors.Is(err, monitor.ErrConflict) {
		t.Errorf("saved over a version that it has not seen: %v", err)
	}
}

func TestBeats_KeepTheNewestAndTheirBodies(t *testing.T) {
	db := openNew(t)
	h := saveHeartbeat(t, db, "backup")
	code, value := 3, 4.5
	var last func() error
	for n := int64(1); n <= beatRing+20; n++ {
		beat := monitor.Beat{
			N: n, At: start.Add(time.Duration(n) * time.Second), Kind: monitor.BeatFail, Level: monitor.Critical, Word: "CRITICAL", Code: &code, Run: "r",
			Took: time.Second, Metric: &value, Reading: &monitor.Reading{Expected: math.NaN(), Low: 1, High: 2, Score: 0.5, Signal: "range"}, Note: "x", BodySize: 3,
		}
		last = db.PutBeat(t.Context(), monitor.BeatCommit{State: monitor.HeartbeatState{ID: h.ID, Beats: n}, Beat: &beat, Body: []byte(fmt.Sprint("b", n))})
	}
	if err := last(); err != nil {
		t.Fatal(err)
	}
	beats, err := db.Beats(t.Context(), h.ID, 0)
	if err != nil || len(beats) != beatRing || beats[0].N != beatRing+20 || beats[beatRing-1].N != 21 {
		t.Fatalf("%v: kept %d beats", err, len(beats))
	}
	b := beats[0]
	if *b.Code != 3 || *b.Metric != 4.5 || !math.IsNaN(b.Reading.Expected) || b.Reading.High != 2 || b.Reading.Signal != "range" || b.Took != time.Second {
		t.Errorf("came back as %+v %+v", b, b.Reading)
	}
	if body, err := db.BeatBody(t.Context(), h.ID, beatRing+20); err != nil || string(body) != "b1020" {
		t.Errorf("body %q, %v", body, err)
	}
	if _, err := db.BeatBody(t.Context(), h.ID, beatRing-10); !errors.Is(err, monitor.ErrNotFound) {
		t.Errorf("an old body is kept: %v", err)
	}
}

func TestBeats_OfADeletedHeartbeatAreRefused(t *testing.T) {
	db := openNew(t)
	h := saveHeartbeat(t, db, "backup")
	beat := monitor.Beat{N: 1, At: start, Kind: monitor.BeatOK}
	commit := monitor.BeatCommit{State: monitor.HeartbeatState{ID: h.ID, Beats: 1}, Beat: &beat, Events: []monitor.HeartbeatEvent{{At: start, What: "flip", Text: "first beat", Level: monitor.OK}}}
	if err := db.PutBeat(t.Context(), commit)(); err != nil {
		t.Fatal(err)
	}
	if events, err := db.HeartbeatEvents(t.Context(), h.ID, 0); err != nil || len(events) != 1 || events[0] != commit.Events[0] {
		t.Errorf("events %+v, %v", events, err)
	}
	if err := db.DeleteHeartbeat(t.Context(), h.ID); err != nil {
		t.Fatal(err)
	}
	if err := db.PutBeat(t.Context(), commit)(); !errors.Is(err, monitor.ErrNotFound) {
		t.Errorf("a beat of a deleted heartbeat: %v", err)
	}
	if beats, err := db.Beats(t.Context(), h.ID, 0); err != nil || len(beats) != 0 {
		t.Errorf("%d beats are left, %v", len(beats), err)
	}
}

func TestBeats_OneThatCannotBeStoredCostsOnlyItself(t *testing.T) {
	db := openNew(t)
	h := saveHeartbeat(t, db, "backup")
	var group sync.WaitGroup
	errs := make([]error, 40)
	for i := range errs {
		id := h.ID
		if i%8 == 3 {
			id = 999
		}
		beat := monitor.Beat{N: int64(i + 1), At: start, Kind: monitor.BeatOK}
		wait := db.PutBeat(t.Context(), monitor.BeatCommit{State: monitor.HeartbeatState{ID: id, Beats: int64(i + 1)}, Beat: &beat})
		group.Go(func() { errs[i] = wait() })
	}
	group.Wait()
	for i, err := range errs {
		if bad := i%8 == 3; bad != errors.Is(err, monitor.ErrNotFound) || !bad && err != nil {
			t.Errorf("beat %d: %v", i, err)
		}
	}
}

func TestHeartbeatKeys_AnImportReplacesOnlyWhatWasImported(t *testing.T) {
	db := openNew(t)
	own := monitor.HeartbeatKey{Key: "own", Space: "ops", Name: "cron", Quota: 5, CreatedAt: start}
	if err := db.AddHeartbeatKey(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	hook := monitor.PacemakerHook{Space: "web", URL: "http://example.com/hook", Failing: time.Minute}
	imports := [][]monitor.HeartbeatKey{{{Key: "12", Space: "web"}, {Key: "own", Space: "stolen"}}, {{Key: "13", Space: "web"}}}
	for _, keys := range imports {
		if err := db.ImportHeartbeatKeys(t.Context(), keys, []monitor.PacemakerHook{hook}); err != nil {
			t.Fatal(err)
		}
	}
	keys, err := db.HeartbeatKeys(t.Context())
	if err != nil || len(keys) != 2 || keys[0] != own || keys[1].Key != "13" || !keys[1].Imported {
		t.Errorf("keys %+v, %v", keys, err)
	}
	if hooks, err := db.PacemakerHooks(t.Context()); err != nil || len(hooks) != 1 || hooks[0] != hook {
		t.Errorf("hooks %+v, %v", hooks, err)
	}
	if err := db.AddHeartbeatKey(t.Context(), own); !errors.Is(err, monitor.ErrConflict) {
		t.Errorf("a key that is there was added: %v", err)
	}
}
