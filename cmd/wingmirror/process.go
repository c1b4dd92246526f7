package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"wingmirror/monitor"
)

// process is the world around the program, so that tests can be one.
type process struct {
	args    []string
	getenv  func(key string) (string, bool)
	environ []string // all of the environment, as key=value
	stdin   io.Reader
	stdout  io.Writer
	stderr  io.Writer
}

// The exit codes, as docs/running.md has them for every command. The first four
// are those of monitoring plugins.
const (
	exitOK       = 0
	exitWarning  = 1
	exitCritical = 2
	exitUnknown  = 3
	exitUsage    = 64 // EX_USAGE of sysexits(3): the question is wrong, and asking again is no use
	exitFailure  = 70 // EX_SOFTWARE: it could not be done now
)

// exitError ends the program with a code of its own; its text, if any, is printed.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usageError is a wrong command line.
func usageError(format string, args ...any) error {
	return &exitError{code: exitUsage, err: fmt.Errorf(format, args...)}
}

// run is the whole program; it returns the exit code.
func run(ctx context.Context, p process) int {
	root := newRoot(p)
	root.SetArgs(p.args)
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	exit, ok := errors.AsType[*exitError](err)
	if ok && exit.err == nil {
		return exit.code
	}
	printError(p.stderr, err)
	switch {
	case ok:
		return exit.code
	case errors.Is(err, monitor.ErrInvalid), errors.Is(err, monitor.ErrNotFound), errors.Is(err, monitor.ErrDenied):
		return exitUsage
	}
	return exitFailure
}

// printError writes every error the program ends with, each line on its own:
// what is wrong, then how to mend it.
func printError(w io.Writer, err error) {
	for line := range strings.SplitSeq(strings.TrimSpace(err.Error()), "\n") {
		fmt.Fprintf(w, "wingmirror: %s\n", line)
	}
}

func newRoot(p process) *cobra.Command {
	root := &cobra.Command{
		Use:   "wingmirror",
		Short: "A monitor scheduler whose checks are small, sandboxed JavaScript programs over Graphite",
		Long: `Wingmirror runs monitors: a crontab schedule, a list of Graphite targets, and a
JavaScript program that sees the series, draws, and throws when something is wrong.

  wingmirror demo                                 a tour with sample data
  wingmirror serve --graphite http://graphite     the real thing
  wingmirror check disk.js --graphite ...         one run, without a server
  wingmirror help stdlib                          what a script can call`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version(),
		Args:          noArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return misspeltVariables(p.environ, cmd.Flags())
		},
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError("%w\nsee: %s --help", flagHint(cmd, err), cmd.CommandPath())
	})
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(newServe(p), newDemo(p), newCheck(p), newBacktest(p), newReplay(p), newTest(p), newConfig(p), newDoctor(p), newUser(p), newNotify(p), newAnomalies(p), newBench(p), newHistograms(p), newSilence(p), newBackup(p), newVersion(p))
	root.AddCommand(newRules(p), newPing(p))
	root.AddCommand(newBoard(p), newGate(p))
	addHelp(root, p)
	return root
}

// noArgs refuses arguments, and names the nearest command to a misspelt one.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if cmd.HasSubCommands() {
		var names []string
		for _, sub := range cmd.Commands() {
			names = append(names, sub.Name())
		}
		if near := monitor.Nearest(args[0], names); near != "" {
			return usageError("unknown command %q; did you mean %s?", args[0], near)
		}
		return usageError("unknown command %q; see: %s --help", args[0], cmd.CommandPath())
	}
	return usageError("%s takes no arguments, got %q", cmd.CommandPath(), args[0])
}
