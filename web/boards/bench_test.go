package boards_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wingmirror/web/boards"
)

// bigBoard is a tree of 1,000 components with 10 rationales each.
func bigBoard() string {
	var text strings.Builder
	text.WriteString("components:\n")
	for i := range 1000 {
		fmt.Fprintf(&text, "- id: c%d\n", i)
		if i > 0 {
			fmt.Fprintf(&text, "  parent: c%d\n  counts: capped DC4\n", (i-1)/10)
		}
		text.WriteString("  sources:\n  - type: static\n    rationales:\n")
		for j := range 10 {
			fmt.Fprintf(&text, "    - {id: r%d, level: %d, title: Rationale %d of component %d, link: 'https://wiki.example.com/%d', description: Somebody knows about this one}\n", j, 5-(i+j)%3, j, i, j)
		}
	}
	return text.String()
}

// BenchmarkGate asks the gates of 1,000 components with 10,000 rationales over
// HTTP, 32 clients at once, and tells the 99th percentile of the latencies. The
// clients use the same processors as the server.
func BenchmarkGate(b *testing.B) {
	for _, name := range []string{"open", "token"} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b, bigBoard(), func(r *boards.Room) { r.Open = name == "open" })
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
			ask := func(i int) {
				r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, fmt.Sprintf("%s/gate/c%d?min=4", w.URL, 500+i%500), nil)
				if err != nil {
					b.Error(err)
					return
				}
				if name == "token" {
					r.Header.Set("Authorization", "Bearer "+w.gate)
				}
				resp, err := client.Do(r)
				if err != nil {
					b.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusLocked {
					b.Errorf("status %d", resp.StatusCode)
				}
			}
			for i := range 100 {
				ask(i)
			}
			const clients = 32
			took := make([][]time.Duration, clients)
			b.ResetTimer()
			begun := time.Now()
			var all sync.WaitGroup
			for c := range clients {
				all.Go(func() {
					for i := c; i < b.N; i += clients {
						at := time.Now()
						ask(i)
						took[c] = append(took[c], time.Since(at))
					}
				})
			}
			all.Wait()
			wall := time.Since(begun)
			b.StopTimer()
			latencies := slices.Concat(took...)
			slices.Sort(latencies)
			b.ReportMetric(float64(len(latencies))/wall.Seconds(), "req/s")
			b.ReportMetric(float64(latencies[len(latencies)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}
