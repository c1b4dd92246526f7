package heartbeat

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"wingmirror/crontab"
)

// follows lets a rhythm learn from beats at the slots of a crontab, each a little
// late, one in so many lost.
func follows(t *testing.T, cron string, zone *time.Location, beats, lost int) *Rhythm {
	t.Helper()
	schedule, err := crontab.Parse(cron, 0)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(4, 4))
	r := &Rhythm{}
	slot := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC).In(zone)
	for i := range beats {
		slot = schedule.Next(slot)
		if lost == 0 || i%lost != lost-1 {
			late := min(30*time.Second, schedule.MinInterval()/6)
			r.Arrive(slot.Add(time.Second+time.Duration(random.Int64N(int64(late)))).UTC().Truncate(time.Millisecond), false)
		}
	}
	return r
}

func TestCalendar_RecognisesCommonCrontabs(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		cron  string
		beats int
		want  string // "" is cron itself
	}{
		{"* * * * *", 60, ""},
		{"*/5 * * * *", 60, ""},
		{"*/15 * * * *", 60, ""},
		{"7-59/15 * * * *", 60, ""},
		{"0 * * * *", 60, ""},
		{"20 * * * *", 60, ""},
		{"0 */2 * * *", 60, ""},
		{"30 */6 * * *", 60, ""},
		{"0 2 * * *", 30, ""},
		{"0 2 * * 1-5", 30, ""},
		{"15 6 * * 0,6", 20, ""},
		{"0 9-17 * * 1-5", 120, ""},
		{"0 9-17 * * *", 120, ""},
		{"0 * * * 1-5", 300, ""},
		{"*/15 9-17 * * 1-5", 400, ""},
		{"*/5 8-18 * * 1-5", 1500, ""},
		{"0 8,12,17 * * *", 60, ""},
		{"0 8,12,17 * * 1-5", 60, ""},
		{"0 6,18 * * *", 30, "0 6-23/12 * * *"},
		{"30 3 * * 0", 5, ""},
		{"0 4 * * 1,4", 12, ""},
		{"0 4 1 * *", 4, ""},
		{"30 22 15 * *", 5, ""},
	} {
		want := c.want
		if want == "" {
			want = c.cron
		}
		for _, lost := range []int{0, 23} {
			r := follows(t, c.cron, berlin, c.beats, lost)
			got, ok := r.Calendar(berlin)
			if !ok || got.Cron != want {
				t.Errorf("%s, %d beats, one in %d lost: learned %q, %v: %s", c.cron, c.beats, lost, got.Cron, ok, r.Words(berlin))
				continue
			}
			if words := r.Words(berlin); !strings.Contains(words, fmt.Sprintf("looks like `%s` Europe/Berlin, %d of %d match", want, got.Matched, got.Slots)) {
				t.Errorf("in words: %s", words)
			}
			next := got.schedule.Next(r.newest.In(berlin))
			if d := got.Deadline(r.newest); d.Before(next) || d.Sub(next) > time.Hour {
				t.Errorf("%s: the beat after %s is missing at %s", c.cron, r.newest, d)
			}
		}
	}
}

func TestBrief_IsAFewWords(t *testing.T) {
	for cron, want := range map[string]string{
		"7-59/15 * * * *": "learned: every 15 minutes", "*/15 * * * *": "learned: every 15 minutes", "0 2 * * 1-5": "learned: at 02:00 on Monday through Friday",
		"0 * * * *": "learned: every hour, on the hour",
	} {
		if got := follows(t, cron, time.UTC, 60, 0).Brief(time.UTC); got != want {
			t.Errorf("%s: %q, want %q", cron, got, want)
		}
	}
	if got := (&Rhythm{}).Brief(time.UTC); got != "learning" {
		t.Errorf("nothing: %q", got)
	}
}

func TestCalendar_ALoopThatSleepsIsNone(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for _, pause := range []time.Duration{time.Minute, 10 * time.Minute, time.Hour, 24 * time.Hour} {
		r, at := &Rhythm{}, time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
		for range 100 {
			at = at.Add(pause + time.Duration(float64(pause)*0.02*(1+random.NormFloat64())))
			r.Arrive(at, false)
		}
		if c, ok := r.Calendar(time.UTC); ok {
			t.Errorf("a loop that sleeps for %s looks like %s", pause, c.Cron)
		}
	}
}

func TestRhythm_OneLateBeatMovesNothingAndAStepIsLearnedFromTwo(t *testing.T) {
	at := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	r := &Rhythm{}
	for i := range 60 {
		at = at.Add(time.Minute + time.Duration(i*7919%2000)*time.Millisecond)
		r.Arrive(at, false)
	}
	before := r.wait().longest
	at = at.Add(10 * time.Minute)
	if r.Arrive(at, false) || r.wait().longest > 1.01*before {
		t.Errorf("one late beat moved the wait from %g to %g", before, r.wait().longest)
	}
	for range window {
		at = at.Add(time.Minute)
		r.Arrive(at, false)
	}
	for i, want := range []bool{false, true} {
		at = at.Add(3*time.Minute + time.Duration(i)*time.Second)
		if got := r.Arrive(at, false); got != want {
			t.Errorf("gap %d of three minutes relearned: %v", i+1, got)
		}
	}
}

func TestRhythm_TryingAnAddressStartsNoAlarm(t *testing.T) {
	at := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	r := &Rhythm{}
	for i := range 8 {
		at = at.Add(time.Duration(500+i*100) * time.Millisecond)
		r.Arrive(at, false)
	}
	if wait := r.Learned(time.UTC).Deadline.Sub(at); wait < time.Hour {
		t.Errorf("after eight beats in some seconds the next is missing after %s", wait)
	}
	for range 60 {
		at = at.Add(time.Second)
		r.Arrive(at, false)
	}
	if wait := r.Learned(time.UTC).Deadline.Sub(at); wait > 15*time.Second {
		t.Errorf("after a minute of beats each second the next is missing after %s", wait)
	}
}

func TestRhythm_ComesBackAsItWasPacked(t *testing.T) {
	r := follows(t, "0 9-17 * * 1-5", time.UTC, 200, 40)
	r.behind = 0 // a restart forgets it
	var again Rhythm
	if err := again.Unpack(r.Pack()); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprintf("%+v", again), fmt.Sprintf("%+v", *r); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	short := r.Pack()
	if err := again.Unpack(short[:len(short)-3]); err == nil {
		t.Error("a cut rhythm was read")
	}
}
