package heartbeat

import (
	"testing"
	"time"

	"wingmirror/monitor"
)

func FuzzExpect(f *testing.F) {
	f.Add(uint8(0), "0 2 * * 1-5", "Europe/Berlin", int64(60), int64(0), int64(1_772_600_000))
	f.Add(uint8(1), "Mon..Fri *-*-* 02:00\nSun 03:00 Asia/Tokyo", "", int64(60), int64(1e9), int64(1_774_746_000))
	f.Add(uint8(1), "*-02-29 00:00:00", "America/St_Johns", int64(1), int64(1), int64(0))
	f.Add(uint8(0), "*/7 1-3 L * *", "Australia/Lord_Howe", int64(1), int64(1), int64(1_743_300_000))
	f.Add(uint8(2), "", "UTC", int64(3600), int64(5), int64(1))
	f.Fuzz(func(t *testing.T, kind uint8, spec, zone string, period, grace, at int64) {
		s := monitor.HeartbeatSchedule{Spec: spec, Zone: zone, Period: time.Duration(period) * time.Second, Grace: time.Duration(grace) * time.Second}
		s.Kind = []monitor.ScheduleKind{monitor.ScheduleCron, monitor.ScheduleCalendar, monitor.SchedulePeriod, monitor.ScheduleLearned}[kind%4]
		beat := time.Unix(at%4_000_000_000, 0).UTC()
		if monitor.ValidateSchedule(s) != nil || beat.Unix() < 0 {
			t.Skip()
		}
		w := expect(s, &Rhythm{}, beat, time.UTC)
		if w.Deadline.IsZero() {
			return
		}
		if !w.Expected.IsZero() && !w.Expected.After(beat) || w.Deadline.Before(w.Expected) || w.Deadline.Before(beat) {
			t.Fatalf("%+v after %s: expected %s, missing %s", s, beat, w.Expected, w.Deadline)
		}
	})
}

// A rhythm takes any arrivals, says something of them, and comes back as it was.
func FuzzRhythm(f *testing.F) {
	f.Add([]byte{1, 2, 3, 60, 60, 60, 60, 60, 60, 255, 255, 1, 1, 1, 1, 1, 1, 1})
	f.Fuzz(func(t *testing.T, steps []byte) {
		r, at := &Rhythm{}, time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC)
		berlin, err := time.LoadLocation("Europe/Berlin")
		if err != nil {
			t.Skip()
		}
		for i, step := range steps {
			// From a second to weeks, and some back.
			at = at.Add(time.Duration(step%16) * time.Second << (step / 16))
			if step == 240 {
				at = at.Add(-time.Hour)
			}
			r.Arrive(at, step%31 == 30)
			w := r.Learned(berlin)
			if w.Deadline.Before(r.newest) {
				t.Fatalf("after %d beats the next is missing before the newest: %s, %s, %s", i+1, w.Deadline, r.newest, r.Words(berlin))
			}
			_ = r.Brief(berlin)
		}
		var again Rhythm
		if err := again.Unpack(r.Pack()); err != nil {
			t.Fatal(err)
		}
		if got, want := again.Words(berlin), r.Words(berlin); got != want {
			t.Fatalf("packed %q, unpacked %q", want, got)
		}
	})
}
