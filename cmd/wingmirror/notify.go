package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"wingmirror/alerting"
	"wingmirror/monitor"
)

func newNotify(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "notify",
		Short: "Try whether alerts arrive",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newNotifyTest(p))
	return cmd
}

// notifySettings are the settings that matter for sending.
var notifySettings = []string{"config", "base-url", "smtp", "mail-from", "subject-prefix", "pagerduty-endpoint"}

// newNotifyTest sends one test notice, with the settings that serve would have.
func newNotifyTest(p process) *cobra.Command {
	var c config
	cmd := &cobra.Command{
		Use:   "test DESTINATION",
		Short: "Send a test notice now, and show what was sent and what came back",
		Long: `Send a test notice to a destination as a monitor names it, at once and with the
settings of the server, and show what was sent and what came back. In PagerDuty
the incident that the test opens is resolved again.

The exit code is 0 when the notice was taken, and 1 when it was not.`,
		Example: `  wingmirror notify test mailto:me@example.com --smtp smtp://mail.example.com:25
  wingmirror notify test pagerduty:0123456789abcdef0123456789abcdef`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("give one destination, such as mailto:me@example.com; see: %s --help", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.load(cmd, p.getenv); err != nil {
				return err
			}
			to, err := monitor.ParseDestination(args[0])
			if err != nil {
				return err
			}
			return notify(cmd.Context(), p, c, to)
		},
	}
	c.flags(cmd.Flags())
	// The configuration file may hold every setting, so all are known here.
	cmd.Flags().VisitAll(func(f *pflag.Flag) { f.Hidden = !slices.Contains(notifySettings, f.Name) })
	return cmd
}

const notifyTimeout = 30 * time.Second

func notify(ctx context.Context, p process, c config, to monitor.Destination) error {
	channels, err := newChannels(c.Alerting, alerting.Links{Base: c.BaseURL}, realServer)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, notifyTimeout, fmt.Errorf("no answer within %s", notifyTimeout))
	defer cancel()
	receipt, err := alerting.Test(ctx, channels, to, time.Now())
	showExchange(p, receipt)
	if err != nil {
		return &exitError{code: 1, err: fmt.Errorf("the test notice to %s was not delivered: %w", to.Redacted(), err)}
	}
	_, err = fmt.Fprintf(p.stdout, "The test notice to %s was taken.\n", to.Redacted())
	return err
}

// showExchange prints what went over the wire, of a mail its head only.
func showExchange(p process, r monitor.Receipt) {
	head, _, _ := strings.Cut(strings.TrimSpace(r.Request), "\n\n")
	for _, part := range []struct{ mark, text string }{{"> ", head}, {"< ", strings.TrimSpace(r.Answer)}} {
		if part.text == "" {
			continue
		}
		for line := range strings.Lines(part.text + "\n") {
			fmt.Fprint(p.stdout, part.mark, line)
		}
		fmt.Fprintln(p.stdout)
	}
}
