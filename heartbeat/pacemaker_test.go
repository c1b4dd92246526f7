package heartbeat

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// cases reads a file of test cases that are kept outside of the repository.
func cases(t *testing.T, name string, into any) {
	t.Helper()
	dir := os.Getenv("WINGMIRROR_CASES")
	if dir == "" {
		t.Skip("WINGMIRROR_CASES names no directory of test cases")
	}
	data, err := os.ReadFile(filepath.Join(dir, "pacemaker", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

func TestNextExpiry_FollowsPacemaker(t *testing.T) {
	for _, c := range []struct{ seen, expires, now, want int64 }{
		{1000, 2000, 4000, 4400}, {100, 200, 210, 342}, {100, 200, 199, 299}, {100, 200, 101, 191}, {1000, 2000, 900000, 900400},
	} {
		if got := NextExpiry(c.seen, c.expires, c.now); got != c.want {
			t.Errorf("seen %d, expires %d, now %d: %d, want %d", c.seen, c.expires, c.now, got, c.want)
		}
	}
}

func TestPacemaker_RecordedExpiries(t *testing.T) {
	var ttl []struct {
		Last    int64 `json:"last_seen"`
		Expires int64
		Now     int64
		Next    int64 `json:"next_expires"`
	}
	cases(t, "adaptive_ttl_cases", &ttl)
	for _, c := range ttl {
		if got := NextExpiry(c.Last, c.Expires, c.Now); got != c.Next {
			t.Errorf("%+v: %d", c, got)
		}
	}
	var converging struct {
		Series map[string][]struct {
			At      int64 `json:"beat_at"`
			Expired bool  `json:"was_expired"`
			Expires int64
		}
	}
	cases(t, "ttl_convergence", &converging)
	for every, beats := range converging.Series {
		if _, err := strconv.Atoi(every); err != nil || len(beats) == 0 {
			t.Fatalf("series %q", every)
		}
		seen, expires := int64(0), int64(PacemakerFirstTTL)
		for _, b := range beats {
			if b.Expired != (b.At >= expires) {
				t.Errorf("every %s s, at %d: expired %v", every, b.At, !b.Expired)
			}
			seen, expires = b.At, NextExpiry(seen, expires, b.At)
			if expires != b.Expires {
				t.Fatalf("every %s s, at %d: expires %d, want %d", every, b.At, expires, b.Expires)
			}
		}
	}
}

func TestPacemaker_RecordedStates(t *testing.T) {
	var states []struct {
		Stored  string  `json:"stored_state"`
		To      *string `json:"transition_to"`
		TTL     *int64
		Expires int64
		Now     int64
		State   string
	}
	cases(t, "expiry_state_cases", &states)
	for _, c := range states {
		if got := ExpiryState(c.Stored, c.To, c.TTL, c.Expires, c.Now); got != c.State {
			t.Errorf("%+v: %s", c, got)
		}
	}
	var alerts []struct {
		History   []StateRow `json:"history_newest_first"`
		Threshold int64      `json:"threshold_time"`
		Alert     bool
		Start     int64 `json:"anomaly_start"`
	}
	cases(t, "is_alertable_cases", &alerts)
	for _, c := range alerts {
		start, alert := Alertable(c.History, c.Threshold)
		if alert != c.Alert || start != c.Start {
			t.Errorf("%+v: since %d, alert %v", c, start, alert)
		}
	}
}

type wireFeedback struct {
	Quiet float64 `json:"currentQuiet"`
	After int64   `json:"alertAfter"`
	In    bool    `json:"inEvent"`
}

func (w *wireFeedback) feedback() *Feedback {
	if w == nil {
		return nil
	}
	return &Feedback{w.Quiet, w.After, w.In}
}

func TestPacemaker_RecordedFeedback(t *testing.T) {
	var all struct {
		Votes []struct {
			Now   int64
			Quiet float64
			Vote  string
			wireFeedback
		}
		AfterSending []struct {
			Now      int64
			Feedback *wireFeedback
			After    wireFeedback
		} `json:"after_sending"`
		Allowed []struct {
			Now      int64
			Feedback *wireFeedback
			Allowed  bool
		}
	}
	cases(t, "feedback_cases", &all)
	for _, c := range all.Votes {
		got := Feedback{Quiet: c.Quiet}.Vote(c.Vote == "up", c.Now)
		if got.AlertAfter != c.After {
			t.Errorf("%+v: %+v", c, got)
		}
	}
	for _, c := range all.AfterSending {
		if got := AfterSending(c.Feedback.feedback(), c.Now); got != *c.After.feedback() {
			t.Errorf("%+v: %+v", c, got)
		}
	}
	for _, c := range all.Allowed {
		if got := c.Feedback.feedback().Allows(c.Now); got != c.Allowed {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestVote_UpShortensTheQuietTime(t *testing.T) {
	got := Feedback{Quiet: 10, InEvent: true}.Vote(true, 0)
	if got.Quiet != 6 || got.AlertAfter != 6*3600 || !got.InEvent {
		t.Errorf("after a vote up on ten quiet hours: %+v", got)
	}
	if got := (Feedback{Quiet: 1}).Vote(true, 0); got.Quiet != 1 || got.AlertAfter != 3*3600 {
		t.Errorf("after a vote up on one quiet hour: %+v", got)
	}
}
