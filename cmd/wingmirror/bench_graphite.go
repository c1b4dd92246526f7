package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wingmirror/graphite/graphitetest"
)

// newBenchGraphite is the process behind bench that plays Graphite. It prints
// its address and serves until its standard input ends.
func newBenchGraphite(p process) *cobra.Command {
	fake := &graphitetest.Fake{Forgetful: true}
	cmd := &cobra.Command{
		Use:    "graphite",
		Hidden: true,
		Short:  "Play Graphite for a bench",
		Args:   noArgs,
		RunE: func(*cobra.Command, []string) error {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			server := &http.Server{Handler: fake, ReadHeaderTimeout: 5 * time.Second}
			go server.Serve(listener) // ends with Close below
			fmt.Fprintf(p.stdout, "http://%s\n", listener.Addr())
			_, err = io.Copy(io.Discard, p.stdin)
			server.Close() // nothing is lost with what is under way
			return err
		},
	}
	cmd.Flags().DurationVar(&fake.Latency, "latency", 0, "time for each request")
	return cmd
}

// benchGraphite is that process, seen from the bench.
type benchGraphite struct {
	url   string
	cmd   *exec.Cmd
	stdin io.Closer
}

func startBenchGraphite(ctx context.Context, latency time.Duration) (*benchGraphite, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find own executable: %w", err)
	}
	cmd := exec.CommandContext(ctx, path, benchCommand, "graphite", "--latency", latency.String())
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a fake Graphite: %w", err)
	}
	g := &benchGraphite{cmd: cmd, stdin: stdin}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		g.stop()
		return nil, fmt.Errorf("start a fake Graphite: %w", err)
	}
	g.url = strings.TrimSpace(line)
	return g, nil
}

func (g *benchGraphite) pid() int { return g.cmd.Process.Pid }

// stop ends the process. How it ends does not matter any more.
func (g *benchGraphite) stop() {
	_ = g.stdin.Close()
	_ = g.cmd.Wait()
}
