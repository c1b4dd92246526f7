package graphite_test

import (
	"fmt"
	"net/http/httptest"
	"sync"
	"testing"

	"wingmirror/graphite"
	"wingmirror/graphite/graphitetest"
	"wingmirror/monitor"
)

// BenchmarkFetch is one tick of many monitors with two targets of an hour each,
// every second target the same for ten monitors. The server's part is in it.
func BenchmarkFetch(b *testing.B) {
	server := httptest.NewServer(&graphitetest.Fake{})
	defer server.Close()
	for _, monitors := range []int{1, 100, 2000} {
		b.Run(fmt.Sprintf("%d monitors", monitors), func(b *testing.B) {
			c, err := graphite.New(graphite.Options{URL: server.URL})
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			window := hour
			for b.Loop() {
				window.Until += 60
				window.From += 60
				tick(b, c, window, monitors)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*monitors), "µs/monitor")
			b.ReportMetric(float64(c.Stats().Requests)/float64(b.N), "requests/tick")
		})
	}
}

func tick(b *testing.B, c *graphite.Client, w monitor.Window, monitors int) {
	var all sync.WaitGroup
	for i := range monitors {
		all.Go(func() {
			targets := []string{fmt.Sprintf("alias(summarize(app.n%d.rate,'1min'),'rate')", i), fmt.Sprintf("sumSeries(app.*.g%d)", i/10)}
			for _, f := range c.Fetch(b.Context(), w, targets) {
				if f.Status != monitor.StatusOK {
					b.Errorf("%s: %s", f.Status, f.Reason)
				}
			}
		})
	}
	all.Wait()
}
