package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"wingmirror/graphite"
	"wingmirror/monitor"
	"wingmirror/sandbox"
	"wingmirror/scheduler/backtest"
)

// lab is where the commands on monitor files and recordings evaluate: here, in
// workers that end with the command, or on a running server. It also says where
// series come from: a file, or Graphite.
type lab struct {
	config config
	series string // file of series; "" is Graphite
	remote remote
}

// flags adds every setting, of which some parts are shown, and --server, which
// what explains.
func (l *lab) flags(f *pflag.FlagSet, what string, parts ...interface{ flags(f *pflag.FlagSet) }) {
	l.config.flagsShowing(f, parts...)
	f.StringVar(&l.remote.server, "server", "", "let this running Wingmirror "+what+"; the API token is taken from "+tokenVariable)
}

// show makes settings visible that no shown part has.
func (l *lab) show(f *pflag.FlagSet, names ...string) {
	for _, name := range names {
		f.Lookup(name).Hidden = false
	}
}

// seriesFlag adds --series.
func (l *lab) seriesFlag(f *pflag.FlagSet) {
	f.StringVar(&l.series, "series", "", "take the series from this file, in the JSON format of Graphite's render API, instead of from Graphite")
}

// open reads the settings, and finds the server where one is named.
func (l *lab) open(cmd *cobra.Command, p process) error {
	if err := l.config.load(cmd, p.getenv); err != nil || !l.elsewhere() {
		return err
	}
	return l.remote.open(p)
}

// elsewhere reports whether a server does the work.
func (l *lab) elsewhere() bool { return l.remote.server != "" }

// workers starts what runs scripts, with the helper files of --stdlib. The caller
// closes it.
func (l *lab) workers() (*sandbox.Pool, error) {
	return startPool(l.config.Sandbox, slog.DiscardHandler)
}

// source returns where the series of some versions of a monitor come from, and
// the newest time that there is: now, or a file's newest point. A version without
// targets, as most one-liners are, gets all series of a file.
func (l *lab) source(versions []monitor.Monitor, now time.Time) (backtest.Source, time.Time, error) {
	if l.series != "" {
		series, err := readSeries(l.series, l.config.Graphite.limits())
		if err != nil {
			return nil, now, err
		}
		for i := range versions {
			if m := &versions[i]; !sends(*m) {
				for _, s := range series {
					m.Targets = append(m.Targets, s.Label)
				}
			}
		}
		return recorded{series}, newest(series), nil
	}
	if l.config.Graphite.URL != "" {
		client, err := newGraphite(l.config.Graphite)
		return fresh{client}, now, err
	}
	for _, m := range versions {
		if sends(m) {
			return nil, now, usageError("say where the series come from: --graphite URL, --series FILE.json or --server URL")
		}
	}
	return recorded{}, now, nil
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
