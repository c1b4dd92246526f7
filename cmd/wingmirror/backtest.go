package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"wingmirror/alerting"
	"wingmirror/monitor"
	"wingmirror/scheduler/backtest"
)

type backtestOptions struct {
	lab
	against string
	from    string
	until   string
	json    bool
	all     bool
}

// newBacktest runs one or two monitor files over the past.
func newBacktest(p process) *cobra.Command {
	var o backtestOptions
	cmd := &cobra.Command{
		Use:   "backtest FILE.js",
		Short: "Run a monitor file over the past: what would have gone out? Sends nothing",
		Long: `Run a monitor file over a past range, tick by tick, with the same evaluation and
the same alerting as live runs, and list the notices that would have gone out.

With --against, a second file is run over the same series, and the incidents that
it adds, removes and moves are listed: FILE.js is the edited version, and the
other one is what it is compared with. Series come from Graphite, from a file, or
with --server from a running Wingmirror, which then does the work.

The exit code is 0, 1 when the two versions differ, and 3 when no run could tell
how things were.`,
		Example: `  wingmirror backtest disk.js --from -7d --graphite http://graphite.example.com
  wingmirror backtest disk.js --against disk.old.js --from -30d --until -1d --json
  wingmirror backtest disk.js --from -7d --server https://wingmirror.example.com`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.open(cmd, p); err != nil {
				return err
			}
			return o.run(cmd.Context(), p, args[0])
		},
	}
	f := cmd.Flags()
	o.seriesFlag(f)
	f.StringVar(&o.against, "against", "", "compare with this monitor file")
	f.StringVar(&o.from, "from", "-7d", "begin of the range: -36h, -7d, -4w before now, or a time such as 2026-11-21T03:00:00Z")
	f.StringVar(&o.until, "until", "", "end of the range, in the same forms (default now; with --series its newest point)")
	f.BoolVar(&o.all, "all", false, fmt.Sprintf("print all notices and incidents, not only the first %d of each list", mostPrinted))
	f.BoolVar(&o.json, "json", false, "print one JSON object, with all of them")
	o.flags(f, "do it, with its Graphite, helper files and silences", &o.config.Graphite, &o.config.Sandbox)
	o.show(f, "repeat")
	return cmd
}

func (o *backtestOptions) run(ctx context.Context, p process, name string) error {
	var variants []monitor.Monitor
	for _, file := range []string{o.against, name} {
		if file == "" {
			continue
		}
		read, err := readMonitorFile(p, file)
		if err != nil {
			return err
		}
		if read.Monitor.Schedule == "" {
			return usageError("%s: the head names no schedule, so there is nothing to run over the past", file)
		}
		variants = append(variants, read.Monitor)
	}
	report, err := o.report(ctx, p, variants)
	if err != nil {
		return err
	}
	if o.json {
		err = writeJSON(p.stdout, report)
	} else {
		err = o.write(p.stdout, report)
	}
	if err != nil {
		return err
	}
	return backtestExit(report)
}

func (o *backtestOptions) report(ctx context.Context, p process, variants []monitor.Monitor) (backtest.Report, error) {
	now := time.Now().UTC().Truncate(time.Second)
	if o.elsewhere() {
		from, until, err := o.rangeUntil(now)
		if err != nil {
			return backtest.Report{}, err
		}
		return o.remote.backtest(ctx, variants, from, until, progressLine(p))
	}
	source, end, err := o.source(variants, now)
	if err != nil {
		return backtest.Report{}, err
	}
	if file, ok := source.(recorded); ok {
		source = recordedRange{file}
	}
	if o.series != "" {
		end = end.Add(time.Second) // so that the newest point has its run
	}
	from, until, err := o.rangeUntil(end)
	if err != nil {
		return backtest.Report{}, err
	}
	pool, err := o.workers()
	if err != nil {
		return backtest.Report{}, err
	}
	defer pool.Close()
	defaults := monitor.Policy{Repeat: o.config.Alerting.Repeat}
	desk := alerting.NewDesk(alerting.DeskOptions{Defaults: defaults})
	line := progressLine(p)
	results, err := backtest.Options{
		Source: source, Runner: pool, Now: func() time.Time { return end }, Defaults: defaults, Limits: o.config.Sandbox.limits(),
		Recalls:  recallsWith(pool.Library()),
		Decide:   func(m monitor.Monitor) backtest.Decide { return desk.Rehearse(m) },
		Progress: func(p backtest.Progress) { line(p.Done, p.Total) },
	}.Run(ctx, backtest.Plan{Variants: variants, From: from, Until: until})
	line(0, 0)
	report := backtest.NewReport(results, nil)
	if errors.Is(err, context.Canceled) && len(results) > 0 {
		report.Partial, report.Error, err = true, "cut short", nil
	}
	return report, err
}

func (o *backtestOptions) rangeUntil(end time.Time) (from, until time.Time, err error) {
	if until, err = parseMoment("--until", o.until, end); err != nil {
		return from, until, err
	}
	from, err = parseMoment("--from", o.from, end)
	return from, until, err
}

var beforeNow = regexp.MustCompile(`^-(\d+)([smhdw])$`)

// parseMoment reads a time, absolute or before the given end; "" is the end.
func parseMoment(flag, text string, end time.Time) (time.Time, error) {
	if text == "" || text == "now" {
		return end, nil
	}
	if m := beforeNow.FindStringSubmatch(text); m != nil {
		n, err := strconv.Atoi(m[1])
		unit := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}[m[2]]
		if err == nil && n < 100_000 {
			return end.Add(-time.Duration(n) * unit), nil
		}
	}
	at, err := parseAt(text)
	if err != nil {
		return at, usageError("%s: %q is neither a span before now such as -36h or -7d nor a time such as 2026-11-21T03:00:00Z", flag, text)
	}
	return at, nil
}

