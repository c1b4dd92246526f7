package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"wingmirror/monitor"
	"wingmirror/scheduler"
	"wingmirror/web"
)

// units runs unit tests in workers.
type units struct {
	runner scheduler.Runner
	limits monitor.Limits
}

// RunTests runs the tests of one monitor.
func (u units) RunTests(ctx context.Context, m monitor.Monitor) ([]scheduler.TestResult, error) {
	return scheduler.RunTests(ctx, u.runner, m, u.limits)
}

type testOptions struct {
	lab
	junit string
	json  bool
}

// newTest runs the unit tests of monitor files.
func newTest(p process) *cobra.Command {
	var o testOptions
	cmd := &cobra.Command{
		Use:   "test PATH...",
		Short: "Run the unit tests of monitor files; needs no server and no Graphite",
		Long: `Run the unit tests that stand in the heads of monitor files, and say what did not
come out as they demand. A path may be a file or a directory, whose .js files are
all looked at. With --server, a running Wingmirror runs them, with its helper files.

The exit code is 0 when all pass, 1 when one fails, 3 when there are none, and 64
for a file that cannot be read.`,
		Example: `  wingmirror test monitors/
  wingmirror test disk.js --junit report.xml`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError("name a file or a directory; see: %s --help", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.open(cmd, p); err != nil {
				return err
			}
			return o.run(cmd.Context(), p, args)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.junit, "junit", "", "also write a JUnit report to this file; - is the standard output, in place of the text")
	f.BoolVar(&o.json, "json", false, "print one JSON object")
	o.flags(f, "run them, with its helper files", &o.config.Sandbox)
	return cmd
}

// suite is the tests of one file.
type suite struct {
	File  string     `json:"file"`
	Tests []unitTest `json:"tests"`
}

type unitTest struct {
	Name     string               `json:"name"`
	Passed   bool                 `json:"passed"`
	Failures []scheduler.Mismatch `json:"-"`
	Diff     []string             `json:"failures"`
	Output   string               `json:"output"`
	Error    *checkError          `json:"error,omitempty"` // what a failing one threw, and where in the file
	Seconds  float64              `json:"seconds"`
	thrown   *monitor.ScriptError
}

func (o *testOptions) run(ctx context.Context, p process, paths []string) error {
	files, err := monitorFiles(paths)
	if err != nil {
		return err
	}
	run, done, err := o.runner()
	if err != nil {
		return err
	}
	defer done()
	var suites []suite
	failed := 0
	for _, name := range files {
		file, err := readMonitorFile(p, name)
		if err != nil {
			return err
		}
		if file.Monitor.Tests == "" && !slices.Contains(paths, name) {
			continue
		}
		tests, err := run(ctx, file.Monitor)
		if err != nil {
			return fmt.Errorf("test %s: %w", name, err)
		}
		for i, t := range tests {
			if !t.Passed {
				failed++
				tests[i].Error = newCheckError(file.InFile(t.thrown))
			}
		}
		suites = append(suites, suite{name, tests})
	}
	if err := o.write(p, suites); err != nil {
		return err
	}
	switch {
	case failed > 0:
		return &exitError{code: exitWarning}
	case !slices.ContainsFunc(suites, func(s suite) bool { return len(s.Tests) > 0 }):
		return &exitError{code: exitUnknown}
	}
	return nil
}

// monitorFiles lists the .js files of directories, and files as they are named.
func monitorFiles(paths []string) ([]string, error) {
	var files []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, usageError("%w", err)
		}
		if !info.IsDir() {
			files = append(files, path)
			continue
		}
		err = filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && filepath.Ext(name) == ".js" {
				files = append(files, name)
			}
			return err
		})
		if err != nil {
			return nil, usageError("%w", err)
		}
	}
	if len(files) == 0 {
		return nil, usageError("there is no .js file in %s", strings.Join(paths, ", "))
	}
	return files, nil
}

type runTests func(ctx context.Context, m monitor.Monitor) ([]unitTest, error)

