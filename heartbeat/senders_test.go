package heartbeat

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wingmirror/monitor"
)

func TestSizes_ATextOfAnUnusualSizeIsAWarning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		b := openBook(t, m, &listener{})
		says := func(b *Book, n int) monitor.HeartbeatState {
			time.Sleep(time.Minute)
			beatNow(t, b, Arrival{Body: bytes.Repeat([]byte("x"), n)})
			return stateOf(t, b)
		}
		for i := range 30 {
			if s := says(b, 2000+i*7919%400); s.Level != monitor.OK {
				t.Fatalf("text %d: %s", i, s.Message)
			}
		}
		b = openBook(t, m, &listener{}) // what is usual outlives a restart
		if s := says(b, 40); s.Level != monitor.Warning || s.Why != monitor.WhySize || !strings.Contains(s.Message, "40 bytes") {
			t.Errorf("a short text: %s %s", s.Level, s.Message)
		}
		if s := says(b, 2100); s.Level != monitor.OK {
			t.Errorf("a usual text: %s", s.Message)
		}
		if s := says(b, 60_000); s.Why != monitor.WhySize {
			t.Errorf("a long text: %s %s", s.Level, s.Message)
		}
		if s := says(b, 0); s.Level != monitor.OK {
			t.Errorf("no text: %s", s.Message)
		}
		v, _ := b.Get(backup)
		v.Heartbeat.Limits.OddSize = monitor.Off
		if _, err := b.Save(t.Context(), v.Heartbeat, "ann"); err != nil {
			t.Fatal(err)
		}
		if s := says(b, 40); s.Level != monitor.OK {
			t.Errorf("switched off: %s", s.Message)
		}
	})
}

func TestBook_SeveralSendersOfOneHeartbeatAreNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := openBook(t, newMemory(), &listener{})
		run := func(hosts int) string {
			for i := range hosts {
				beatNow(t, b, Arrival{Kind: monitor.BeatStart, Run: fmt.Sprint("r", i)})
				time.Sleep(time.Second)
			}
			for i := range hosts {
				beatNow(t, b, Arrival{Run: fmt.Sprint("r", i)})
				time.Sleep(time.Second)
			}
			time.Sleep(time.Minute)
			v, err := b.Get(backup)
			if err != nil {
				t.Fatal(err)
			}
			return v.Shared
		}
		for range 10 {
			if shared := run(1); shared != "" {
				t.Fatalf("one sender: %s", shared)
			}
		}
		shared := ""
		for range 4 {
			shared = run(3)
		}
		if !strings.Contains(shared, "another one is under way") {
			t.Errorf("three senders: %q", shared)
		}
		for range 60 {
			shared = run(1)
		}
		if shared != "" {
			t.Errorf("one sender again: %q", shared)
		}
	})
}

func TestBook_WhatANetworkHeldUpIsNotTooOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := openBook(t, newMemory(), &listener{})
		running(t, b)
		train(t, b, 40, time.Minute)
		time.Sleep(10 * time.Minute)
		if s := stateOf(t, b); s.Why != monitor.WhyMissing {
			t.Fatalf("after ten minutes: %s", s.Message)
		}
		for range 10 {
			beatNow(t, b, Arrival{})
			time.Sleep(time.Millisecond)
		}
		if s := stateOf(t, b); s.Level != monitor.OK {
			t.Errorf("what came at once after a cut: %s", s.Message)
		}
		time.Sleep(time.Minute)
		for range 5 {
			beatNow(t, b, Arrival{})
			time.Sleep(time.Second)
		}
		if s := stateOf(t, b); s.Why != monitor.WhyOften {
			t.Errorf("a burst without a cut: %s %s", s.Level, s.Message)
		}
	})
}

func TestVote_MovesQuietTimeAndSensitivity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := openBook(t, newMemory(), &listener{})
		v := 3.0
		beatNow(t, b, Arrival{Metric: &v})
		b.byRef[backup].s.Feedback = &monitor.QuietTime{Hours: 1, AlertAfter: time.Now(), InEvent: true}
		for i, c := range []struct {
			up          bool
			hours       float64
			quiet       time.Duration
			sensitivity float64
		}{{false, 2, 5 * time.Hour, neutral - voteStep}, {false, 4, 5 * time.Hour, neutral - 2*voteStep}, {true, 2.4, 3 * time.Hour, neutral - voteStep}} {
			if err := b.Vote(t.Context(), backup, c.up, "ann"); err != nil {
				t.Fatal(err)
			}
			view, _ := b.Get(backup)
			f := view.State.Feedback
			if f.Hours != c.hours || time.Until(f.AlertAfter) != c.quiet || view.Heartbeat.Sensitivity-c.sensitivity > 1e-9 || c.sensitivity-view.Heartbeat.Sensitivity > 1e-9 {
				t.Errorf("vote %d: %+v, sensitivity %g, want %+v", i, f, view.Heartbeat.Sensitivity, c)
			}
		}
	})
}
