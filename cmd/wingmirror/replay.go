package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"wingmirror/monitor"
	"wingmirror/sandbox"
	"wingmirror/scheduler"
	"wingmirror/scheduler/replay"
	"wingmirror/store"
)

type replayOptions struct {
	config config
	all    bool
	json   bool
	remote remote
}

// newReplay makes recorded runs again, from the database file.
func newReplay(p process) *cobra.Command {
	var o replayOptions
	cmd := &cobra.Command{
		Use:   "replay (--all | MONITOR [TIME])",
		Short: "Make recorded runs again, and tell which do not come out as they did",
		Long: `Make runs again with exactly the series, clock, previous state, script version
and helper files that they had, and tell where the results differ. It works on
the database file, whether or not a server runs on it, and changes nothing.

After an upgrade, replay --all proves that scripts still mean what they did. The
exit code is 0 when every result is the same, and 1 when one is not.`,
		Example: `  wingmirror replay --all --db wingmirror.db
  wingmirror replay 12 2026-11-21T03:00:00Z`,
		Args: func(cmd *cobra.Command, args []string) error {
			if o.all == (len(args) > 0) || len(args) > 2 {
				return usageError("give --all, or a monitor's number and, for one run, its time; see: %s --help", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.config.load(cmd, p.getenv); err != nil {
				return err
			}
			return o.run(cmd.Context(), p, args)
		},
	}
	f := cmd.Flags()
	o.config.flags(f)
	f.VisitAll(func(f *pflag.Flag) { f.Hidden = f.Name != "db" && f.Name != "config" && f.Name != "workers" })
	f.StringVar(&o.remote.server, "server", "", "let this running Wingmirror do it, with its helper files: the newest 500 of each monitor's last 30 days; the API token is taken from "+tokenVariable)
	f.BoolVar(&o.all, "all", false, "all runs of all monitors that are recorded")
	f.BoolVar(&o.json, "json", false, "print a JSON object for each run that is different, and one at the end")
	return cmd
}

func (o *replayOptions) run(ctx context.Context, p process, args []string) error {
	report := replayReport{out: p.stdout, json: o.json}
	if o.remote.server != "" {
		if err := o.remote.open(p); err != nil {
			return err
		}
		sum, err := o.remote.replay(ctx, args, report.each)
		if err != nil {
			return err
		}
		return report.exit(sum)
	}
	if _, err := os.Stat(o.config.DB); errors.Is(err, os.ErrNotExist) {
		return monitor.Invalid("db", "there is no database %s; name the one that the server uses", o.config.DB)
	}
	db, err := store.Open(ctx, store.Options{Path: o.config.DB, Now: time.Now})
	if err != nil {
		return err
	}
	defer db.Close()
	pools := &pools{config: o.config.Sandbox, db: db}
	defer pools.close()
	options := replay.Options{Archive: db, Runners: pools.forLibrary}
	sum, err := o.replay(ctx, options, args, report.each)
	if err != nil {
		return err
	}
	return report.exit(sum)
}

func (o *replayOptions) replay(ctx context.Context, options replay.Options, args []string, each func(replay.Replayed)) (replay.Summary, error) {
	if o.all {
		return options.All(ctx, nil, each)
	}
	id, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil || id < 1 {
		return replay.Summary{}, usageError("%q is not a monitor's number", args[0])
	}
	if len(args) == 1 {
		return options.All(ctx, []int64{id}, each)
	}
	at, err := parseAt(args[1])
	if err != nil {
		return replay.Summary{}, err
	}
	rec, err := options.Archive.(*store.DB).Recording(ctx, id, at)
	if errors.Is(err, monitor.ErrNotFound) {
		return replay.Summary{}, usageError("nothing is recorded of monitor %d at %s", id, at.Format(time.RFC3339))
	}
	if err != nil {
		return replay.Summary{}, err
	}
	done, err := options.One(ctx, rec)
	if err == nil && done.Verdict != replay.Same {
		each(done)
	}
	return replay.Count(done), err
}

// pools are workers for each set of helper files that recorded runs had.
type pools struct {
	config sandboxConfig
	db     *store.DB

	mu   sync.Mutex
	open map[string]*sandbox.Pool
}

func (p *pools) forLibrary(ctx context.Context, hash string) (scheduler.Runner, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if pool := p.open[hash]; pool != nil {
		return pool, nil
	}
	var files []sandbox.File
	if hash != "" {
		stored, err := p.db.Library(ctx, hash)
		if err != nil {
			return nil, err
		}
		for _, f := range stored {
			files = append(files, sandbox.File{Name: f.Name, Source: f.Source})
		}
	}
	c := p.config
	pool, err := sandbox.NewPool(sandbox.Options{
		Workers: c.Workers, Limits: c.limits(), Library: files, Strict: c.Strict, Args: []string{workerCommand}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, fmt.Errorf("start workers with the helper files %s: %w", hash, err)
	}
	if p.open == nil {
		p.open = map[string]*sandbox.Pool{}
	}
	p.open[hash] = pool
	return pool, nil
}

func (p *pools) close() {
	for _, pool := range p.open {
		_ = pool.Close() // nothing is left to lose
	}
}

// replayReport prints one paragraph for each run that did not come out the same,
// and the counts at the end.
type replayReport struct {
	out  io.Writer
	json bool
}

type replayJSON struct {
	Monitor     int64               `json:"monitor"`
	At          time.Time           `json:"at"`
	Version     int                 `json:"version"`
	Program     string              `json:"program"`
	Verdict     replay.Verdict      `json:"verdict"`
	Differences []replay.Difference `json:"differences,omitempty"`
}

func (r replayReport) each(d replay.Replayed) {
	rec := d.Recording
	if r.json {
		_ = json.NewEncoder(r.out).Encode(replayJSON{rec.Monitor, rec.At, rec.Version, rec.Program, d.Verdict, d.Differences})
		return
	}
	fmt.Fprintf(r.out, "%s: monitor %d (%s), version %d, at %s, by %s\n", d.Verdict, rec.Monitor, d.Monitor.Name, rec.Version, rec.At.Format(time.RFC3339), rec.Program)
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
		return json.NewEncoder(r.out).Encode(s)
	}
	_, err := fmt.Fprintf(r.out, "%d runs: %d the same, %d different, %d that depend on the machine, %d whose version or helper files are gone\n",
		s.Runs, s.Same, s.Different, s.Unrepeatable, s.Unknowable)
	return err
}
