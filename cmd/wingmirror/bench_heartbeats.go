package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"wingmirror/heartbeat"
	"wingmirror/monitor"
	"wingmirror/store"
	"wingmirror/web/heartbeats"
)

// beatBench sends beats at a fixed rate to a server in this process, whether or
// not it keeps up: an answer's time counts from when the beat was to be sent.
type beatBench struct {
	checks int
	rate   int
	length time.Duration
	metric bool
	dir    string
	asJSON bool
}

func newBenchHeartbeats(p process) *cobra.Command {
	var b beatBench
	cmd := &cobra.Command{
		Use:   "heartbeats",
		Short: "Measure answers to beats and the lateness of the watch under load",
		Long: `Measure answers to beats and the lateness of the watch under load. Beats come by
HTTP over kept connections, each to the next heartbeat in turn, and each is in the
database before it is answered. One heartbeat in a hundred beats once and then
never, so that deadlines pass meanwhile. Client and server share this process.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if b.checks < 1 || b.rate < 1 || b.length < 4*time.Second {
				return usageError("--checks and --rate are at least 1, --for at least 4s")
			}
			return b.run(cmd.Context(), p)
		},
	}
	f := cmd.Flags()
	f.IntVar(&b.checks, "checks", 50_000, "heartbeats that are watched")
	f.IntVar(&b.rate, "rate", 1000, "beats per second")
	f.DurationVar(&b.length, "for", 30*time.Second, "how long to measure")
	f.BoolVar(&b.metric, "metric", false, "let one beat in ten carry a value, from a hundred of the heartbeats")
	f.StringVar(&b.dir, "dir", "", "directory for the database, kept afterwards (default a temporary one)")
	f.BoolVar(&b.asJSON, "json", false, "print JSON instead of text")
	return cmd
}

type beatReport struct {
	Checks  int     `json:"checks"`
	Rate    float64 `json:"beats_per_second"`
	Failed  int64   `json:"failed"`
	P50     float64 `json:"answer_p50_ms"`
	P99     float64 `json:"answer_p99_ms"`
	Worst   float64 `json:"answer_worst_ms"`
	CPU     float64 `json:"cpu_us_per_beat"` // client, server and watch together
	Missed  int64   `json:"deadlines_passed"`
	Latest  float64 `json:"deadline_worst_lateness_ms"`
	Setup   float64 `json:"setup_seconds"`
	Reopen  float64 `json:"reopen_seconds"`
	Machine string  `json:"machine"`
}

const (
	benchSpace  = "bench"
	benchKey    = "benchbenchbenchbench"
	benchSender = 128 // connections
	silentShare = 100 // one heartbeat in so many falls silent
	benchValues = 100 // heartbeats that carry values, with --metric
)

func (b beatBench) run(ctx context.Context, p process) error {
	dir := b.dir
	if dir == "" {
		temporary, err := os.MkdirTemp("", "wingmirror-bench-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(temporary)
		dir = temporary
	}
	path := filepath.Join(dir, "heartbeats.db")
	db, err := store.Open(ctx, store.Options{Path: path, Now: time.Now})
	if err != nil {
		return err
	}
	defer db.Close()
	report := beatReport{Checks: b.checks, Machine: machine()}
	options := heartbeat.Options{Store: db, Now: time.Now, Quota: b.checks + benchValues}
	book, err := heartbeat.Open(ctx, options)
	if err != nil {
		return err
	}
	begun := time.Now()
	if err := b.setUp(ctx, book, false); err != nil {
		return err
	}
	report.Setup = time.Since(begun).Seconds()
	if err := b.measure(ctx, db, book, &report); err != nil {
		return err
	}
	begun = time.Now()
	if _, err := heartbeat.Open(ctx, options); err != nil {
		return err
	}
	report.Reopen = time.Since(begun).Seconds()
	return report.print(p.stdout, b.asJSON)
}

func benchName(i int) string { return fmt.Sprintf("job-%05d", i) }

// setUp makes the heartbeats that go on beating, or those that fall silent, which
// are missing in the middle of the measurement.
func (b beatBench) setUp(ctx context.Context, book *heartbeat.Book, silent bool) error {
	schedule := monitor.HeartbeatSchedule{Kind: monitor.SchedulePeriod, Period: time.Hour}
	if silent {
		schedule.Period, schedule.Grace = b.length/2, time.Second
	}
	var group sync.WaitGroup
	var failed atomic.Pointer[error]
	next := make(chan int)
	for range 64 {
		group.Go(func() {
			for i := range next {
				_, err := book.Take(ctx, heartbeat.Arrival{Ref: monitor.HeartbeatRef{Space: benchSpace, Name: benchName(i)}, Kind: monitor.BeatOK, Schedule: &schedule})
				if err != nil {
					failed.Store(&err)
				}
			}
		})
	}
	for i := range b.checks {
		if silent == (i%silentShare == 0) {
			next <- i
		}
	}
	close(next)
	group.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// oneKey opens the bench's space.
type oneKey struct{}

// Find knows the one key.
func (oneKey) Find(key string) (monitor.HeartbeatKey, error) {
	if key != benchKey {
		return monitor.HeartbeatKey{}, heartbeat.ErrKey
	}
	return monitor.HeartbeatKey{Key: key, Space: benchSpace}, nil
}

func (b beatBench) measure(ctx context.Context, db *store.DB, book *heartbeat.Book, report *beatReport) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	heartbeats.Ping{Book: book, Keys: oneKey{}, Log: slog.New(slog.DiscardHandler)}.Routes(mux)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(listener) // ends with Close below
	defer server.Close()
	watching, stop := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() { book.Run(watching) })
	defer func() { stop(); watch.Wait() }()

	if err := b.setUp(ctx, book, true); err != nil {
		return err
	}
	before, err := takeUsage(os.Getpid())
	if err != nil {
		return err
	}
	took, failed := b.send(ctx, "http://"+listener.Addr().String()+heartbeats.PingPath+benchKey+"/")
	after, err := takeUsage(os.Getpid())
	if err != nil {
		return err
	}
	slices.Sort(took)
	if len(took) == 0 {
		return fmt.Errorf("not one of %d beats was answered", failed)
	}
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	stats := book.Stats()
	report.Rate, report.Failed = float64(len(took))/b.length.Seconds(), failed
	report.P50, report.P99, report.Worst = ms(took[len(took)/2]), ms(took[len(took)*99/100]), ms(took[len(took)-1])
	report.CPU = float64((after.server - before.server).Microseconds()) / float64(len(took))
	report.Missed, report.Latest = stats.Missed, ms(stats.Latest)
	return nil
}

// send sends beats on time and returns how long each answer took.
func (b beatBench) send(ctx context.Context, address string) (took []time.Duration, failed int64) {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: benchSender, MaxConnsPerHost: benchSender}}
	defer client.CloseIdleConnections()
	total := int(b.length.Seconds() * float64(b.rate))
	took = make([]time.Duration, total)
	var group sync.WaitGroup
	var errs atomic.Int64
	begin := time.Now()
	slots := make(chan struct{}, 4*benchSender)
	for i := range total {
		due := begin.Add(time.Duration(i) * time.Second / time.Duration(b.rate))
		time.Sleep(time.Until(due))
		if ctx.Err() != nil {
			break
		}
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			if err := b.ping(ctx, client, address, i); err != nil {
				errs.Add(1)
				return
			}
			took[i] = time.Since(due)
		})
	}
	group.Wait()
	return slices.DeleteFunc(took, func(d time.Duration) bool { return d == 0 }), errs.Load()
}

func (b beatBench) ping(ctx context.Context, client *http.Client, address string, i int) error {
	check := i % b.checks
	if check%silentShare == 0 {
		check++
	}
	url := address + benchName(check)
	if b.metric && i%10 == 0 {
		url = fmt.Sprintf("%svalue-%02d?period=1h&metric=%d", address, i/10%benchValues, 100+i*7919%13)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return err
	}
	if answer.StatusCode >= 300 {
		return fmt.Errorf("answered %s", answer.Status)
	}
	return nil
}

func (r beatReport) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(r)
	}
	_, err := fmt.Fprintf(w, `%s
heartbeats watched        %d
beats per second          %.0f, %d failed
answer                    p50 %.1f ms, p99 %.1f ms, worst %.1f ms
processor time of a beat  %.0f µs, client and server together
deadlines                 %d passed, the latest noticed after %.0f ms
making them               %.1f s; opening them again %.2f s
`, r.Machine, r.Checks, r.Rate, r.Failed, r.P50, r.P99, r.Worst, r.CPU, r.Missed, r.Latest, r.Setup, r.Reopen)
	return err
}
