package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"wingmirror/histogram/cerberus"
	"wingmirror/histogram/medusa"
)

// newHistogramsPost posts a regressions file to a medusa.
func newHistogramsPost(p process) *cobra.Command {
	var o detectOptions
	var base, ignored, token string
	cmd := &cobra.Command{
		Use:   "post DIR",
		Short: "Post the regressions file to a medusa, or to another Wingmirror that stands in for one",
		Long: `Register the probes that are defined and post every regression of the file, as
cerberus did. What has been posted before is said, and nothing is posted twice.`,
		Example: `  wingmirror histograms post telemetry --medusa http://medusa.example.com:8080`,
		Args:    oneDirectory,
		RunE: func(cmd *cobra.Command, args []string) error {
			if base == "" {
				return usageError("say where medusa is: --medusa http://medusa.example.com:8080")
			}
			definitions, err := o.readDefinitions(args[0])
			if err != nil {
				return usageError("%w", err)
			}
			regressions, err := cerberus.ReadRegressions(o.regressionsFile(args[0]))
			if err != nil {
				return usageError("%w", err)
			}
			if ignored == "" {
				ignored = filepath.Join(args[0], "alert", "ignored_histograms.json")
			}
			poster := medusa.Poster{Base: base, Token: token, Report: func(text string) { fmt.Fprintln(p.stdout, text) }}
			if poster.Ignored, err = cerberus.ReadIgnored(ignored); err != nil {
				return err
			}
			return poster.Post(cmd.Context(), definitions, regressions)
		},
	}
	f := cmd.Flags()
	f.StringVar(&base, "medusa", "", "base URL of the service")
	f.StringVar(&token, "token", "", "API token of a Wingmirror, which can send histograms")
	f.StringVar(&ignored, "ignored", "", "JSON array of histograms that are not posted (default DIR/alert/ignored_histograms.json, if it is there)")
	f.StringArrayVar(&o.definitions, "definitions", nil, "file of probe definitions; may be repeated (default Histograms.json and Scalars.json or Scalars.yaml in DIR or the directory above)")
	f.StringVar(&o.regressions, "regressions", "", "the regressions file (default DIR/dashboard/regressions.json where there is such a directory, else DIR/regressions.json)")
	return cmd
}
