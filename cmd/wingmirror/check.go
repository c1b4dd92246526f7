package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wingmirror/graphite"
	"wingmirror/monitor"
	"wingmirror/scheduler"
)

type checkOptions struct {
	remote remote
	config config
	series string
	at     string
	json   bool
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
			if err := o.config.load(cmd, p.getenv); err != nil {
				return err
			}
			return o.run(cmd.Context(), p, args[0])
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.series, "series", "", "take the series from this file, in the JSON format of Graphite's render API, instead of from Graphite")
	f.StringVar(&o.at, "at", "", "scheduled time of the run, as 2026-11-21T03:00:00Z or epoch seconds (default now; with --series its newest point)")
	f.StringVar(&o.remote.server, "server", "", "let this running Wingmirror run it, with its Graphite and helper files; the API token is taken from "+tokenVariable)
	f.BoolVar(&o.json, "json", false, "print one JSON object")
	o.config.flagsShowing(f, &o.config.Graphite, &o.config.Sandbox)
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
	evaluation, err := o.evaluate(ctx, p, &file.Monitor, at)
	if err != nil {
		return fmt.Errorf("check %s: %w", name, err)
	}
	if thrown := evaluation.Result.Thrown; thrown != nil && thrown.Line > 0 {
		inFile := *thrown
		inFile.Line += file.ScriptLine
		evaluation.Result.Thrown = &inFile
	}
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
func (o *checkOptions) evaluate(ctx context.Context, p process, m *monitor.Monitor, at time.Time) (scheduler.Evaluation, error) {
	if o.remote.server != "" {
		if err := o.remote.open(p); err != nil {
			return scheduler.Evaluation{}, err
		}
		return o.remote.check(ctx, *m, at)
	}
	source, at, err := o.source(m, at)
	if err != nil {
		return scheduler.Evaluation{}, err
	}
	pool, err := startPool(o.config.Sandbox, slog.DiscardHandler)
	if err != nil {
		return scheduler.Evaluation{}, err
	}
	defer pool.Close()
	checker := scheduler.Checker{Fetcher: source, Runner: pool, Limits: o.config.Sandbox.limits(), Now: time.Now}
	return checker.Try(ctx, *m, at, monitor.Previous{})
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

// readMonitorFile reads and validates; "-" is standard input. A file meant only
// for check needs no schedule.
func readMonitorFile(p process, name string) (monitor.File, error) {
	data, err := readInput(p, name)
	if err != nil {
		return monitor.File{}, err
	}
	file, err := monitor.ParseFile(name, data)
	if err != nil {
		return monitor.File{}, atFile(name, err)
	}
	valid := file.Monitor
	if valid.Schedule == "" {
		valid.Schedule = "@hourly"
	}
	if err := monitor.Validate(valid, monitor.Rules{}); err != nil {
		return monitor.File{}, atFile(name, err)
	}
	return file, nil
}

func readInput(p process, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(p.stdin)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, usageError("%w", err)
	}
	return data, nil
}

// atFile puts the file, and the line where it is known, in front of every error.
func atFile(name string, err error) error {
	var lines []string
	for _, wrong := range monitor.AllFieldErrors(err) {
		place := name
		if wrong.Line > 0 && !strings.HasPrefix(wrong.Field, "targets[") {
			place = fmt.Sprintf("%s:%d:%d", name, wrong.Line, max(1, wrong.Column))
		}
		lines = append(lines, place+": "+wrong.Error())
	}
	return usageError("%s", strings.Join(lines, "\n"))
}

// parseAt reads a time given by a user; "" is the zero time.
func parseAt(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := parseTimestamp(text, time.UTC)
	if err != nil {
		return time.Time{}, usageError("--at: %w", err)
	}
	return at.UTC(), nil
}

// source returns where series come from, and the time of the run. A file without
// targets, as most one-liners are, gets all series of the recorded file.
func (o *checkOptions) source(m *monitor.Monitor, at time.Time) (scheduler.Fetcher, time.Time, error) {
	if o.series != "" {
		series, err := readSeries(o.series, o.config.Graphite.limits())
		if err != nil {
			return nil, at, err
		}
		if at.IsZero() {
			at = newest(series)
		}
		if !sends(*m) {
			for _, s := range series {
				m.Targets = append(m.Targets, s.Label)
			}
		}
		return recorded{series: series}, at, nil
	}
	if at.IsZero() {
		at = time.Now().UTC().Truncate(time.Second)
	}
	if o.config.Graphite.URL == "" {
		if sends(*m) {
			return nil, at, usageError("say where the series come from: --graphite URL or --series FILE.json")
		}
		return recorded{}, at, nil
	}
	client, err := newGraphite(o.config.Graphite)
	return client, at, err
}

func readSeries(name string, limits graphite.Limits) ([]monitor.Series, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, usageError("--series: %w", err)
	}
	defer f.Close()
	series, err := graphite.DecodeJSON(f, limits)
	if err != nil {
		return nil, usageError("--series: %s: %w", name, err)
	}
	return series, nil
}

// newest returns the time of the last point of all series, so that a check of a
// recorded file gives the same result whenever it is run.
func newest(series []monitor.Series) time.Time {
	var last int64
	for _, s := range series {
		if n := len(s.Values); n > 0 {
			last = max(last, s.Time(n-1))
		}
	}
	return time.Unix(last, 0).UTC()
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
	if thrown := e.Result.Thrown; thrown != nil {
		out.Error = &checkError{Message: thrown.Message, Line: thrown.Line, Column: thrown.Column, Stack: thrown.Stack}
	}
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
