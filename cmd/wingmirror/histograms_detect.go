package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"wingmirror/histogram"
	"wingmirror/histogram/cerberus"
	"wingmirror/monitor"
)

type detectOptions struct {
	method      string
	json        bool
	definitions []string
	regressions string
	persistence int
	sensitivity float64
	minSamples  float64
}

// newHistogramsDetect finds regressions in a directory of histogram files.
func newHistogramsDetect(p process) *cobra.Command {
	var o detectOptions
	cmd := &cobra.Command{
		Use:   "detect DIR",
		Short: "Find regressions in DIR/histograms/*.json (or DIR/*.json) and add them to a regressions file",
		Long: `Read a file of daily histograms for each probe, find the days from which on its
shape is different, and add them to the regressions file. What is in the file stays
as it is, so running this again changes nothing.

A file or a day that cannot be used is named on standard error, and the rest goes on.`,
		Example: `  wingmirror histograms detect telemetry
  wingmirror histograms detect telemetry --method cerberus --json`,
		Args: oneDirectory,
		RunE: func(_ *cobra.Command, args []string) error { return o.run(p, args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&o.method, "method", histogram.DefaultMethod, "default, or cerberus for exactly what Mozilla's cerberus finds")
	f.BoolVar(&o.json, "json", false, "print one JSON object")
	f.StringArrayVar(&o.definitions, "definitions", nil, "file of probe definitions; may be repeated (default Histograms.json and Scalars.json or Scalars.yaml in DIR or the directory above)")
	f.StringVar(&o.regressions, "regressions", "", "the regressions file (default DIR/dashboard/regressions.json where there is such a directory, else DIR/regressions.json)")
	f.IntVar(&o.persistence, "persistence", 3, "default method: days in a row that must differ")
	f.Float64Var(&o.sensitivity, "sensitivity", 1, "default method: 2 finds changes half as large, 0.5 only those twice as large")
	f.Float64Var(&o.minSamples, "min-samples", 100, "default method: days with fewer values are passed over")
	return cmd
}

func oneDirectory(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageError("give one directory; see: %s --help", cmd.CommandPath())
	}
	return nil
}

// detected is what one file says.
type detected struct {
	Name  string   `json:"histogram"`
	Notes []string `json:"notes"`
	found []monitor.Regression
	err   error
}

// foundRegression is one regression as --json prints it.
type foundRegression struct {
	Histogram string `json:"histogram"`
	Date      string `json:"date"`
	New       bool   `json:"new"`
	cerberus.Regression
}

func (o *detectOptions) run(p process, dir string) error {
	detect, err := o.detector()
	if err != nil {
		return err
	}
	paths, err := cerberus.HistogramFiles(dir)
	if err != nil {
		return usageError("%w", err)
	}
	if len(paths) == 0 {
		return usageError("%s has no histogram file: put one NAME.json for each probe there, or in %s", dir, filepath.Join(dir, "histograms"))
	}
	definitions, err := o.readDefinitions(dir)
	if err != nil {
		return usageError("%w", err)
	}
	file := o.regressionsFile(dir)
	regressions, err := cerberus.ReadRegressions(file)
	if err != nil {
		return usageError("%w", err)
	}
	results := detectFiles(paths, definitions, detect)
	found, failed := merge(p, results, definitions, regressions)
	slices.SortStableFunc(found, func(a, b foundRegression) int { return strings.Compare(a.Date, b.Date) })
	if failed == len(paths) {
		return fmt.Errorf("none of the %d files can be used", failed)
	}
	if err := regressions.Write(file); err != nil {
		return err
	}
	if o.json {
		return writeIndented(p.stdout, map[string]any{"file": file, "method": o.method, "histograms": len(paths) - failed, "regressions": found, "notes": notesOf(results)})
	}
	for _, f := range found {
		mark := map[bool]string{true: " [new]"}[f.New]
		fmt.Fprintf(p.stdout, "Regression found for %s, %s%s\n", f.Histogram, f.Date, mark)
		if f.Change != nil {
			fmt.Fprintf(p.stdout, "  %s\n", f.Change.Text)
		}
	}
	return nil
}

// detector returns the method that was asked for.
func (o *detectOptions) detector() (func(monitor.Probe, cerberus.File) histogram.Result, error) {
	switch o.method {
	case cerberus.Method:
		return func(probe monitor.Probe, file cerberus.File) histogram.Result {
			return cerberus.DetectFile(probe, file)
		}, nil
	case histogram.DefaultMethod:
		d := histogram.Detector{Persistence: o.persistence, Sensitivity: o.sensitivity, MinSamples: o.minSamples}
		if err := d.Check(); err != nil {
			return nil, err
		}
		return func(probe monitor.Probe, file cerberus.File) histogram.Result {
			periods, notes := file.Periods(probe.Kind)
			result := d.Detect(probe, periods)
			result.Notes = append(notes, result.Notes...)
			return result
		}, nil
	}
	return nil, usageError("--method: %q is neither %s nor %s", o.method, histogram.DefaultMethod, cerberus.Method)
}

// readDefinitions reads those that were named, or those that lie where the
// original keeps them.
func (o *detectOptions) readDefinitions(dir string) (cerberus.Definitions, error) {
	paths := o.definitions
	for _, names := range [][]string{{"Histograms.json"}, {"Scalars.json", "Scalars.yaml"}} {
		if path := firstThere(names, dir, filepath.Dir(filepath.Clean(dir))); len(o.definitions) == 0 && path != "" {
			paths = append(paths, path)
		}
	}
	return cerberus.ReadDefinitions(paths...)
}

// firstThere returns the first file that is there, or "".
func firstThere(names []string, places ...string) string {
	for _, place := range places {
		for _, name := range names {
			if path := filepath.Join(place, name); fileExists(path) {
				return path
			}
		}
	}
	return ""
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func (o *detectOptions) regressionsFile(dir string) string {
	if o.regressions != "" {
		return o.regressions
	}
	dashboard := filepath.Join(dir, "dashboard")
	if info, err := os.Stat(dashboard); err == nil && info.IsDir() {
		return filepath.Join(dashboard, "regressions.json")
	}
	return filepath.Join(dir, "regressions.json")
}

// detectFiles looks at many files at once; the results are in the files' order.
func detectFiles(paths []string, definitions cerberus.Definitions, detect func(monitor.Probe, cerberus.File) histogram.Result) []detected {
	results := make([]detected, len(paths))
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range next {
				results[i] = detectFile(paths[i], definitions, detect)
			}
		})
	}
	for i := range paths {
		next <- i
	}
	close(next)
	workers.Wait()
	return results
}

