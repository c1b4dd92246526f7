package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wingmirror/alerting"
	"wingmirror/histogram/expiry"
	"wingmirror/monitor"
)

type expiringOptions struct {
	detectOptions
	config   config
	calendar string
	lists    expiry.Lists
	state    string
	to       string
}

// Whom the original told besides the watchers. They are shown in previews, and
// never written to unless somebody names them.
const (
	originalList     = "dev-telemetry-alerts@lists.mozilla.org"
	originalSheriffs = "sheriffs@mozilla.org"
)

// newHistogramsExpiring reminds the owners of probes that are about to expire.
func newHistogramsExpiring(p process) *cobra.Command {
	var o expiringOptions
	cmd := &cobra.Command{
		Use:   "expiring preview|email|test [YYYY-MM-DD]",
		Short: "Remind the owners of probes that expire in six weeks, and again in two",
		Long: `Work out which probes expire in six weeks and which in two, and write a mail to
each of their watchers, one to a general list, and in the second wave one to the
sheriffs.

  preview  prints the mails
  email    sends them, and remembers whom it told in the file named by --state
  test     sends all of them to the address given by --to, and remembers nothing

Run it every day. A day on which it did not run is made up by the next, and nobody
is told twice. The very first run tells only what is due on that day.`,
		Example: `  wingmirror histograms expiring preview --calendar releases.json
  wingmirror histograms expiring email --calendar https://example.com/releases --list telemetry@example.com --smtp smtp://mail.example.com:25`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 || args[0] != "preview" && args[0] != "email" && args[0] != "test" {
				return usageError("say preview, email or test, and a date if it is not today; see: %s --help", cmd.CommandPath())
			}
			if err := o.config.load(cmd, p.getenv); err != nil {
				return err
			}
			today := time.Now().UTC().Truncate(24 * time.Hour)
			if len(args) == 2 {
				var err error
				if today, err = time.Parse(time.DateOnly, args[1]); err != nil {
					return usageError("%q is no date; write YYYY-MM-DD", args[1])
				}
			}
			return o.run(cmd.Context(), p, args[0], today)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.definitions, "definitions", nil, "file of probe definitions; may be repeated (default Histograms.json and Scalars.json or Scalars.yaml here)")
	f.StringVar(&o.calendar, "calendar", "", "release dates: a file or address of a JSON object of versions and dates, or of a page with tables of releases")
	f.StringVar(&o.lists.General, "list", "", "address that is told of all that expires and has expired (in a preview "+originalList+")")
	f.StringVar(&o.lists.Sheriffs, "sheriffs", "", "address that is told two weeks before (in a preview "+originalSheriffs+")")
	f.StringVar(&o.lists.Footer, "footer", "", "last line of the mails, in place of the original's")
	f.StringVar(&o.state, "state", "expiring.json", "file that remembers who has been told")
	f.StringVar(&o.to, "to", "", "test: the address that gets all mails")
	f.StringVar(&o.config.Alerting.SMTP, "smtp", "", "mail server, as smtp://user:password@host:587 or smtps://host:465")
	f.StringVar(&o.config.Alerting.MailFrom, "mail-from", "wingmirror@localhost", "sender of mails")
	return cmd
}

func (o *expiringOptions) run(ctx context.Context, p process, verb string, today time.Time) error {
	probes, calendar, err := o.read(ctx)
	if err != nil {
		return err
	}
	state, err := readExpiryState(o.state)
	if err != nil {
		return err
	}
	if verb != "email" {
		o.lists.General = cmp.Or(o.lists.General, originalList)
		o.lists.Sheriffs = cmp.Or(o.lists.Sheriffs, originalSheriffs)
	}
	batches, next := expiry.Plan(probes, calendar, o.lists, state, today)
	mails := state.Unsent
	for _, b := range batches {
		mails = append(mails, b.Mails...)
	}
	switch {
	case verb == "preview":
		if len(mails) == 0 {
			fmt.Fprintf(p.stderr, "wingmirror: nothing to tell on %s\n", today.Format(time.DateOnly))
		}
		_, err := io.WriteString(p.stdout, expiry.Preview(mails))
		return err
	case verb == "test" && o.to == "":
		return usageError("say who gets the test mails: --to me@example.com")
	}
	next.Unsent, err = o.send(ctx, p, verb, mails)
	if verb == "test" {
		return err
	}
	return errors.Join(err, writeExpiryState(o.state, next))
}

