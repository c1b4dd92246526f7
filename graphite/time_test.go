package graphite_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"wingmirror/graphite"
	"wingmirror/graphite/graphitetest"
	"wingmirror/monitor"
)

// failing answers its first n requests by fail.
func failing(n int, fail http.HandlerFunc) *graphitetest.Fake {
	var count atomic.Int32
	return &graphitetest.Fake{Intercept: func(w http.ResponseWriter, r *http.Request) bool {
		if int(count.Add(1)) > n {
			return false
		}
		fail(w, r)
		return true
	}}
}

func withStatus(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Error(w, "oh no", code) }
}

func TestRetry_OnlyWhatMayPass(t *testing.T) {
	cut := func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `[{"target":"a","datapoints":[[1,60`)
		panic(http.ErrAbortHandler)
	}
	for _, row := range []struct {
		name     string
		failures int
		fail     http.HandlerFunc
		requests int
		ok       bool
	}{
		{"500", 2, withStatus(500), 3, true},
		{"502", 2, withStatus(502), 3, true},
		{"503", 2, withStatus(503), 3, true},
		{"three times 503", 3, withStatus(503), 3, false},
		{"connection closed", 2, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 3, true},
		{"answer cut off", 1, cut, 2, true},
		{"400", 1, withStatus(400), 1, false},
		{"401", 1, withStatus(401), 1, false},
		{"429 without a time", 1, withStatus(429), 1, false},
		{"nonsense", 1, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "[1]") }, 1, false},
		{"timeout", 1, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, 1, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			fake := failing(row.failures, row.fail)
			c := newClient(t, fake, graphite.Options{})
			began := time.Now()
			f := c.Fetch(t.Context(), hour, []string{"a.b"})[0]
			if ok := f.Status == monitor.StatusOK; ok != row.ok || len(fake.Requests()) != row.requests {
				t.Errorf("%s: %s %q after %d requests, want %d", row.name, f.Status, f.Reason, len(fake.Requests()), row.requests)
			}
			if took := time.Since(began); row.requests > 1 && (took < 100*time.Millisecond || took > 2*time.Second) {
				t.Errorf("%s: took %s", row.name, took)
			}
			if retries := c.Stats().Retries; retries != uint64(row.requests-1) {
				t.Errorf("%s: %d retries counted", row.name, retries)
			}
		})
	}
}

func TestRetryAfter_IsHonoured(t *testing.T) {
	wait := func(code int, value string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", value)
			withStatus(code)(w, r)
		}
	}
	for _, row := range []struct {
		name  string
		fail  http.HandlerFunc
		waits time.Duration // 0 when it is not worth waiting
	}{
		{"seconds", wait(429, "7"), 7 * time.Second},
		{"503", wait(503, "7"), 7 * time.Second},
		{"date", func(w http.ResponseWriter, r *http.Request) {
			wait(429, time.Now().Add(9*time.Second).UTC().Format(http.TimeFormat))(w, r)
		}, 9 * time.Second},
		{"longer than anybody waits", wait(429, "120"), 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			fake := failing(1, row.fail)
			c := newClient(t, fake, graphite.Options{})
			began := time.Now()
			f := c.Fetch(t.Context(), hour, []string{"a.b"})[0]
			if took := time.Since(began); took < row.waits || took > row.waits+time.Second || (f.Status == monitor.StatusOK) != (row.waits > 0) {
				t.Errorf("%s: %s %q after %s", row.name, f.Status, f.Reason, took)
			}
			if row.waits > 0 {
				return
			}
			if until := c.Stats().PausedUntil; !until.Equal(began.Add(2 * time.Minute)) {
				t.Errorf("paused until %s", until)
			}
			check(t, []string{"failed: not asked, because the server wants to be left alone until 00:02:00 UTC"}, c.Fetch(t.Context(), hour, []string{"a.b"}))
			time.Sleep(2 * time.Minute)
			check(t, []string{"ok a.b"}, c.Fetch(t.Context(), hour, []string{"a.b"}))
		})
	}
}

func TestBreaker_OpensAndTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := failing(6, withStatus(503))
		c := newClient(t, fake, graphite.Options{Retries: -1})
		for range 5 {
			check(t, []string{"failed: 503 Service Unavailable: oh no"}, c.Fetch(t.Context(), hour, []string{"a.b"}))
		}
		refused := []string{"failed: not asked, because the last requests all failed; trying again soon; the last one: 503 Service Unavailable: oh no"}
		check(t, refused, c.Fetch(t.Context(), hour, []string{"a.b"}))
		if s := c.Stats(); s.Breaker != "open" || s.Requests != 5 {
			t.Errorf("breaker %s after %d requests", s.Breaker, s.Requests)
		}
		time.Sleep(16 * time.Second)
		check(t, []string{"failed: 503 Service Unavailable: oh no"}, c.Fetch(t.Context(), hour, []string{"a.b"}))
		check(t, refused, c.Fetch(t.Context(), hour, []string{"a.b"}))
		time.Sleep(16 * time.Second)
		check(t, []string{"ok a.b"}, c.Fetch(t.Context(), hour, []string{"a.b"}))
		if s := c.Stats(); s.Breaker != "closed" || len(fake.Requests()) != 7 {
			t.Errorf("breaker %s after %d requests", s.Breaker, len(fake.Requests()))
		}
	})
}

func TestBreaker_BadTargetsDoNotOpenIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, failing(100, withStatus(500)), graphite.Options{Retries: -1})
		for range 20 {
			c.Fetch(t.Context(), hour, []string{"a.b"})
		}
		if s := c.Stats(); s.Breaker != "closed" || s.Requests != 20 {
			t.Errorf("breaker %s after %d requests", s.Breaker, s.Requests)
		}
	})
}

func TestBreaker_ACallerWhoLeavesDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, failing(100, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), graphite.Options{})
		for range 8 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			c.FetchFresh(ctx, hour, []string{"a.b"})
			cancel()
		}
		if s := c.Stats(); s.Breaker != "closed" || s.Errors != 0 {
			t.Errorf("breaker %s, %d errors", s.Breaker, s.Errors)
		}
	})
}

func TestFetch_ATargetThatHangsTheServerIsFoundOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &graphitetest.Fake{Intercept: func(w http.ResponseWriter, r *http.Request) bool {
			hangs := strings.Contains(strings.Join(r.Form["target"], ""), "heavy")
			if hangs {
				<-r.Context().Done()
			}
			return hangs
		}}
		c := newClient(t, fake, graphite.Options{})
		var targets []string
		for i := range 32 {
			targets = append(targets, fmt.Sprintf("app.n%d", i))
		}
		targets[20] = "heavy.x"
		count := func() (ok int, took time.Duration) {
			began := time.Now()
			for _, f := range c.Fetch(t.Context(), hour, targets) {
				if f.Status == monitor.StatusOK {
					ok++
				}
			}
			return ok, time.Since(began)
		}
		if ok, took := count(); ok < 16 || took > 45*time.Second {
			t.Errorf("at first %d of 32 after %s", ok, took)
		}
		for range 2 {
			if ok, took := count(); ok != 31 || took > 15*time.Second {
				t.Errorf("then %d of 32 after %s", ok, took)
			}
		}
	})
}

func TestFetch_NeverMoreRequestsThanAllowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &graphitetest.Fake{Latency: time.Second}
		c := newClient(t, fake, graphite.Options{Concurrency: 3, Batch: 2})
		var targets []string
		for i := range 40 {
			targets = append(targets, fmt.Sprintf("app.n%d", i))
		}
		began := time.Now()
		for i, f := range c.Fetch(t.Context(), hour, targets) {
			if f.Status != monitor.StatusOK || f.Series[0].Label != targets[i] {
				t.Fatalf("%s: %s", f.Status, f.Reason)
			}
		}
		if took := time.Since(began); took != 7*time.Second || fake.MostAtOnce() != 3 {
			t.Errorf("20 requests of 1 s took %s with %d at once, want 7 s with 3", took, fake.MostAtOnce())
		}
	})
}

func TestFetch_CallersShareRequestsAndAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &graphitetest.Fake{Latency: time.Second}
		c := newClient(t, fake, graphite.Options{Gather: 5 * time.Millisecond, Keep: 10 * time.Second})
		var all sync.WaitGroup
		for i := range 30 {
			all.Go(func() {
				time.Sleep(time.Duration(i) * 100 * time.Microsecond)
				check(t, []string{"ok app.shared", fmt.Sprintf("ok app.n%d", i)}, c.Fetch(t.Context(), hour, []string{"app.shared", fmt.Sprintf("app.n%d", i)}))
			})
		}
		all.Wait()
		if n := len(fake.Requests()); n != 1 || len(fake.Requests()[0].Targets) != 31 {
			t.Fatalf("%d requests, the first for %d targets; want 1 for 31", n, len(fake.Requests()[0].Targets))
		}
		later := hour
		later.Until += 60
		c.Fetch(t.Context(), later, []string{"app.shared"}) // another window
		c.Fetch(t.Context(), hour, []string{"app.shared"})  // kept
		if n := len(fake.Requests()); n != 2 {
			t.Errorf("%d requests, want 2", n)
		}
		c.FetchFresh(t.Context(), hour, []string{"app.shared"})
		if n := len(fake.Requests()); n != 3 || fake.Requests()[2].Form["noCache"] == nil {
			t.Errorf("%d requests, want a third past the caches", n)
		}
		time.Sleep(10 * time.Second)
		c.Fetch(t.Context(), hour, []string{"app.shared"}) // no longer kept
		if n := len(fake.Requests()); n != 4 {
			t.Errorf("%d requests, want 4", n)
		}
		if s := c.Stats(); s.Shared != 30 || s.Requests != 4 {
			t.Errorf("%d shared, %d requests", s.Shared, s.Requests)
		}
	})
}

func TestFetch_FailuresAreNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, failing(1, withStatus(400)), graphite.Options{Gather: 5 * time.Millisecond, Keep: 10 * time.Second})
		check(t, []string{"failed: 400 Bad Request: oh no"}, c.Fetch(t.Context(), hour, []string{"a.b"}))
		check(t, []string{"ok a.b"}, c.Fetch(t.Context(), hour, []string{"a.b"}))
	})
}

func TestClose_EndsWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, failing(9, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), graphite.Options{})
		go func() {
			time.Sleep(time.Second)
			c.Close()
		}()
		began := time.Now()
		check(t, []string{"failed: gave up waiting for an answer"}, c.Fetch(t.Context(), hour, []string{"a.b"}))
		if took := time.Since(began); took != time.Second {
			t.Errorf("took %s", took)
		}
	})
}
