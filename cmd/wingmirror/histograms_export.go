package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"wingmirror/histogram/aggregates"
)

// newHistogramsExport fetches histogram files from an aggregates service.
func newHistogramsExport(p process) *cobra.Command {
	var o detectOptions
	var source, channel string
	var versions, parallel int
	var again bool
	cmd := &cobra.Command{
		Use:   "export DIR",
		Short: "Fetch daily histograms from a service with Mozilla's aggregates API (v4) into DIR/histograms",
		Long: `Fetch a file of daily histograms for each probe that is defined, from the newest
versions of a channel. A file that is there already is not fetched again, so an
export that was interrupted goes on where it was.`,
		Example: `  wingmirror histograms export telemetry --source https://aggregates.example.com/`,
		Args:    oneDirectory,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !strings.HasPrefix(source, "http://") && !strings.HasPrefix(source, "https://") {
				return usageError("say where the service is: --source https://aggregates.example.com/")
			}
			if versions < 1 || parallel < 1 || parallel > 64 {
				return usageError("--versions is at least 1, --parallel between 1 and 64")
			}
			definitions, err := o.readDefinitions(args[0])
			if err != nil {
				return usageError("%w", err)
			}
			if len(definitions) == 0 {
				return usageError("no probe is defined: put Histograms.json into %s, or name it by --definitions", args[0])
			}
			return export(cmd.Context(), p, aggregates.Export{
				Client: &aggregates.Client{Base: source}, Channel: channel, Versions: versions, Parallel: parallel,
				Dir: args[0], Again: again, Definitions: definitions,
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&source, "source", "", "the service's base URL")
	f.StringVar(&channel, "channel", "nightly", "of releases")
	f.IntVar(&versions, "versions", 3, "how many of the newest versions")
	f.IntVar(&parallel, "parallel", 2, "probes at once")
	f.BoolVar(&again, "again", false, "fetch files that are there already, too")
	f.StringArrayVar(&o.definitions, "definitions", nil, "file of probe definitions; may be repeated (default Histograms.json and Scalars.json or Scalars.yaml in DIR or the directory above)")
	return cmd
}

func export(ctx context.Context, p process, e aggregates.Export) error {
	if file, ok := p.stderr.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		var bar *progressbar.ProgressBar
		e.Progress = func(done, of int, name string) {
			if bar == nil {
				bar = progressbar.NewOptions(of, progressbar.OptionSetWriter(file), progressbar.OptionShowCount(),
					progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionFullWidth())
			}
			bar.Describe(name)
			_ = bar.Set(done) // a bar that cannot be drawn stops nothing
		}
	}
	outcome, err := e.Run(ctx)
	for _, failure := range outcome.Failed {
		fmt.Fprintf(p.stderr, "wingmirror: %v\n", failure)
	}
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("interrupted after %d files; run it again to go on", outcome.Written)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "%d written, %d there already, %d without data\n", outcome.Written, outcome.Skipped, outcome.Empty)
	if n := len(outcome.Failed); n > 0 {
		return fmt.Errorf("%d could not be fetched; run it again to try those", n)
	}
	return nil
}
