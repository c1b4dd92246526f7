package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"wingmirror/event"
	"wingmirror/monitor"
)

// newRules has what can be done with rules over events without a server.
func newRules(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "Check events against a rules file, and test rules, without a server",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newRulesCheck(p), newRulesTest(p), newRulesExample(p))
	return cmd
}

type rulesOptions struct {
	rules    string
	severity bool
	format   string
	asCoded  bool
	exitZero bool
}

func (o *rulesOptions) formatFlag(f *pflag.FlagSet) {
	f.StringVar(&o.format, "format", "text", "text, or json for one object")
}

func newRulesCheck(p process) *cobra.Command {
	var o rulesOptions
	cmd := &cobra.Command{
		Use:   "check [-r RULES.yaml] EVENTS.json",
		Short: "Print an alert for each event of a file that a rule fires for",
		Long: `Evaluate a rules file once over a file of events: a JSON array, or one event on
each line. - is standard input. An event that cannot be used is told on standard
error, and the others are checked all the same.

The exit code is 0 when nothing fired, 2 when something did, 3 when the rules
file, the events or one of them cannot be used, and 64 for a wrong command line.`,
		Example: `  wingmirror rules check events.json
  wingmirror rules check -s -r rules.yaml - < events.ndjson`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("give one file of events, or - for standard input; see: %s --help", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return o.check(p, args[0]) },
	}
	f := cmd.Flags()
	f.StringVarP(&o.rules, "rules-config", "r", "", "the rules file (default: the two rules that are built in)")
	f.BoolVarP(&o.severity, "show-severity", "s", false, "print the severity in front of each line")
	f.BoolVar(&o.asCoded, "as-coded", false, "count as Sereno was coded: all servers of the file make the majority, active or not; comparing with null is an error, the file is an array, every event needs a server and every rule its majority")
	f.BoolVar(&o.exitZero, "exit-zero", false, "exit with 0 when something fired, as Sereno does")
	o.formatFlag(f)
	return cmd
}

// unusable is an error about a file, for exit code 3.
func unusable(err error) error { return &exitError{code: exitUnknown, err: err} }

func (o *rulesOptions) check(p process, name string) error {
	if o.format != "text" && o.format != "json" {
		return usageError("--format: %q is neither text nor json", o.format)
	}
	file, err := o.load(p)
	if err != nil {
		return err
	}
	data, err := readInput(p, name)
	if err != nil {
		return unusable(errors.Unwrap(err))
	}
	decode := event.Decode
	if o.asCoded {
		decode = event.DecodeOriginal
	}
	batch, err := decode(data)
	if err != nil {
		return unusable(places(name, err))
	}
	for _, bad := range batch.Bad {
		fmt.Fprintf(p.stderr, "%s: set aside: %s\n", name, bad)
	}
	if batch.More > 0 {
		fmt.Fprintf(p.stderr, "%s: set aside: %d more\n", name, batch.More)
	}
	if o.asCoded && len(batch.Bad) > 0 {
		return unusable(fmt.Errorf("%s: an event cannot be used, so nothing was checked; leave --as-coded out to check the others", name))
	}
	lines, troubles := event.Check(file, batch.Events, event.CheckOptions{AsCoded: o.asCoded, Now: time.Now()})
	for _, t := range troubles {
		fmt.Fprintf(p.stderr, "rule %s: %d events could not be asked, the first: %s\n", t.Rule.Name, t.Failed, t.First)
	}
	if o.asCoded && len(troubles) > 0 {
		return unusable(fmt.Errorf("%s: a condition failed, so nothing is printed", name))
	}
	if err := o.print(p, lines, batch.Bad); err != nil {
		return err
	}
	switch {
	case len(batch.Bad) > 0 || len(troubles) > 0:
		return &exitError{code: exitUnknown}
	case len(lines) > 0 && !o.exitZero:
		return &exitError{code: exitCritical}
	}
	return nil
}

// load reads the rules file, or takes the rules that are built in.
func (o *rulesOptions) load(p process) (*event.File, error) {
	text, name := event.DefaultRules, "default rules"
	switch {
	case o.rules != "":
		data, err := readInput(p, o.rules)
		if err != nil {
			return nil, unusable(errors.Unwrap(err))
		}
		text, name = string(data), o.rules
	case o.asCoded:
		text = event.AsCodedRules
	}
	file, err := event.Load(text, event.LoadOptions{Strict: o.asCoded})
	if err != nil {
		return nil, unusable(places(name, err))
	}
	return file, nil
}

// places puts the file, and the line where it is known, in front of every error.
func places(name string, err error) error {
	var lines []string
	for _, wrong := range monitor.AllFieldErrors(err) {
		place := name
		if wrong.Line > 0 {
			place += fmt.Sprintf(":%d:%d", wrong.Line, max(1, wrong.Column))
		}
		lines = append(lines, place+": "+wrong.Error())
	}
	if lines == nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return errors.New(strings.Join(lines, "\n"))
}

