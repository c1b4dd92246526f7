package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"wingmirror/crontab"
	"wingmirror/monitor"
)

// benchCommand is left out of the short help; docs/performance.md has it.
const benchCommand = "bench"

// benchPlan is what one measurement shall do.
type benchPlan struct {
	config   config
	monitors int
	schedule string
	burst    bool
	length   time.Duration // of what is measured; warming up comes before
	latency  time.Duration // of the fake Graphite
	hang     share         // of the monitors, that never end
	exhaust  share         // of the monitors, that want all memory
	dir      string
	profile  string
	ruby     bool
	asJSON   bool
}

// newBench measures the whole program: fake Graphite, client, scheduler, sandbox,
// alerting and database, as serve runs them.
func newBench(p process) *cobra.Command {
	plan := benchPlan{length: 30 * time.Second}
	cmd := &cobra.Command{
		Use:    benchCommand,
		Hidden: true,
		Short:  "Measure how many checks this machine carries",
		Long: `Run many monitors over a fake Graphite on this machine, exactly as serve does, and
tell how late they were and what they cost. The fake Graphite is a process of its
own, so that its processor time can be told apart.`,
		Example: `  wingmirror bench --monitors 10000 --burst
  wingmirror bench --monitors 5000 --latency 200ms --schedule 'H * * * * *' --for 60s`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if plan.schedule == "" {
				plan.schedule = "* * * * * *"
				if plan.burst {
					plan.schedule = "*/10 * * * * *"
				}
			}
			if err := plan.validate(); err != nil {
				return err
			}
			return plan.run(cmd.Context(), p)
		},
	}
	plan.config.flags(pflag.NewFlagSet("defaults", pflag.ContinueOnError)) // for their values: a bench has no setting of a real server
	f := cmd.Flags()
	f.IntVar(&plan.monitors, "monitors", 1000, "monitors, of 2 targets with 60 points each")
	f.StringVar(&plan.schedule, "schedule", "", "crontab of them all; H gives each its own second (default every second, with --burst every 10)")
	f.BoolVar(&plan.burst, "burst", false, "make all due in the same second, with pauses between")
	f.DurationVar(&plan.length, "for", plan.length, "how long to measure, after one run of each monitor to warm up")
	f.DurationVar(&plan.latency, "latency", 0, "time that Graphite takes for each request")
	f.Var(&plan.hang, "hang", "share of the monitors whose scripts never end, such as 1%; measured after a run without them")
	f.Var(&plan.exhaust, "exhaust", "share of the monitors whose scripts want all memory; likewise. Both are switched on and off by turns, so that what else the machine does meets both ways")
	f.StringVar(&plan.dir, "dir", "", "directory for the database, kept afterwards (default a temporary one)")
	f.StringVar(&plan.profile, "cpuprofile", "", "file for a processor profile of the server while it is measured")
	f.BoolVar(&plan.ruby, "ruby", false, "measure the same check as a Ruby process for each run beside it, as Rearview made them")
	f.BoolVar(&plan.asJSON, "json", false, "print JSON instead of a table")
	f.TextVar(&plan.config.LogLevel, "log-level", slog.LevelError, "debug, info, warn or error")
	plan.config.Sandbox.flags(f)
	plan.config.Schedule.flags(f)
	f.IntVar(&plan.config.Graphite.Concurrency, "graphite-concurrency", plan.config.Graphite.Concurrency, "requests under way at once")
	f.IntVar(&plan.config.Graphite.Batch, "graphite-batch", plan.config.Graphite.Batch, "targets in one request")
	cmd.AddCommand(newBenchGraphite(p), newBenchHeartbeats(p))
	return cmd
}

func (b benchPlan) validate() error {
	var errs monitor.FieldErrors
	if b.monitors < 1 {
		errs = append(errs, monitor.Invalid("monitors", "at least 1"))
	}
	if b.length < time.Second {
		errs = append(errs, monitor.Invalid("for", "at least 1s"))
	}
	if _, err := crontab.Parse(b.schedule, 1); err != nil {
		errs = append(errs, monitor.Invalid("schedule", "%v", err))
	}
	if len(errs) > 0 {
		return errs
	}
	return nil
}

// machine says what a bench ran on.
func machine() string {
	return fmt.Sprintf("%s/%s, %d processors, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
}

// benchReport is everything that one call measured.
type benchReport struct {
	Version string       `json:"version"`
	Machine string       `json:"machine"`
	Plain   benchResult  `json:"plain"`
	Hostile *benchResult `json:"hostile,omitempty"`
	Ruby    *rubyResult  `json:"ruby,omitempty"`
}

func (b benchPlan) run(ctx context.Context, p process) error {
	if b.dir == "" {
		temporary, err := os.MkdirTemp("", "wingmirror-bench-")
		if err != nil {
			return fmt.Errorf("make a directory for the database: %w", err)
		}
		defer os.RemoveAll(temporary)
		b.dir = temporary
	} else if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return monitor.Invalid("dir", "%v", err)
	}
	report := benchReport{Version: version(), Machine: machine()}
	var err error
	plain := b
	plain.hang, plain.exhaust = 0, 0
	if report.Plain, err = plain.measure(ctx, p, "plain.db"); err != nil {
		return err
	}
	if b.hang > 0 || b.exhaust > 0 {
		b.profile = ""
		hostile, err := b.measure(ctx, p, "hostile.db")
		if err != nil {
			return err
		}
		report.Hostile = &hostile
	}
	if b.ruby {
		if report.Ruby, err = measureRuby(ctx, b.dir); err != nil {
			return err
		}
	}
	if b.asJSON {
		encoder := json.NewEncoder(p.stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(report)
	}
	return report.print(p.stdout)
}

// measure runs a whole server from its start to its end.
func (b benchPlan) measure(ctx context.Context, p process, file string) (result benchResult, err error) {
	source, err := startBenchGraphite(ctx, b.latency)
	if err != nil {
		return result, err
	}
	defer source.stop()
	c := b.config
	c.Listen, c.Auth, c.DB = "127.0.0.1:0", authNone, filepath.Join(b.dir, file)
	// Windows end at whole steps, so with steps of a second no run can use what
	// another fetched a second ago.
	c.Graphite.URL, c.Graphite.Step = source.url, time.Second
	if err := os.Remove(c.DB); err != nil && !os.IsNotExist(err) {
		return result, monitor.Invalid("dir", "%v", err)
	}
	s, err := newServer(ctx, c, newLog(p.stderr, c), realServer)
	if err != nil {
		return result, err
	}
	defer func() {
		if closeErr := s.close(); err == nil {
			err = closeErr
		}
	}()
	load, err := b.fill(ctx, p, s.db)
	if err != nil {
		return result, err
	}
	w := &benchWatch{next: s.scheduler.Desk, load: load}
	s.scheduler.Desk = w
	m := measurement{plan: b, server: s, load: load, watch: w, graphite: source.pid(), stderr: p.stderr}
	return m.run(ctx)
}

// share is a part of the monitors; as a flag it is written as 1% or 0.01.
type share float64

// String returns it in percent.
func (s *share) String() string { return strconv.FormatFloat(float64(*s)*100, 'g', -1, 64) + "%" }

// Type is what the help calls it.
func (s *share) Type() string { return "share" }

// Set reads it.
func (s *share) Set(text string) error {
	number, percent := strings.CutSuffix(text, "%")
	value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		value /= 100
	}
	if err != nil || !(value >= 0 && value < 1) {
		return fmt.Errorf("%q is not a share such as 1%%", text)
	}
	*s = share(value)
	return nil
}