// runner returns what runs tests, here or on a server, and what ends it.
func (o *testOptions) runner() (runTests, func(), error) {
	if o.elsewhere() {
		return o.remote.runTests, func() {}, nil
	}
	pool, err := o.workers()
	if err != nil {
		return nil, nil, err
	}
	local := units{pool, o.config.Sandbox.limits()}
	return func(ctx context.Context, m monitor.Monitor) ([]unitTest, error) {
		results, err := local.RunTests(ctx, m)
		tests := make([]unitTest, len(results))
		for i, r := range results {
			tests[i] = unitTest{Name: r.Test.Name, Passed: len(r.Failures) == 0, Failures: r.Failures, Output: r.Evaluation.Result.Output, Seconds: r.Took.Seconds(), thrown: r.Evaluation.Result.Thrown}
		}
		return tests, err
	}, func() { _ = pool.Close() }, nil
}

func (r *remote) runTests(ctx context.Context, m monitor.Monitor) ([]unitTest, error) {
	var out struct {
		Tests []struct {
			Name     string
			Passed   bool
			Failures []scheduler.Mismatch
			Output   string
			Error    *monitor.ScriptError
			MS       float64
		}
	}
	err := r.call(ctx, http.MethodPost, "/run-tests", map[string]any{"monitor": web.NewMonitorBody(m)}, &out)
	tests := make([]unitTest, len(out.Tests))
	for i, t := range out.Tests {
		tests[i] = unitTest{Name: t.Name, Passed: t.Passed, Failures: t.Failures, Output: t.Output, Seconds: t.MS / 1000, thrown: t.Error}
	}
	return tests, err
}

func (o *testOptions) write(p process, suites []suite) error {
	for _, s := range suites {
		for i, t := range s.Tests {
			s.Tests[i].Diff = []string{}
			for _, f := range t.Failures {
				s.Tests[i].Diff = append(s.Tests[i].Diff, f.String())
			}
		}
	}
	if o.junit == "-" {
		return writeJUnit(p.stdout, suites)
	}
	if o.junit != "" {
		f, err := os.Create(o.junit)
		if err != nil {
			return usageError("--junit: %w", err)
		}
		if err := errors.Join(writeJUnit(f, suites), f.Close()); err != nil {
			return fmt.Errorf("write %s: %w", o.junit, err)
		}
	}
	if o.json {
		return writeJSON(p.stdout, map[string]any{"suites": suites})
	}
	return writeTests(p.stdout, suites)
}

// writeTests prints a line for each file, and below it what failed: what was
// wanted, and what came.
func writeTests(w io.Writer, suites []suite) error {
	var out strings.Builder
	passed, failed := 0, 0
	for _, s := range suites {
		bad := 0
		for _, t := range s.Tests {
			if !t.Passed {
				bad++
			}
		}
		word := "ok  "
		if bad > 0 {
			word = "FAIL"
		}
		fmt.Fprintf(&out, "%s  %s  %d of %s passed\n", word, s.File, len(s.Tests)-bad, plural(len(s.Tests), "test"))
		passed, failed = passed+len(s.Tests)-bad, failed+bad
		for _, t := range s.Tests {
			writeFailure(&out, s.File, t)
		}
	}
	if passed+failed == 0 {
		out.Reset()
		out.WriteString(noTests)
	} else {
		fmt.Fprintf(&out, "%d passed, %d failed\n", passed, failed)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// noTests says what to do where no file has a test.
const noTests = `There are no tests here. Write one into the head of a monitor file:

  tests:
    - name: a low rate pages
      series:
        stats.impressions: 100x5
        stats.conversions: 5x5
      expect: {level: critical}

or let the monitor's page make one of a recorded run (Tests, "Capture a run").
`

func writeFailure(out *strings.Builder, file string, t unitTest) {
	if t.Passed {
		return
	}
	fmt.Fprintf(out, "  --- %s\n", t.Name)
	for _, f := range t.Failures {
		fmt.Fprintf(out, "    %s\n      - %s\n      + %s\n", f.Part, f.Want, f.Got)
	}
	if place := t.place(file); place != "" {
		fmt.Fprintf(out, "    at %s\n", place)
	}
	if t.Output != "" {
		fmt.Fprintf(out, "    it printed\n      %s\n", strings.ReplaceAll(strings.TrimRight(monitor.Cut(t.Output, 2000), "\n"), "\n", "\n      "))
	}
}

// place is where in its file a failing test threw; "" where it did not.
func (t unitTest) place(file string) string {
	if t.Error == nil || t.Error.Line == 0 {
		return ""
	}
	return fmt.Sprintf("%s:%d:%d", file, t.Error.Line, t.Error.Column)
}
