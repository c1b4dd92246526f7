package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// benchResult is what one measurement found. Durations are in milliseconds,
// memory in megabytes.
type benchResult struct {
	Monitors   int     `json:"monitors"`
	Hostile    int     `json:"hostile"`
	Schedule   string  `json:"schedule"`
	LatencyMS  float64 `json:"graphite_latency_ms"`
	Seconds    float64 `json:"seconds"`
	EndedEarly bool    `json:"ended_early"` // some runs were still under way a minute later

	Runs          int            `json:"runs"`
	RunsPerMinute float64        `json:"runs_per_minute"`
	Faults        map[string]int `json:"faults"` // of hostile monitors
	GoodFaults    map[string]int `json:"good_faults"`
	Rows          int            `json:"rows_stored"`
	GoodMissing   int            `json:"good_missing"` // ticks of good monitors that led to no run
	Busy          uint64         `json:"skipped_busy"`
	Full          uint64         `json:"skipped_backlog"`
	Missed        uint64         `json:"skipped_missed"`

	Late   spread  `json:"start_lateness_ms"` // good monitors: from the scheduled time to the script's turn
	Stored spread  `json:"until_stored_ms"`   // good monitors: from the scheduled time until stored
	Ticks  spread  `json:"whole_tick_ms"`     // from a second until all that were good and due then were stored
	CPU    cpuCost `json:"cpu"`

	Turns *comparison `json:"turns,omitempty"` // of parts with and without the hostile monitors

	Requests  uint64 `json:"graphite_requests"`
	Targets   uint64 `json:"graphite_targets"`
	Killed    int    `json:"workers_killed"`
	Workers   int    `json:"workers"`
	ServerMB  int64  `json:"server_peak_rss_mb"`
	WorkersMB int64  `json:"workers_rss_mb"`
}

// spread is the quantiles of durations, in milliseconds.
type spread struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

func spreadOf(all []time.Duration) spread {
	if len(all) == 0 {
		return spread{}
	}
	slices.Sort(all)
	at := func(q float64) float64 { return inMillis(all[int(q*float64(len(all)-1))]) }
	return spread{at(0.5), at(0.99), at(1)}
}

func inMillis(d time.Duration) float64 { return float64(d.Round(10*time.Microsecond)) / 1e6 }

func (s spread) String() string {
	return fmt.Sprintf("p50 %.0f ms, p99 %.0f ms, max %.0f ms", s.P50, s.P99, s.Max)
}

// cpuCost is the processor time per check, in milliseconds. The fake Graphite's
// is not part of the whole.
type cpuCost struct {
	Whole    float64 `json:"ms_per_check"`
	Server   float64 `json:"server_ms_per_check"`
	Workers  float64 `json:"workers_ms_per_check"`
	Graphite float64 `json:"fake_graphite_ms_per_check"`
}

func (m measurement) result(ctx context.Context, before, after counts, from, until time.Time) (benchResult, error) {
	runs := m.watch.between(from, until)
	r := benchResult{
		Monitors: len(m.load.monitors), Hostile: len(m.load.hostile), Schedule: m.plan.schedule,
		LatencyMS: inMillis(m.plan.latency), Seconds: until.Sub(from).Seconds(),
		Runs: len(runs), RunsPerMinute: float64(len(runs)) / until.Sub(from).Minutes(),
		Faults: map[string]int{}, GoodFaults: map[string]int{},
		Busy: after.scheduler.Busy - before.scheduler.Busy, Full: after.scheduler.Full - before.scheduler.Full,
		Missed:   after.scheduler.Missed - before.scheduler.Missed,
		Requests: after.graphite.Requests - before.graphite.Requests,
		Targets:  after.graphite.Targets - before.graphite.Targets,
		Killed:   after.sandbox.Killed - before.sandbox.Killed,
		Workers:  after.usage.workerCount, ServerMB: after.usage.serverPeak >> 20, WorkersMB: after.usage.workersNow >> 20,
	}
	good := r.times(runs, m.load.hostile)
	r.CPU = costOf(before.usage, after.usage, len(runs))
	expected, err := m.expected(from, until)
	if err != nil {
		return r, err
	}
	r.GoodMissing = expected - good
	r.Rows, err = m.storedRows(ctx, from, until)
	return r, err
}

