package sandbox

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestQuarantine_AfterThreeStrikesWithBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQuarantine()
		killer := suspect{job: 1, script: 2}
		strike := func() { q.strike(killer, "it used too much memory", time.Now()) }
		refused := func() bool { return q.refuses(killer, time.Now) != "" }
		for range strikesAllowed - 1 {
			strike()
			if refused() {
				t.Fatal("refused too early")
			}
		}
		for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
			strike()
			time.Sleep(want*time.Minute - time.Second)
			if !refused() {
				t.Errorf("allowed before %v minutes are over", int(want))
			}
			time.Sleep(time.Second)
			if refused() {
				t.Errorf("refused after %v minutes", int(want))
			}
		}
		if q.refuses(suspect{job: 1, script: 3}, time.Now) != "" {
			t.Error("an edited script is refused too")
		}
	})
}

func TestQuarantine_OfUsedUpTimeIsShort(t *testing.T) {
	q, at := newQuarantine(), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for range 3 * strikesAllowed {
		q.overtime(suspect{}, at)
	}
	why := q.refuses(suspect{}, func() time.Time { return at })
	for _, part := range []string{"used up its processor time", "9 times", "2026-03-01 12:10:00 UTC"} {
		if !strings.Contains(why, part) {
			t.Errorf("%q does not say %q", why, part)
		}
	}
}

func TestQuarantine_WhoWentBeyondTheLimitsComesLast(t *testing.T) {
	q, long, bad := newQuarantine(), suspect{job: 1}, suspect{job: 2}
	q.ran(long, heavyCPU)
	q.overtime(bad, time.Unix(0, 0))
	if q.courtesy(long) != afterOthers || q.courtesy(bad) != lastOfAll {
		t.Errorf("a long run yields %v, one beyond its limits %v", q.courtesy(long), q.courtesy(bad))
	}
	if q.ran(bad, heavyCPU); q.courtesy(bad) != afterOthers {
		t.Error("a long run within its limits is not forgiven")
	}
}

func TestQuarantine_SaysWhyAndUntilWhen(t *testing.T) {
	q := newQuarantine()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for range strikesAllowed {
		q.strike(suspect{}, "the script used more memory than allowed", at)
	}
	why := q.refuses(suspect{}, func() time.Time { return at })
	for _, part := range []string{"3 times", "more memory", "2026-03-01 12:01:00 UTC"} {
		if !strings.Contains(why, part) {
			t.Errorf("%q does not say %q", why, part)
		}
	}
}

func TestQuarantine_OneGoodRunForgives(t *testing.T) {
	q := newQuarantine()
	at := time.Unix(0, 0)
	for range 10 * strikesAllowed {
		q.strike(suspect{}, "", at)
		q.strike(suspect{}, "", at)
		q.ran(suspect{}, 0)
	}
	if why := q.refuses(suspect{}, func() time.Time { return at }); why != "" {
		t.Error(why)
	}
}

func TestQuarantine_StaysSmall(t *testing.T) {
	q := newQuarantine()
	for i := range 3 * suspectsMost {
		q.strike(suspect{job: int64(i)}, "", time.Unix(0, 0))
		q.ran(suspect{job: -int64(i)}, time.Second)
	}
	if n := len(q.records); n > suspectsMost {
		t.Errorf("remembers %d scripts", n)
	}
	if q.lane(suspect{job: -3*suspectsMost + 1}) != heavyLane {
		t.Error("the newest is forgotten")
	}
}
