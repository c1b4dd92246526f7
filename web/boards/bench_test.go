package boards_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
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

// caller is one client with a connection of its own. It does as little as it
// can, since it uses the same processors as the server.
type caller struct {
	conn  net.Conn
	read  *bufio.Reader
	token string
}

func (w *world) caller(b *testing.B, token string) *caller {
	conn, err := (&net.Dialer{}).DialContext(b.Context(), "tcp", w.Listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	return &caller{conn, bufio.NewReaderSize(conn, 16<<10), token}
}

// ask asks one of 500 gates and reads the whole answer.
func (c *caller) ask(i int) error {
	head := fmt.Sprintf("GET /gate/c%d?min=4 HTTP/1.1\r\nHost: 127.0.0.1\r\n", 500+i%500)
	if c.token != "" {
		head += "Authorization: Bearer " + c.token + "\r\n"
	}
	if _, err := io.WriteString(c.conn, head+"\r\n"); err != nil {
		return err
	}
	resp, err := http.ReadResponse(c.read, nil)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusLocked {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return nil
}

// BenchmarkGate asks the gates of 1,000 components with 10,000 rationales over
// HTTP. In the closed runs 32 clients ask again as soon as they are answered, so
// that the latency is mostly the time that a question waits for its turn. In the
// runs at 10,000 a second questions come at that pace whether or not others were
// answered, and the latency counts from when each should have been asked. The
// clients use the same processors as the server.
func BenchmarkGate(b *testing.B) {
	for _, who := range []string{"anonymous", "token"} {
		for _, pace := range []int{0, 10_000} {
			name := who + "/closed"
			if pace > 0 {
				name = fmt.Sprintf("%s/%d-a-second", who, pace)
			}
			b.Run(name, func(b *testing.B) {
				w := newWorld(b, bigBoard(), func(r *boards.Room) { r.Open = who == "anonymous" })
				token := ""
				if who == "token" {
					token = w.gate
				}
				loadGate(b, w, token, pace)
			})
		}
	}
}

// loadGate asks b.N questions and reports how many were answered a second, and
// the median and the 99th percentile of the latencies.
func loadGate(b *testing.B, w *world, token string, pace int) {
	const clients = 32
	callers := make([]*caller, clients)
	for c := range callers {
		callers[c] = w.caller(b, token)
		for i := range 500 {
			if err := callers[c].ask(i); err != nil {
				b.Fatal(err)
			}
		}
	}
	runtime.GC() // what making the board left behind
	took := make([][]time.Duration, clients)
	b.ResetTimer()
	begun := time.Now()
	var all sync.WaitGroup
	for c, caller := range callers {
		all.Go(func() {
			for i := c; i < b.N; i += clients {
				due := time.Now()
				if pace > 0 {
					due = begun.Add(time.Duration(i) * time.Second / time.Duration(pace))
					time.Sleep(time.Until(due))
				}
				if err := caller.ask(i); err != nil {
					b.Error(err)
					return
				}
				took[c] = append(took[c], time.Since(due))
			}
		})
	}
	all.Wait()
	wall := time.Since(begun)
	b.StopTimer()
	latencies := slices.Concat(took...)
	slices.Sort(latencies)
	at := func(share int) float64 { return float64(latencies[len(latencies)*share/100].Microseconds()) / 1000 }
	b.ReportMetric(float64(len(latencies))/wall.Seconds(), "req/s")
	b.ReportMetric(at(50), "p50-ms")
	b.ReportMetric(at(99), "p99-ms")
	b.ReportMetric(0, "ns/op")
}