// times fills in what the runs say, and returns how many were good.
func (r *benchResult) times(runs []benchRun, hostile map[int64]bool) (good int) {
	var late, stored []time.Duration
	last := map[time.Time]time.Duration{}
	for _, run := range runs {
		switch {
		case hostile[run.monitor]:
			r.Faults[string(run.fault)]++
			continue
		case run.fault != "":
			r.GoodFaults[string(run.fault)]++
		}
		late, stored = append(late, run.late), append(stored, run.stored)
		last[run.at] = max(last[run.at], run.stored)
	}
	r.Late, r.Stored, r.Ticks = spreadOf(late), spreadOf(stored), spreadOf(slices.Collect(maps.Values(last)))
	return len(late)
}

func costOf(before, after usage, runs int) cpuCost {
	each := func(used time.Duration) float64 { return float64(used) / 1e6 / float64(max(runs, 1)) }
	c := cpuCost{
		Server: each(after.server - before.server), Workers: each(after.workers - before.workers),
		Graphite: each(after.graphite - before.graphite),
	}
	c.Whole = c.Server + c.Workers
	return c
}

func (b benchReport) print(w io.Writer) error {
	out := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintf(out, "wingmirror\t%s, %s\n", b.Version, b.Machine)
	b.Plain.print(out)
	if b.Hostile != nil {
		fmt.Fprintf(out, "\nwith hostile monitors\t\n")
		b.Hostile.print(out)
		b.Hostile.Turns.print(out)
	}
	if b.Ruby != nil {
		fmt.Fprintf(out, "\na Ruby process for each run\t%s\n", b.Ruby.Ruby)
		row := func(name string, ms float64) {
			fmt.Fprintf(out, "%s\t%.1f ms of processor time, %.0f times a whole check here, %.0f times a script's run here\n",
				name, ms, ms/b.Plain.CPU.Whole, ms/b.Plain.CPU.Workers)
		}
		row("with Bundler, as Rearview", b.Ruby.Bundler)
		row("without Bundler", b.Ruby.Bare)
	}
	return out.Flush()
}

func (r benchResult) print(out io.Writer) {
	fmt.Fprintf(out, "load\t%d monitors, %d hostile, %q, Graphite takes %.0f ms, %.0f s\n", r.Monitors, r.Hostile, r.Schedule, r.LatencyMS, r.Seconds)
	fmt.Fprintf(out, "runs\t%d, %.0f per minute, %d rows stored\n", r.Runs, r.RunsPerMinute, r.Rows)
	fmt.Fprintf(out, "skipped\t%d ticks of good monitors (in all: %d busy, %d backlog, %d missed)\n", r.GoodMissing, r.Busy, r.Full, r.Missed)
	if r.EndedEarly {
		fmt.Fprintf(out, "unfinished\tsome runs were still under way %v after the end\n", drainLimit)
	}
	fmt.Fprintf(out, "start lateness\t%v\n", r.Late)
	fmt.Fprintf(out, "due until stored\t%v\n", r.Stored)
	fmt.Fprintf(out, "a whole tick\t%v\n", r.Ticks)
	fmt.Fprintf(out, "processor time per check\t%.3f ms (server %.3f, workers %.3f; fake Graphite, not counted: %.3f)\n", r.CPU.Whole, r.CPU.Server, r.CPU.Workers, r.CPU.Graphite)
	fmt.Fprintf(out, "memory\tserver %d MB at most, %d workers %d MB together\n", r.ServerMB, r.Workers, r.WorkersMB)
	fmt.Fprintf(out, "requests to Graphite\t%d, for %d targets\n", r.Requests, r.Targets)
	if len(r.Faults)+len(r.GoodFaults)+r.Killed > 0 {
		fmt.Fprintf(out, "faults\tof hostile monitors: %s; of good ones: %s; %d workers killed\n", listFaults(r.Faults), listFaults(r.GoodFaults), r.Killed)
	}
}

func listFaults(faults map[string]int) string {
	if len(faults) == 0 {
		return "none"
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(faults)) {
		all = append(all, fmt.Sprintf("%d %s", faults[name], name))
	}
	return strings.Join(all, ", ")
}

func (c comparison) print(out io.Writer) {
	change := func(without, beside float64) string { return fmt.Sprintf("%+.0f %%", (beside/without-1)*100) }
	fmt.Fprintf(out, "\ngood monitors\tby turns in one run\n")
	fmt.Fprintf(out, "without hostile ones\tstart %v; until stored %v\n", c.Late, c.Stored)
	fmt.Fprintf(out, "beside them\tstart %v; until stored %v\n", c.LateBeside, c.StoredBeside)
	fmt.Fprintf(out, "change of p99\tstart %s, until stored %s\n", change(c.Late.P99, c.LateBeside.P99), change(c.Stored.P99, c.StoredBeside.P99))
}