// send sends mails, and returns those that did not leave and may yet.
func (o *expiringOptions) send(ctx context.Context, p process, verb string, mails []expiry.Mail) ([]expiry.Mail, error) {
	if len(mails) == 0 {
		return nil, nil
	}
	if o.config.Alerting.SMTP == "" {
		return mails, usageError("say which server takes the mails: --smtp smtp://mail.example.com:25")
	}
	channel, err := openMail(o.config.Alerting, alerting.Links{})
	if err != nil {
		return mails, err
	}
	var unsent []expiry.Mail
	var errs []error
	for _, m := range mails {
		to := m.To
		if verb == "test" {
			to = o.to
		}
		err := channel.Send(ctx, to, expiry.Subject, m.Body, time.Now())
		if err == nil {
			fmt.Fprintf(p.stdout, "told %s\n", m.To)
			continue
		}
		errs = append(errs, fmt.Errorf("tell %s: %w", m.To, err))
		if !isPermanent(err) {
			unsent = append(unsent, m)
		}
	}
	return unsent, errors.Join(errs...)
}

func isPermanent(err error) bool {
	_, permanent := errors.AsType[*alerting.PermanentError](err)
	return permanent
}

func (o *expiringOptions) read(ctx context.Context) ([]monitor.Probe, expiry.Calendar, error) {
	if o.calendar == "" {
		return nil, nil, usageError("say when versions are released: --calendar FILE or --calendar https://…")
	}
	definitions, err := o.readDefinitions(".")
	if err != nil {
		return nil, nil, usageError("%w", err)
	}
	if len(definitions) == 0 {
		return nil, nil, usageError("no probe is defined: go to where Histograms.json is, or name it by --definitions")
	}
	calendar, err := readCalendar(ctx, o.calendar)
	if err != nil {
		return nil, nil, err
	}
	probes := make([]monitor.Probe, 0, len(definitions))
	for _, name := range definitions.Names() {
		probes = append(probes, definitions[name].Probe(name))
	}
	return probes, calendar, nil
}

const maxCalendar = 32 << 20 // bytes

// readCalendar reads a calendar from a file or an address.
func readCalendar(ctx context.Context, source string) (expiry.Calendar, error) {
	var data []byte
	var err error
	if strings.HasPrefix(source, "http://") || strings.HasPrefix(source, "https://") {
		data, err = fetchCalendar(ctx, source)
	} else if data, err = os.ReadFile(source); err != nil {
		err = monitor.Invalid("calendar", "%v", err)
	}
	if err != nil {
		return nil, err
	}
	return expiry.ParseCalendar(data)
}

func fetchCalendar(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, monitor.Invalid("calendar", "%v", err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("fetch the calendar: %w: %w", monitor.ErrUnavailable, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch the calendar: %w: %s answered %s", monitor.ErrUnavailable, address, answer.Status)
	}
	return io.ReadAll(io.LimitReader(answer.Body, maxCalendar))
}

func readExpiryState(path string) (expiry.State, error) {
	var state expiry.State
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return state, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &state)
	}
	if err != nil {
		return state, monitor.Invalid("state", "%s: %v; move it away to start anew", path, err)
	}
	return state, nil
}

func writeExpiryState(path string, state expiry.State) error {
	data, err := json.MarshalIndent(state, "", "  ")
	if err == nil {
		err = os.WriteFile(path+".part", append(data, '\n'), 0o600)
	}
	if err == nil {
		err = os.Rename(path+".part", path)
	}
	if err != nil {
		return fmt.Errorf("remember who was told: %w", err)
	}
	return nil
}
