package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"wingmirror/monitor"
)

// newSilence works on a running server through its API, for deploy scripts.
func newSilence(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "silence",
		Short: "Add, list and end silences on a running server",
		Long: `Add, list and end silences on a running server, for instance around a deploy.

An API token with the scope write is read from ` + tokenVariable + `, or from the file that
` + tokenVariable + `_FILE names. On a loopback address without users none is needed.`,
		Example: `  id=$(wingmirror silence add --group shop/checkout --duration 15m --reason 'deploy 214' --quiet)
  ...
  wingmirror silence end "$id"`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newSilenceAdd(p), newSilenceList(p), newSilenceEnd(p))
	return cmd
}

// silenceWire is what the commands send and read of the API's silence.
type silenceWire struct {
	ID         int64             `json:"id,omitempty"`
	Everything bool              `json:"everything,omitempty"`
	Monitors   []int64           `json:"monitors,omitempty"`
	Subjects   []string          `json:"subjects,omitempty"`
	Group      string            `json:"group,omitempty"`
	Labels     map[string]string `json:"labels,omitempty"`
	From       *time.Time        `json:"from,omitempty"`
	Until      *time.Time        `json:"until,omitempty"`
	Schedule   string            `json:"schedule,omitempty"`
	Zone       string            `json:"timezone,omitempty"`
	Duration   string            `json:"duration,omitempty"`
	Reason     string            `json:"reason,omitempty"`

	Status string `json:"status,omitempty"`
	What   string `json:"what,omitempty"`
	When   string `json:"when,omitempty"`
	Author string `json:"author,omitempty"`
}

// line is the silence on one line.
func (s silenceWire) line() string {
	return fmt.Sprintf("%d\t%s\t%s\t%s\t%s (%s)", s.ID, s.Status, s.What, s.When, s.Reason, s.Author)
}

type silenceAdd struct {
	remote
	body        silenceWire
	labels      []string
	from, until string
	quiet, json bool
}

func newSilenceAdd(p process) *cobra.Command {
	var o silenceAdd
	cmd := &cobra.Command{
		Use:   "add",
		Short: "Hold notices back, from now on or again and again",
		Long: `Hold notices back: monitors go on running, and whoever was told that an incident
began is told that it ended. Of --monitor, --subject, --group and --label all that
are given must hold.`,
		Example: `  wingmirror silence add --monitor 7 --duration 2h --reason 'new disks'
  wingmirror silence add --label team=web --from 2026-11-21T22:00:00Z --until 2026-11-22T04:00:00Z --reason move
  wingmirror silence add --group shop --schedule '0 22 * * 5' --timezone Europe/Berlin --duration 8h --reason backups`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), p) },
	}
	f := cmd.Flags()
	o.flags(f)
	f.Int64SliceVar(&o.body.Monitors, "monitor", nil, "number of a monitor; may be repeated")
	f.StringSliceVar(&o.body.Subjects, "subject", nil, "anything else that is watched, such as heartbeat/ops/backup; may be repeated")
	f.StringVar(&o.body.Group, "group", "", "this group and those below it")
	f.StringArrayVar(&o.labels, "label", nil, "label and value, as team=web; may be repeated")
	f.BoolVar(&o.body.Everything, "everything", false, "all that is watched")
	f.StringVar(&o.body.Duration, "duration", "", "how long it lasts, or each window of a recurring one, such as 90m, 8h or 2d")
	f.StringVar(&o.from, "from", "", "when it begins, as 2026-11-21T22:00:00Z or epoch seconds (default now)")
	f.StringVar(&o.until, "until", "", "when it ends, in place of --duration; of a recurring one: no window after")
	f.StringVar(&o.body.Schedule, "schedule", "", "crontab of the times at which a window begins, to have it again and again")
	f.StringVar(&o.body.Zone, "timezone", "", "of --schedule, an IANA name (default UTC)")
	f.StringVar(&o.body.Reason, "reason", "", "why, for whoever wonders why nothing came")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print the silence's number only")
	f.BoolVar(&o.json, "json", false, "print the silence as JSON")
	return cmd
}

