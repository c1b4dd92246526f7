package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

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
	for path, most := range map[string]int{"/": 60 << 10, "/monitors/1": 300 << 10} {
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
