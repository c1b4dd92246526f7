package main

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// newDoctor tells what this machine offers and whether the configured services
// answer.
func newDoctor(p process) *cobra.Command {
	var c config
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Tell which layers of the sandbox this machine offers, and whether Graphite answers",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.load(cmd, p.getenv); err != nil {
				return err
			}
			return diagnose(cmd.Context(), p, c)
		},
	}
	c.flags(cmd.Flags())
	return cmd
}

const probeTimeout = 20 * time.Second

func diagnose(ctx context.Context, p process, c config) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	out := tabwriter.NewWriter(p.stdout, 0, 8, 2, ' ', 0)
	defer out.Flush()
	fmt.Fprintf(out, "wingmirror\t%s\t%s/%s, %s\n", version(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	pool, err := startPool(c.Sandbox, slog.DiscardHandler)
	if err != nil {
		return err
	}
	defer pool.Close()
	if _, err := pool.Check(ctx, "1"); err != nil {
		return fmt.Errorf("try a script: %w", err)
	}
	for _, layer := range pool.Report().Layers {
		state := "active"
		switch {
		case layer.Active:
		case layer.Extra:
			state = "not used" // few machines have it
		default:
			state = "MISSING"
		}
		fmt.Fprintf(out, "sandbox: %s\t%s\t%s\n", layer.Name, state, layer.Why)
	}
	if c.Graphite.URL == "" {
		fmt.Fprintf(out, "graphite\tnot asked\tgive --graphite URL to try it\n")
		return nil
	}
	client, err := newGraphite(c.Graphite)
	if err != nil {
		return err
	}
	defer client.Close()
	health := client.Probe(ctx)
	if !health.OK {
		fmt.Fprintf(out, "graphite\tFAILS\t%s\n", health.Reason)
		return &exitError{code: exitCritical}
	}
	fmt.Fprintf(out, "graphite\tanswers\t%s %s in %v, %d functions described\n", health.Kind, health.Version, health.Latency.Round(time.Millisecond), health.Functions)
	return nil
}
