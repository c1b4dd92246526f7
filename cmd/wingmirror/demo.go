package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"wingmirror/demo"
	"wingmirror/monitor"
	"wingmirror/store"
)

// newDemo is the tour: the real server, over a Graphite that lives in this
// process, with monitors to learn from, and with alerts that are caught instead
// of sent.
func newDemo(p process) *cobra.Command {
	var c config
	var dir string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "A tour with live sample data; needs nothing installed and no network",
		Long: `Start Wingmirror with a built-in Graphite full of sample data and a handful of
monitors to learn from. Alerts are shown on the Deliveries page instead of being
sent. Everything is forgotten at the end, unless --data names a directory.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.load(cmd, p.getenv); err != nil {
				return err
			}
			return runDemo(cmd.Context(), p, c, dir)
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.Listen, "listen", "127.0.0.1:8470", "address to serve pages and API on; port 0 takes a free one")
	f.StringVar(&dir, "data", "", "directory to keep the data in (default a temporary one)")
	f.TextVar(&c.LogLevel, "log-level", defaultDemoLevel, "debug, info, warn or error")
	f.BoolVar(&c.LogJSON, "log-json", false, "write the log as JSON instead of text")
	c.Sandbox.flags(f)
	return cmd
}

const demoSeed = 20121221 // of the sample data: any number, but the same each time

func runDemo(ctx context.Context, p process, c config, dir string) error {
	if dir == "" {
		temporary, err := os.MkdirTemp("", "wingmirror-demo-")
		if err != nil {
			return fmt.Errorf("make a directory for the demo: %w", err)
		}
		defer os.RemoveAll(temporary)
		dir = temporary
	} else if err := os.MkdirAll(dir, 0o700); err != nil {
		return monitor.Invalid("data", "%v", err)
	}
	address, stop, err := serveDemoGraphite()
	if err != nil {
		return err
	}
	defer stop()
	c.DB = filepath.Join(dir, "wingmirror.db")
	c.Graphite = graphiteConfig{URL: "http://" + address, Timeout: 10 * time.Second, Step: 10 * time.Second, Concurrency: 4}
	c.Inputs = inputsConfig{Newest: 200, Bytes: 1 << 30}
	c.Alerting = alertingConfig{Repeat: time.Hour}
	c.Heartbeats = heartbeatConfig{PacemakerPath: "/pacemaker"}
	c.Events = eventsConfig{Keep: 7 * 24 * time.Hour}
	c.Schedule = scheduleConfig{MaxRuns: 64, MinInterval: time.Second, StopTimeout: 5 * time.Second}
	if err := seedHeartbeats(ctx, c.DB, time.Now()); err != nil {
		return err
	}
	s, err := newServer(ctx, c, newLog(p.stderr, c), demoServer)
	if err != nil {
		return err
	}
	s.background = append(s.background, func(ctx context.Context) { beatOn(ctx, s.beats) })
	err = seed(ctx, s.db)
	if err == nil {
		err = s.seedPast(ctx, time.Now())
	}
	if err == nil {
		err = seedEvents(ctx, s.db, s.rules)
	}
	if err == nil {
		err = seedHistograms(ctx, s.db, time.Now())
	}
	if err == nil {
		err = s.seedBoard(ctx)
	}
	if err != nil {
		return errors.Join(err, s.close())
	}
	s.background = append(s.background, func(ctx context.Context) { pushDemoEvents(ctx, s.live) })
	return s.run(ctx, func(address string) {
		fmt.Fprintf(p.stdout, `Wingmirror is running with sample data.

  %s

Open it, choose a monitor, change its script and press Test run. Alerts are not
sent; they show up under Deliveries. Press Ctrl-C to stop.
`, address)
	})
}

// serveDemoGraphite serves the sample data on a free port of this machine.
func serveDemoGraphite() (address string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("serve sample data: %w", err)
	}
	server := &http.Server{Handler: demo.NewGraphite(demo.Options{Now: time.Now, Seed: demoSeed}), ReadHeaderTimeout: 5 * time.Second}
	go server.Serve(listener) // ends with Close below
	return listener.Addr().String(), func() { server.Close() }, nil
}

// seedAge is how long the example monitors claim to exist: longer than their
// rarest schedule, so that each of them missed a run, and makes it at once.
const seedAge = 2 * time.Minute

// seed stores the example monitors in a database that has none.
func seed(ctx context.Context, db *store.DB) error {
	if all, _, err := db.ActiveCount(ctx); err != nil || all > 0 {
		return err
	}
	examples, err := demo.Monitors()
	if err != nil {
		return err
	}
	for _, m := range examples {
		if err := monitor.Validate(m, monitor.Rules{}); err != nil {
			return fmt.Errorf("example %q: %w", m.Name, err)
		}
		m.CatchUp = monitor.CatchUpOnce
		if _, err := db.CreateMonitor(ctx, m, "demo", time.Now().Add(-seedAge)); err != nil {
			return err
		}
	}
	return seedAnnouncements(ctx, db, time.Now())
}

// seedAnnouncements has one that is over, for the foot of the board, and one to
// come; nothing stands on top of the pages but what the demo says of itself.
func seedAnnouncements(ctx context.Context, db *store.DB, now time.Time) error {
	for _, a := range []monitor.Announcement{
		{Kind: monitor.AnnounceOK, Text: "Checkout answers again after the provider's outage.", From: now.Add(-26 * time.Hour), Until: now.Add(-20 * time.Hour)},
		{Kind: monitor.AnnounceWarning, Text: "The database moves to new disks. Late heartbeats are expected.", From: now.Add(30 * time.Hour), Until: now.Add(32 * time.Hour)},
	} {
		if _, err := db.SaveAnnouncement(ctx, a, "demo", now.Add(-seedAge)); err != nil {
			return err
		}
	}
	return nil
}
