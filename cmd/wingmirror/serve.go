package main

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"
)

// newServe is the real thing.
func newServe(p process) *cobra.Command {
	var c config
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run monitors over your Graphite, and serve pages and API",
		Long: `Run monitors over your Graphite, and serve pages and API.

Every flag is also an environment variable (WINGMIRROR_GRAPHITE for --graphite)
and a key of the YAML file given by --config; a flag beats the environment, which
beats the file. Passwords and tokens can be read from a file that, for example,
WINGMIRROR_SMTP_FILE names.`,
		Example: `  wingmirror serve --graphite http://graphite.example.com --smtp smtp://mail.example.com:25`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.load(cmd, p.getenv); err != nil {
				return err
			}
			if c.Graphite.URL == "" {
				return usageError("say where Graphite is: --graphite http://graphite.example.com\n" +
					"to look around without one: wingmirror demo")
			}
			log := newLog(p.stderr, c)
			s, err := newServer(cmd.Context(), c, log, realServer)
			if err != nil {
				return err
			}
			return s.run(cmd.Context(), func(address string) {
				fmt.Fprintf(p.stdout, "Wingmirror is at %s\n", address)
			})
		},
	}
	c.flags(cmd.Flags())
	return cmd
}

const defaultDemoLevel = slog.LevelWarn

// newLog writes the process's log as the configuration asks for.
func newLog(w io.Writer, c config) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogJSON {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
