package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"wingmirror/alerting"
	"wingmirror/monitor"
	"wingmirror/store"
)

// many is a world whose list is long.
type many struct {
	*world
	rows []store.Overview
}

func (m many) Overview(context.Context) ([]store.Overview, error) { return m.rows, nil }

func longList(tb testing.TB, n int) http.Handler {
	w := newWorld(tb, time.Now)
	m := many{world: w}
	levels := []monitor.Level{monitor.OK, monitor.OK, monitor.OK, monitor.Warning, monitor.OK, monitor.Critical}
	for i := range n {
		level := levels[i*i%len(levels)]
		m.rows = append(m.rows, store.Overview{
			ID: int64(i + 1), Name: fmt.Sprintf("Monitor %d of a long list", i), Group: fmt.Sprintf("team%d/service%d", i%20, i%100), Labels: map[string]string{"team": fmt.Sprint(i % 20)},
			Schedule: "* * * * *", Active: i%30 != 0, Level: level, Message: "a message of a usual length, with a number 1234", LastRun: time.Now(), Recent: strings.Repeat("owooc", 8),
		})
	}
	o := w.options()
	o.Library = m
	return handler(tb, o)
}

// BenchmarkMonitorsPage shows the first page of a list of 5,000.
func BenchmarkMonitorsPage(b *testing.B) {
	h := longList(b, 5000)
	for b.Loop() {
		if out := get(h, "/", "Accept-Encoding", "gzip"); out.Code != http.StatusOK {
			b.Fatal(out.Code)
		}
	}
}

// storedList is a list in a real database: monitors of several teams, one in
// six of them in trouble.
func storedList(tb testing.TB, n int) (*store.DB, []monitor.Monitor) {
	tb.Helper()
	db, err := store.Open(tb.Context(), store.Options{Path: filepath.Join(tb.TempDir(), "list.db"), Now: time.Now})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	all := make([]monitor.Monitor, n)
	for i := range all {
		all[i], err = db.CreateMonitor(tb.Context(), monitor.Monitor{
			Name: fmt.Sprintf("Monitor %d of a long list", i), Group: fmt.Sprintf("team%d/service%d", i%20, i%100), Labels: map[string]string{"team": fmt.Sprint(i % 20)},
			Schedule: "* * * * *", Targets: []string{"a.b"}, Script: "1", Active: i%30 != 1,
		}, "ann", time.Now())
		if err != nil {
			tb.Fatal(err)
		}
		if all[i].Active {
			minute(tb, db, all[i:i+1], 0)
		}
	}
	return db, all
}

// minute stores one run of each monitor, the nth of theirs.
func minute(tb testing.TB, db *store.DB, monitors []monitor.Monitor, n int) {
	tb.Helper()
	var wg sync.WaitGroup
	for _, m := range monitors {
		if !m.Active {
			continue
		}
		at, level := time.Now().Add(-time.Hour+time.Duration(n)*time.Second), monitor.OK
		message := ""
		if m.ID%6 == 0 {
			level, message = monitor.Critical, "a message of a usual length, with a number 1234"
		}
		wg.Go(func() {
			if err := db.Commit(context.Background(), monitor.Commit{
				Run:    &monitor.Run{Monitor: m.ID, At: at, Version: m.Version, Started: at, Level: level, Message: message},
				State:  monitor.State{Subject: m.Subject(), Version: int64(min(n, 1)), Level: level, Observed: level, Message: message, Since: at, Runs: n + 1, At: at},
				Steady: n > 0,
			}); err != nil {
				tb.Error(err)
			}
		})
	}
	wg.Wait()
}

// BenchmarkMonitorsPage_Stored is the whole request for the list of 5,000 monitors
// that run each minute: middleware, a real database, the page, compressed. Half a
// second of runs is stored before each.
func BenchmarkMonitorsPage_Stored(b *testing.B) {
	db, monitors := storedList(b, 5000)
	o := newWorld(b, time.Now).options()
	book := &alerting.SilenceBook{}
	o.Library, o.History, o.Incidents, o.Holder = db, db, db, book
	h := handler(b, o)
	n, used := 0, time.Duration(0)
	for b.Loop() {
		first := n * 40 % len(monitors)
		minute(b, db, monitors[first:first+40], 1+n*40/len(monitors))
		n++
		before := cpuTime(b)
		if out := get(h, "/", "Accept-Encoding", "gzip"); out.Code != http.StatusOK {
			b.Fatal(out.Code)
		}
		used += cpuTime(b) - before
	}
	b.ReportMetric(float64(used.Microseconds())/float64(n), "cpu-us/page")
}

func cpuTime(tb testing.TB) time.Duration {
	tb.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func BenchmarkMonitorPage(b *testing.B) {
	w := newWorld(b, time.Now)
	w.fill()
	h := handler(b, w.options())
	for b.Loop() {
		if out := get(h, "/monitors/1"); out.Code != http.StatusOK {
			b.Fatal(out.Code)
		}
	}
}

// The first visit may cost no more than this, compressed, with all that a page loads.
func TestPages_StayLight(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	h := handler(t, w.options())
	for path, most := range map[string]int{"/": 60 << 10, "/monitors/1": 300 << 10, "/monitors/new": 300 << 10} {
		out := get(h, path, "Accept-Encoding", "gzip")
		total := out.Body.Len()
		for _, asset := range assetsOf(t, get(h, path)) {
			total += get(h, asset, "Accept-Encoding", "gzip").Body.Len()
		}
		t.Logf("GET %s with its assets: %d bytes", path, total)
		if total > most {
			t.Errorf("GET %s with its assets has %d bytes, at most %d", path, total, most)
		}
	}
}

func assetsOf(t *testing.T, page *httptest.ResponseRecorder) []string {
	t.Helper()
	var all []string
	for _, part := range strings.Split(page.Body.String(), `"`) {
		if strings.HasPrefix(part, "/assets/") {
			all = append(all, part)
		}
	}
	if len(all) < 2 {
		t.Fatalf("found only the assets %v", all)
	}
	return all
}