// progressLine returns what shows how far it is, where somebody looks. Zero of
// zero clears it.
func progressLine(p process) func(done, total int) {
	file, ok := p.stderr.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return func(int, int) {}
	}
	var last time.Time
	return func(done, total int) {
		switch {
		case total == 0:
			fmt.Fprint(file, "\r\033[K")
		case time.Since(last) > 100*time.Millisecond:
			last = time.Now()
			fmt.Fprintf(file, "\r\033[K%d of %d runs (%d %%)", done, total, 100*done/total)
		}
	}
}

func writeJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// backtestExit turns a report into the exit code.
func backtestExit(r backtest.Report) error {
	told := 0
	for _, one := range r.Results {
		faults := 0
		for _, n := range one.Faults {
			faults += n
		}
		told += one.Runs - faults
	}
	switch d := r.Diff; {
	case told == 0:
		return &exitError{code: exitUnknown}
	case d != nil && len(d.Added)+len(d.Removed)+len(d.Moved) > 0:
		return &exitError{code: exitWarning}
	}
	return nil
}

const backtestClock = "2006-01-02 15:04:05"

// mostPrinted is how much of each list is printed for people, unless they ask for
// all.
const mostPrinted = 40

// backtestText prints, for each version, what would have gone out, and then what
// the second one changes. All times are UTC.
type backtestText struct {
	strings.Builder
	most int // entries of each list
}

func (o *backtestOptions) write(w io.Writer, r backtest.Report) error {
	out := backtestText{most: mostPrinted}
	if o.all {
		out.most = math.MaxInt
	}
	for i, one := range r.Results {
		title := ""
		if len(r.Results) == 2 {
			title = []string{"AGAINST ", "EDITED  "}[i]
		}
		out.result(title, one)
	}
	if r.Diff != nil {
		out.diff(*r.Diff)
	}
	if r.Error != "" {
		fmt.Fprintf(&out, "%s after %d of %d runs\n", r.Error, r.Done, r.Total)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func (out *backtestText) result(title string, r backtest.ResultReport) {
	fmt.Fprintf(out, "%s%s, %s to %s, %d runs: %s, %s\n", title, r.Name, monitor.Moment(r.From.UTC()), monitor.Moment(r.Until.UTC()),
		r.Runs, plural(r.Opened, "incident"), plural(r.Told, "notice"))
	for _, text := range r.Warnings {
		fmt.Fprintf(out, "  ! %s\n", text)
	}
	if r.GaveUp != "" {
		fmt.Fprintf(out, "  ! given up: %s\n", r.GaveUp)
	}
	for _, n := range r.Notices[:min(len(r.Notices), out.most)] {
		fmt.Fprintf(out, "  %s  %-8s  %-8s  %s%s\n", n.At.Format(backtestClock), n.Kind, n.Level, firstLine(n.Text), after(n))
	}
	out.more(r.Told, len(r.Notices), "notices")
	out.WriteString("\n")
}

// after says how long an incident had lasted when a notice other than its first
// went out.
func after(n backtest.NoticeReport) string {
	if n.Seconds == 0 {
		return ""
	}
	text := " after " + (time.Duration(n.Seconds) * time.Second).String()
	if n.Text == "" {
		return text[1:]
	}
	return "," + text
}

// more says what a list leaves out: what was not printed, and what the report does
// not have.
func (out *backtestText) more(all, listed int, what string) {
	switch rest := all - min(listed, out.most); {
	case rest <= 0:
	case listed > out.most:
		fmt.Fprintf(out, "  … and %s more %s: --all or --json\n", thousands(rest), what)
	default:
		fmt.Fprintf(out, "  … and %s more %s, of which only the number is kept; take a shorter range to see them\n", thousands(rest), what)
	}
}

func (out *backtestText) diff(d backtest.DiffReport) {
	fmt.Fprintf(out, "DIFFERENCE  %d added, %d removed, %d moved, %d the same\n", len(d.Added), len(d.Removed), len(d.Moved), d.Same)
	line := func(mark string, i backtest.IncidentReport) {
		fmt.Fprintf(out, "  %s %s for %-8s  %-8s  %s\n", mark, i.OpenedAt.Format(backtestClock), lasting(i), i.Level, firstLine(i.Message))
	}
	list := func(mark, what string, incidents []backtest.IncidentReport) {
		for _, i := range incidents[:min(len(incidents), out.most)] {
			line(mark, i)
		}
		out.more(len(incidents), len(incidents), what)
	}
	list("+", "added", d.Added)
	list("-", "removed", d.Removed)
	for _, m := range d.Moved[:min(len(d.Moved), out.most)] {
		line("~", m.Was)
		line(">", m.Now)
	}
	out.more(len(d.Moved), len(d.Moved), "moved")
}

func lasting(i backtest.IncidentReport) string {
	text := (time.Duration(i.Seconds) * time.Second).String()
	if i.ClosedAt == nil {
		text += "+"
	}
	return text
}

// thousands writes a number with commas, as 1,794.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

func firstLine(text string) string {
	line, _, more := strings.Cut(text, "\n")
	if more {
		line += " …"
	}
	return monitor.Cut(line, 160)
}