func (o *silenceAdd) run(ctx context.Context, p process) error {
	if err := o.open(p); err != nil {
		return err
	}
	for _, text := range o.labels {
		key, value, ok := strings.Cut(text, "=")
		if !ok {
			return monitor.Invalid("label", "%q is not of the form team=web", monitor.Cut(text, 100))
		}
		if o.body.Labels == nil {
			o.body.Labels = map[string]string{}
		}
		o.body.Labels[key] = value
	}
	var err error
	if o.body.From, err = optionalTime("from", o.from); err != nil {
		return err
	}
	if o.body.Until, err = optionalTime("until", o.until); err != nil {
		return err
	}
	var raw json.RawMessage
	if err := o.call(ctx, "POST", "/silences", o.body, &raw); err != nil {
		return err
	}
	var made silenceWire
	if err := json.Unmarshal(raw, &made); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	switch {
	case o.json:
		_, err = fmt.Fprintf(p.stdout, "%s\n", strings.TrimSpace(string(raw)))
	case o.quiet:
		_, err = fmt.Fprintln(p.stdout, made.ID)
	default:
		_, err = fmt.Fprintf(p.stdout, "Silence %d of %s: %s.\nEnd it with: wingmirror silence end %d\n", made.ID, made.What, made.When, made.ID)
	}
	return err
}

// optionalTime reads a time, nil for "".
func optionalTime(flag, text string) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	at, err := parseAt(text)
	if err != nil {
		return nil, monitor.Invalid(flag, "%q is no time; write 2026-11-21T22:00:00Z or epoch seconds", monitor.Cut(text, 100))
	}
	return &at, nil
}

func newSilenceList(p process) *cobra.Command {
	var r remote
	var all, asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the silences in force and those to come",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := r.open(p); err != nil {
				return err
			}
			found, err := r.silences(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(p.stdout).Encode(map[string]any{"silences": found})
			}
			return printSilences(p, found, all)
		},
	}
	r.flags(cmd.Flags())
	cmd.Flags().BoolVar(&all, "all", false, "those that are over, too")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print what the API answers")
	return cmd
}

// silences asks for all pages of the silences, each silence as the server wrote it.
func (r *remote) silences(ctx context.Context) ([]json.RawMessage, error) {
	all := []json.RawMessage{}
	for before := int64(0); ; {
		var page struct {
			Silences []json.RawMessage `json:"silences"`
			Next     int64             `json:"next"`
		}
		if err := r.call(ctx, "GET", fmt.Sprintf("/silences?limit=500&before=%d", before), nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Silences...)
		if page.Next == 0 || page.Next == before {
			return all, nil
		}
		before = page.Next
	}
}

func printSilences(p process, found []json.RawMessage, all bool) error {
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	shown := 0
	for _, raw := range found {
		var s silenceWire
		if err := json.Unmarshal(raw, &s); err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		if s.Status == string(monitor.SilenceOver) && !all {
			continue
		}
		if shown++; shown == 1 {
			fmt.Fprintln(w, "NUMBER\tSTATE\tWHAT\tWHEN\tREASON")
		}
		fmt.Fprintln(w, s.line())
	}
	if shown == 0 {
		fmt.Fprintln(w, "nothing is silenced, and no silence is planned")
	}
	return w.Flush()
}

func newSilenceEnd(p process) *cobra.Command {
	var r remote
	cmd := &cobra.Command{
		Use:   "end NUMBER...",
		Short: "End silences for good; what they held back and is still wrong is told now",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError("give the numbers of silences; see: wingmirror silence list")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := r.open(p); err != nil {
				return err
			}
			for _, text := range args {
				if _, err := strconv.ParseUint(text, 10, 63); err != nil {
					return usageError("%q is no number of a silence; see: wingmirror silence list", monitor.Cut(text, 100))
				}
				if err := r.call(cmd.Context(), "POST", "/silences/"+text+"/end", nil, nil); errors.Is(err, monitor.ErrNotFound) {
					return monitor.Missing("end silence %s: there is none of that number; see: wingmirror silence list", text)
				} else if err != nil {
					return fmt.Errorf("end silence %s: %w", text, err)
				}
				fmt.Fprintf(p.stdout, "ended silence %s\n", text)
			}
			return nil
		},
	}
	r.flags(cmd.Flags())
	return cmd
}
