// Command wingmirror is the whole product in one binary: the server (serve), a
// tour with sample data (demo), single runs of a monitor file (check), and the
// sandbox's worker processes (worker), which the server starts by itself.
//
// This package is the only one that wires the others together, and the only one
// that knows of arguments, environment and exit codes. It decides nothing about
// monitors.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	// The worker is started thousands of times, with an empty environment and
	// under limits of its own: it bypasses everything that follows.
	if len(os.Args) > 1 && os.Args[1] == workerCommand {
		os.Exit(runWorker(os.Args[2:]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // whoever asks twice wants it to end at once
	os.Exit(run(ctx, process{
		args:    os.Args[1:],
		getenv:  os.LookupEnv,
		environ: os.Environ(),
		stdin:   os.Stdin,
		stdout:  os.Stdout,
		stderr:  os.Stderr,
	}))
}
