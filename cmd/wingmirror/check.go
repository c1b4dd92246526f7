package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/spf13/cobra"

	"wingmirror/monitor"
	"wingmirror/scheduler"
)

type checkOptions struct {
	lab
	at   string
	json bool
}

// newCheck runs one monitor file once, without a server and without telling
// anybody.
func newCheck(p process) *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:   "check FILE.js",
		Short: "Run a monitor file once, without a server; sends nothing",
		Long: `Run a monitor file once and print its output, its message and a small chart.

The exit code is that of a monitoring plugin: 0 ok, 1 warning, 2 critical, 3 when
it could not be told, and 64 for a wrong command line or monitor file.`,
		Example: `  wingmirror check disk.js --graphite http://graphite.example.com
  wingmirror check disk.js --series render.json --at 2026-11-21T03:00:00Z --json`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.open(cmd, p); err != nil {
				return err
			}
			return o.run(cmd.Context(), p, args[0])
		},
	}
	f := cmd.Flags()
	o.seriesFlag(f)
	f.StringVar(&o.at, "at", "", "scheduled time of the run, as 2026-11-21T03:00:00Z or epoch seconds (default now; with --series its newest point)")
	f.BoolVar(&o.json, "json", false, "print one JSON object")
	o.flags(f, "run it, with its Graphite and helper files", &o.config.Graphite, &o.config.Sandbox)
	return cmd
}

func oneFile(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageError("give one monitor file; see: %s --help", cmd.CommandPath())
	}
	return nil
}

func (o *checkOptions) run(ctx context.Context, p process, name string) error {
	file, err := readMonitorFile(p, name)
	if err != nil {
		return err
	}
	at, err := parseAt(o.at)
	if err != nil {
		return err
	}
	evaluation, err := o.evaluate(ctx, file.Monitor, at)
	if err != nil {
		return fmt.Errorf("check %s: %w", name, err)
	}
	evaluation.Result.Thrown = file.InFile(evaluation.Result.Thrown)
	if o.json {
		err = writeCheckJSON(p.stdout, evaluation)
	} else {
		err = writeCheckText(p.stdout, name, evaluation)
	}
	if err != nil {
		return err
	}
	if code := exitCode(evaluation.Outcome.Level); code != exitOK {
		return &exitError{code: code}
	}
	return nil
}

// evaluate makes the run, here or on a server.
func (o *checkOptions) evaluate(ctx context.Context, m monitor.Monitor, at time.Time) (scheduler.Evaluation, error) {
	if o.elsewhere() {
		return o.remote.check(ctx, m, at)
	}
	versions := []monitor.Monitor{m}
	source, end, err := o.source(versions, time.Now().UTC().Truncate(time.Second))
	if err != nil {
		return scheduler.Evaluation{}, err
	}
	if at.IsZero() {
		at = end
	}
	pool, err := o.workers()
	if err != nil {
		return scheduler.Evaluation{}, err
	}
	defer pool.Close()
	checker := scheduler.Checker{Fetcher: source, Runner: pool, Limits: o.config.Sandbox.limits(), Now: time.Now}
	return checker.Try(ctx, versions[0], at, monitor.Previous{})
}

func exitCode(level monitor.Level) int {
	switch level {
	case monitor.OK:
		return exitOK
	case monitor.Warning:
		return exitWarning
	case monitor.Critical:
		return exitCritical
	}
	return exitUnknown
}

// checkJSON is the output of --json. Its keys are a promise to scripts.
type checkJSON struct {
	Level   monitor.Level       `json:"level"`
	Fault   monitor.Fault       `json:"fault"`
	Message string              `json:"message"`
	Output  string              `json:"output"`
	Graph   map[string][][2]any `json:"graph"`
	Error   *checkError         `json:"error"`
	Targets []checkTarget       `json:"targets"`
	At      time.Time           `json:"at"`
	Cost    checkCost           `json:"cost"`
}

type checkError struct {
	Message string `json:"message"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Stack   string `json:"stack,omitempty"`
}

func newCheckError(e *monitor.ScriptError) *checkError {
	if e == nil {
		return nil
	}
	return &checkError{Message: e.Message, Line: e.Line, Column: e.Column, Stack: e.Stack}
}

type checkTarget struct {
	Target string         `json:"target"`
	Status monitor.Status `json:"status"`
	Reason string         `json:"reason,omitempty"`
	Series int            `json:"series"`
}

type checkCost struct {
	WallMS      float64 `json:"wall_ms"`
	CPUMS       float64 `json:"cpu_ms"`
	FetchMS     float64 `json:"fetch_ms"`
	MemoryBytes int64   `json:"memory_bytes"`
	PointsIn    int     `json:"points_in"`
	PointsOut   int     `json:"points_out"`
	OutputBytes int     `json:"output_bytes"`
}

func writeCheckJSON(w io.Writer, e scheduler.Evaluation) error {
	milliseconds := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	out := checkJSON{
		Level: e.Outcome.Level, Fault: e.Outcome.Fault, Message: e.Outcome.Message, Output: e.Result.Output,
		Graph: map[string][][2]any{}, Targets: []checkTarget{}, At: e.Outcome.At,
		Cost: checkCost{
			WallMS: milliseconds(e.Result.Cost.Wall), CPUMS: milliseconds(e.Result.Cost.CPU), FetchMS: milliseconds(e.Fetch),
			MemoryBytes: e.Result.Cost.Memory, PointsIn: e.Result.Cost.PointsIn, PointsOut: e.Result.Cost.PointsOut, OutputBytes: e.Result.Cost.OutputBytes,
		},
	}
	for _, line := range e.Result.Graph {
		points := make([][2]any, len(line.Points))
		for i, pt := range line.Points {
			points[i] = [2]any{pt.Time, number(pt.Value)}
		}
		out.Graph[line.Label] = points
	}
	out.Error = newCheckError(e.Result.Thrown)
	for _, t := range e.Targets {
		out.Targets = append(out.Targets, checkTarget{Target: t.Target, Status: t.Status, Reason: t.Reason, Series: len(t.Series)})
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(out)
}

// number is the value as JSON can hold it: null for what it cannot.
func number(v float64) any {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return v
}