func (o *rulesOptions) print(p process, lines []event.Line, bad []event.SetAside) error {
	if o.format == "json" {
		return writeAlerts(p.stdout, lines, bad)
	}
	colored := colors(p)
	var out strings.Builder
	for _, line := range lines {
		text := line.String()
		if o.severity {
			text = line.Rule.Severity.Name + " " + text
		}
		if code := colorCode(line.Rule.Severity.Color); colored && code != "" {
			text = "\x1b[" + code + "m" + text + "\x1b[0m"
		}
		out.WriteString(text + "\n")
	}
	_, err := io.WriteString(p.stdout, out.String())
	return err
}

// colors reports whether standard output is a terminal whose owner wants color.
func colors(p process) bool {
	if _, unwanted := p.getenv("NO_COLOR"); unwanted {
		return false
	}
	file, ok := p.stdout.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

var (
	colorNames   = []string{"black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"}
	colorNumber  = regexp.MustCompile(`^color\((\d{1,3})\)$`)
	colorPattern = regexp.MustCompile(`^#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})$`)
)

// colorCode returns the terminal's code (ECMA-48, and the usual extension to
// more colors) for a name, bright_NAME, color(N) or #rrggbb; "" for any other.
func colorCode(name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	plain, bright := strings.CutPrefix(name, "bright_")
	for i, known := range colorNames {
		switch {
		case known == plain && bright:
			return strconv.Itoa(90 + i)
		case known == plain:
			return strconv.Itoa(30 + i)
		}
	}
	if found := colorNumber.FindStringSubmatch(name); found != nil {
		return "38;5;" + found[1]
	}
	if found := colorPattern.FindStringSubmatch(name); found != nil {
		code := "38;2"
		for _, part := range found[1:] {
			v, _ := strconv.ParseUint(part, 16, 8) // the pattern has looked at it
			code += fmt.Sprintf(";%d", v)
		}
		return code
	}
	return ""
}

// The output of --format json. Its keys are a promise to scripts.
type (
	alertJSON struct {
		Rule      string          `json:"rule"`
		Severity  string          `json:"severity"`
		Level     monitor.Level   `json:"level"`
		Line      string          `json:"line"`
		Timestamp float64         `json:"timestamp"`
		Key       string          `json:"key,omitempty"`
		Text      string          `json:"text,omitempty"`
		Threshold string          `json:"threshold,omitempty"`
		Event     json.RawMessage `json:"event"`
	}
	setAsideJSON struct {
		Index  int    `json:"index"`
		Line   int    `json:"line"`
		Reason string `json:"reason"`
	}
	checkRulesJSON struct {
		Alerts   []alertJSON    `json:"alerts"`
		SetAside []setAsideJSON `json:"set_aside"`
	}
)

func writeAlerts(w io.Writer, lines []event.Line, bad []event.SetAside) error {
	out := checkRulesJSON{Alerts: []alertJSON{}, SetAside: []setAsideJSON{}}
	for _, l := range lines {
		a := alertJSON{
			Rule: l.Rule.Name, Severity: l.Rule.Severity.Name, Level: l.Rule.Severity.Level, Line: l.String(),
			Threshold: l.Rule.Threshold, Event: json.RawMessage("null"),
		}
		if l.Event != nil {
			a.Timestamp, a.Event = l.Event.Timestamp, l.Event.Body
		}
		if l.Alert != nil {
			a.Timestamp, a.Key, a.Text = l.Alert.At, l.Alert.Key, l.Alert.Text
		}
		out.Alerts = append(out.Alerts, a)
	}
	for _, b := range bad {
		out.SetAside = append(out.SetAside, setAsideJSON{b.Index, b.Line, b.Reason})
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(out)
}

func newRulesTest(p process) *cobra.Command {
	return &cobra.Command{
		Use:   "test RULES.yaml",
		Short: "Run the tests that a rules file holds",
		Long: `Load a rules file, which tells everything that is wrong with it, and run its tests.

The exit code is 0 when all passed, 2 when one did not, 3 when the file cannot be
used, and 64 for a wrong command line.`,
		Example: `  wingmirror rules example > rules.yaml
  wingmirror rules test rules.yaml`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("give one rules file; see: %s --help", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o := rulesOptions{rules: args[0]}
			file, err := o.load(p)
			if err != nil {
				return err
			}
			return testRules(cmd.Context(), p.stdout, args[0], file)
		},
	}
}

func testRules(ctx context.Context, w io.Writer, name string, file *event.File) error {
	failed := 0
	results := event.RunTests(ctx, file)
	for _, r := range results {
		verdict := "ok  "
		if len(r.Wrong) > 0 {
			failed++
			verdict = "FAIL"
		}
		fmt.Fprintf(w, "%s  %s\n", verdict, r.Test.Name)
		for _, wrong := range r.Wrong {
			fmt.Fprintf(w, "      %s:%d: %s\n", name, r.Test.Line, wrong)
		}
	}
	fmt.Fprintf(w, "%d rules, %d tests, %d failed\n", len(file.Rules), len(results), failed)
	if failed > 0 {
		return &exitError{code: exitCritical}
	}
	return nil
}

func newRulesExample(p process) *cobra.Command {
	return &cobra.Command{
		Use:   "example",
		Short: "Print a rules file with one rule of each kind, and a test for each",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := io.WriteString(p.stdout, event.ExampleRules)
			return err
		},
	}
}
