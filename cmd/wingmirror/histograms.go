package main

import (
	"github.com/spf13/cobra"
)

// newHistograms is the family of commands about histograms.
func newHistograms(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "histograms",
		Short: "Find changes of a distribution's shape in files, export, post, remind of expiry",
		Long: `Find changes of shape in files of daily histograms, without a server; fetch such
files from an aggregates service; post what was found; and remind the owners of
probes that expire. The server does the same by itself with what is pushed to it:
see docs/histograms.md.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newHistogramsDetect(p), newHistogramsExport(p), newHistogramsPost(p), newHistogramsExpiring(p), newHistogramsBenchmark(p))
	return cmd
}