func detectFile(path string, definitions cerberus.Definitions, detect func(monitor.Probe, cerberus.File) histogram.Result) detected {
	file, err := cerberus.ReadHistogram(path)
	result := detected{Name: strings.TrimSuffix(filepath.Base(path), ".json")}
	if result.err = err; err != nil {
		return result
	}
	probe := definitions[cerberus.ProbeName(file.Name)].Probe(file.Name)
	if probe.Kind == "" && len(file.Entries) > 0 {
		probe.Kind = file.Entries[0].Kind
	}
	r := detect(probe, file)
	result.found, result.Notes = r.Regressions, r.Notes
	return result
}

// merge adds what was found to the regressions, and says what could not be used.
func merge(p process, results []detected, definitions cerberus.Definitions, into cerberus.Regressions) ([]foundRegression, int) {
	found, failed := []foundRegression{}, 0
	for _, one := range results {
		if one.err != nil {
			failed++
			reason := one.err.Error()
			if errors.Is(one.err, fs.ErrNotExist) {
				reason = "is gone"
			}
			fmt.Fprintf(p.stderr, "wingmirror: skipped: %s\n", reason)
			continue
		}
		for _, note := range one.Notes {
			fmt.Fprintf(p.stderr, "wingmirror: %s: %s\n", one.Name, note)
		}
		definition := definitions[cerberus.ProbeName(one.Name)]
		for _, r := range one.found {
			entry := cerberus.Describe(r, definition)
			date := r.At.Format("2006-01-02")
			found = append(found, foundRegression{one.Name, date, into.Add(date, one.Name, entry), entry})
		}
	}
	return found, failed
}

func notesOf(results []detected) []detected {
	noted := []detected{}
	for _, one := range results {
		if one.err != nil {
			one.Notes = []string{one.err.Error()}
		}
		if len(one.Notes) > 0 {
			noted = append(noted, one)
		}
	}
	return noted
}

func writeIndented(w interface{ Write([]byte) (int, error) }, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	_, err = w.Write(append(data, '\n'))
	return err
}
