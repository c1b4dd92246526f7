package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wingmirror/monitor"
	"wingmirror/scheduler/replay"
	"wingmirror/store"
)

type replayOptions struct {
	lab
	all    bool
	export bool
	output string
	json   bool
}

// newReplay makes recorded runs again, from the database file, from a server, or
// from a file that holds one run.
func newReplay(p process) *cobra.Command {
	var o replayOptions
	cmd := &cobra.Command{
		Use:   "replay (RECORDING.json | MONITOR [TIME] | --all)",
		Short: "Make recorded runs again, and tell which do not come out as they did",
		Long: `Make runs again with exactly the series, clock, previous state, script version
and helper files that they had, and tell where the results differ. It works on
the database file, whether or not a server runs on it, and changes nothing.

A run can be handed to somebody else as one file, which needs neither database
nor server nor Graphite: the button Export on the run's page writes it, and so
does --export. Helper files are in it; whom the monitor tells is not.

After an upgrade, replay --all proves that scripts still mean what they did. The
exit code is 0 when every result is the same, and 1 when one is not.`,
		Example: `  wingmirror replay --all --db wingmirror.db
  wingmirror replay 12 2026-11-21T03:00:00Z
  wingmirror replay --export 12 2026-11-21T03:00:00Z --output paged.json
  wingmirror replay paged.json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if o.all == (len(args) > 0) || len(args) > 2 {
				return usageError("give --all, a recording's file, or a monitor's number and, for one run, its time; see: %s --help", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.open(cmd, p); err != nil {
				return err
			}
			return o.run(cmd.Context(), p, args)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.all, "all", false, "all runs of all monitors that are recorded")
	f.BoolVar(&o.export, "export", false, "write one recorded run as a file that holds all of it, instead of making it again")
	f.StringVar(&o.output, "output", "", "with --export: write to this file (default the standard output)")
	f.BoolVar(&o.json, "json", false, "print a JSON object for each run that is different, and one at the end")
	o.flags(f, "do it, with its recordings")
	o.show(f, "db", "workers")
	return cmd
}

func (o *replayOptions) run(ctx context.Context, p process, args []string) error {
	if o.export {
		err := o.writeExport(ctx, p, args)
		if errors.Is(err, monitor.ErrNotFound) {
			err = usageError("%w", err)
		}
		return err
	}
	report := replayReport{out: p.stdout, json: o.json}
	if len(args) == 1 && !runName.MatchString(args[0]) {
		return o.replayFile(ctx, p, args[0], report)
	}
	wanted, err := parseWanted(args)
	if err != nil {
		return err
	}
	sum, err := o.replay(ctx, wanted, report.each)
	if errors.Is(err, monitor.ErrNotFound) {
		err = usageError("%w", err)
	}
	if err != nil {
		return err
	}
	return report.exit(sum)
}

// runName is how a run is named: a monitor's number, alone or with a time.
var runName = regexp.MustCompile(`^\d+(/[0-9TZ:.+-]+)?$`)

// parseWanted reads "12", "12 TIME" or "12/TIME"; nothing is all runs.
func parseWanted(args []string) (replay.Wanted, error) {
	var w replay.Wanted
	if len(args) == 0 {
		return w, nil
	}
	number, at := args[0], ""
	if len(args) == 2 {
		at = args[1]
	} else {
		number, at, _ = strings.Cut(number, "/")
	}
	var err error
	if w.Monitor, err = strconv.ParseInt(number, 10, 64); err != nil || w.Monitor < 1 {
		return w, usageError("%q is neither a monitor's number nor a recording's file", args[0])
	}
	w.At, err = parseAt(at)
	return w, err
}

func (o *replayOptions) replay(ctx context.Context, w replay.Wanted, each func(replay.RunReport)) (replay.Summary, error) {
	if o.elsewhere() {
		return o.remote.replay(ctx, w, each)
	}
	db, err := o.database(ctx)
	if err != nil {
		return replay.Summary{}, err
	}
	defer db.Close()
	workers := &pools{config: o.config.Sandbox, libraries: db}
	defer workers.close()
	options := replay.Options{Archive: db, Runners: workers.forLibrary}
	return options.Run(ctx, w, func(d replay.Replayed) { each(d.Report()) })
}

func (o *replayOptions) database(ctx context.Context) (*store.DB, error) {
	if _, err := os.Stat(o.config.DB); errors.Is(err, os.ErrNotExist) {
		return nil, monitor.Invalid("db", "there is no database %s; name the one that the server uses", o.config.DB)
	}
	return store.Open(ctx, store.Options{Path: o.config.DB, Now: time.Now})
}

// replayFile makes the run of a file again, and shows it as check does.
func (o *replayOptions) replayFile(ctx context.Context, p process, name string, report replayReport) error {
	f, err := readRecording(p, name)
	if err != nil {
		return err
	}
	pool, err := startPoolWith(o.config.Sandbox, toSandboxFiles(f.Helpers))
	if err != nil {
		return fmt.Errorf("start workers with the helper files of %s: %w", name, withPlaces(err))
	}
	defer pool.Close()
	done, err := f.Replay(ctx, pool)
	if err != nil {
		return err
	}
	if !o.json {
		fmt.Fprintf(p.stdout, "%s, monitor %d, version %d, recorded by %s\n", f.Monitor.Name, f.Recording.Monitor, f.Recording.Version, f.Recording.Program)
		if err := writeCheckText(p.stdout, "script", done.Evaluation); err != nil {
			return err
		}
	}
	report.each(done.Report())
	return report.exit(replay.Count(done))
}

func readRecording(p process, name string) (replay.File, error) {
	in := p.stdin
	if name != "-" {
		file, err := os.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			return replay.File{}, usageError("there is no file %s; give a recording's file, a monitor's number, or --all", name)
		}
		if err != nil {
			return replay.File{}, usageError("%w", err)
		}
		defer file.Close()
		in = file
	}
	f, err := replay.Read(in)
	if errors.Is(err, monitor.ErrInvalid) {
		err = usageError("%s: %w", name, err)
	}
	return f, err
}

// writeExport writes one recorded run as a file.
func (o *replayOptions) writeExport(ctx context.Context, p process, args []string) error {
	wanted, err := parseWanted(args)
	if err != nil {
		return err
	}
	if wanted.At.IsZero() {
		return usageError("say which run: give the monitor's number and the run's time, such as 12 2026-11-21T03:00:00Z")
	}
	write := func(w io.Writer) error { return o.remote.export(ctx, wanted, w) }
	if !o.elsewhere() {
		db, err := o.database(ctx)
		if err != nil {
			return err
		}
		defer db.Close()
		f, err := replay.Options{Archive: db}.Export(ctx, wanted, db.Library)
		if err != nil {
			return err
		}
		write = f.Write
	}
	if o.output == "" || o.output == "-" {
		return write(p.stdout)
	}
	file, err := os.Create(o.output)
	if err != nil {
		return usageError("--output: %w", err)
	}
	buffered := bufio.NewWriter(file)
	if err := errors.Join(write(buffered), buffered.Flush(), file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", o.output, err)
	}
	return nil
}

// replayReport prints one paragraph for each run that did not come out the same,
// and the counts at the end.
type replayReport struct {
	out  io.Writer
	json bool
}

func (r replayReport) each(d replay.RunReport) {
	if r.json {
		_ = writeJSON(r.out, d)
		return
	}
	fmt.Fprintf(r.out, "%s: monitor %d (%s), version %d, at %s, by %s\n", d.Verdict, d.Monitor, d.Name, d.Version, d.At.Format(time.RFC3339Nano), d.Program)
	for _, diff := range d.Differences {
		fmt.Fprintf(r.out, "  %s\n    was %s\n    now %s\n", diff.Part, diff.Was, diff.Now)
	}
}

// exit prints the counts, and gives the exit code.
func (r replayReport) exit(s replay.Summary) error {
	if err := r.end(s); err != nil {
		return err
	}
	if s.Different > 0 {
		return &exitError{code: exitWarning}
	}
	return nil
}

func (r replayReport) end(s replay.Summary) error {
	if r.json {
		return writeJSON(r.out, s)
	}
	_, err := fmt.Fprintf(r.out, "%s: %d the same, %d different, %d that depend on the machine, %d whose version or helper files are gone\n",
		plural(s.Runs, "run"), s.Same, s.Different, s.Unrepeatable, s.Unknowable)
	return err
}
