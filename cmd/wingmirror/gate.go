package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wingmirror/board"
	"wingmirror/monitor"
)

// exitClosed is the exit code of a gate that is closed.
const exitClosed = 1

// gateCall is what a pipeline asks.
type gateCall struct {
	remote
	component     string
	min           string
	unknown       string
	unreachable   string
	wait, every   time.Duration
	timeout       time.Duration
	quiet, asJSON bool
}

// newGate lets a pipeline ask whether it may go on.
func newGate(p process) *cobra.Command {
	var c gateCall
	cmd := &cobra.Command{
		Use:   "gate COMPONENT",
		Short: "Ask the board whether a component stands well enough, for pipelines",
		Long: `Ask the board of a Wingmirror server whether a component stands at least at a
level, and say why not.

Exit codes: 0 the gate is open; 1 it is closed; 3 the board could not be asked and
--unreachable is fail; 64 the question is wrong (an unknown component, a token that
does not hold). With --unreachable allow a board that cannot be reached lets
everybody through, with deny it lets nobody (exit code 1).

With --wait a closed gate is asked again until it opens or the time is over.
A board that cannot be reached is asked again for that long, too.

The server is that of --server or WINGMIRROR_SERVER. A token comes from
WINGMIRROR_TOKEN, or the file that WINGMIRROR_TOKEN_FILE names; the scope gate is
enough.`,
		Example: `  wingmirror gate production --min 4
  wingmirror gate production --min 4 --wait 30m --unreachable allow`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("name one component; see: %s --help", cmd.CommandPath())
			}
			c.component = args[0]
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.complete(p); err != nil {
				return err
			}
			return c.run(cmd.Context(), p)
		},
	}
	f := cmd.Flags()
	c.flags(f)
	f.StringVar(&c.min, "min", "4", "lowest level that will do: 5 or DC5 is the calmest, 1 lets everything through")
	f.StringVar(&c.unknown, "on-unknown", "", "allow or deny while a source of the board does not answer (default: its failing counts as the board is configured)")
	f.StringVar(&c.unreachable, "unreachable", "fail", "when the board itself cannot be asked: allow, deny, or fail (exit code 3)")
	f.DurationVar(&c.wait, "wait", 0, "how long to wait for the gate to open")
	f.DurationVar(&c.every, "every", 10*time.Second, "how often to ask while waiting")
	f.DurationVar(&c.timeout, "timeout", 5*time.Second, "time for one question")
	f.BoolVar(&c.quiet, "quiet", false, "print nothing but errors")
	f.BoolVar(&c.asJSON, "json", false, "print the server's answer")
	return cmd
}

// complete checks the flags and takes the rest from the environment.
func (c *gateCall) complete(p process) error {
	if err := c.open(p); err != nil {
		return err
	}
	if _, err := monitor.ParseDC(c.min); err != nil {
		return usageError("--min: %w", err)
	}
	if _, err := board.ParseUnknown(c.unknown); err != nil {
		return usageError("--on-unknown: %q is neither allow nor deny", c.unknown)
	}
	switch c.unreachable {
	case "allow", "deny", "fail":
	default:
		return usageError("--unreachable: %q is none of allow, deny and fail", c.unreachable)
	}
	if c.every <= 0 || c.timeout <= 0 || c.wait < 0 {
		return usageError("--every and --timeout must be above 0, and --wait not below")
	}
	return nil
}

// gateAnswer is what the server says, as far as it is told.
type gateAnswer struct {
	Allowed bool   `json:"allowed"`
	Stale   bool   `json:"stale"`
	Why     string `json:"why"`
	Reasons []struct {
		Level string `json:"level"`
		Title string `json:"title"`
		Link  string `json:"link"`
	} `json:"reasons"`
	More       int        `json:"more"`
	Ask        string     `json:"ask"`
	NextChange *time.Time `json:"next_change"`

	raw []byte
}

// unanswered is a question that brought no answer and may be asked again.
type unanswered struct{ err error }

func (u *unanswered) Error() string { return u.err.Error() }
func (u *unanswered) Unwrap() error { return u.err }

// run asks until the gate opens or the time is over.
func (c *gateCall) run(ctx context.Context, p process) error {
	deadline := time.Now().Add(c.wait)
	said := ""
	for {
		answer, err := c.ask(ctx)
		var gone *unanswered
		if err != nil && !isUnanswered(err, &gone) {
			return err
		}
		if err == nil && answer.Allowed {
			c.print(p.stdout, answer)
			return nil
		}
		if left := time.Until(deadline); left > 0 && ctx.Err() == nil {
			text := "waiting: " + answer.Why
			if gone != nil {
				text = "waiting: the board cannot be asked: " + gone.Error()
			}
			if text != said && !c.quiet {
				fmt.Fprintln(p.stderr, text)
				said = text
			}
			select {
			case <-ctx.Done():
			case <-time.After(min(c.every, left)):
			}
			continue
		}
		if gone != nil {
			return c.gone(p, gone)
		}
		c.print(p.stdout, answer)
		return &exitError{code: exitClosed}
	}
}

func isUnanswered(err error, to **unanswered) bool {
	one, ok := err.(*unanswered) //nolint:errorlint // ask returns it bare
	*to = one
	return ok
}

// gone does what the caller's policy says of a board that cannot be asked.
func (c *gateCall) gone(p process, err error) error {
	text := fmt.Sprintf("the board at %s cannot be asked: %v", c.server, err)
	switch c.unreachable {
	case "allow":
		if !c.quiet {
			fmt.Fprintf(p.stderr, "wingmirror: %s; going on, as --unreachable allow says\n", text)
		}
		return nil
	case "deny":
		return &exitError{code: exitClosed, err: fmt.Errorf("%s; not going on, as --unreachable deny says", text)}
	}
	return &exitError{code: exitUnknown, err: fmt.Errorf("%s; --unreachable says what to do then", text)}
}

const maxGateAnswer = 1 << 20 // bytes

// ask asks once.
func (c *gateCall) ask(ctx context.Context) (gateAnswer, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, fmt.Errorf("no answer within %v", c.timeout))
	defer cancel()
	query := url.Values{"min": {c.min}}
	if c.unknown != "" {
		query.Set("on_unknown", c.unknown)
	}
	address := c.server + "/gate/" + url.PathEscape(c.component) + "?" + query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return gateAnswer{}, usageError("%w", err)
	}
	request.Header.Set("Accept", "application/json")
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return gateAnswer{}, &unanswered{err}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxGateAnswer))
	if err != nil {
		return gateAnswer{}, &unanswered{fmt.Errorf("read its answer: %w", err)}
	}
	var answer gateAnswer
	var problem struct{ Detail string }
	switch response.StatusCode {
	case http.StatusOK, http.StatusLocked:
		if err := json.Unmarshal(body, &answer); err != nil || answer.Why == "" || answer.Allowed != (response.StatusCode == http.StatusOK) {
			return answer, &unanswered{fmt.Errorf("%s answered %s, but not as a board does", request.URL.Host, response.Status)}
		}
		answer.raw = body
		return answer, nil
	case http.StatusNotFound, http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusBadRequest:
		if err := json.Unmarshal(body, &problem); err == nil && problem.Detail != "" {
			return answer, usageError("%s", problem.Detail)
		}
	}
	return answer, &unanswered{fmt.Errorf("%s answered %s", request.URL.Host, response.Status)}
}

// print says how the gate stands: first the verdict, then the reasons, whom to
// ask, and when it can change.
func (c *gateCall) print(w io.Writer, a gateAnswer) {
	switch {
	case c.asJSON:
		fmt.Fprintf(w, "%s\n", strings.TrimSpace(string(a.raw)))
		return
	case c.quiet:
		return
	}
	verdict := "closed"
	if a.Allowed {
		verdict = "open"
	}
	fmt.Fprintf(w, "%s: %s\n", verdict, a.Why)
	if a.Stale {
		fmt.Fprintln(w, "  stale: some of what this rests on is not known for sure now")
	}
	for _, r := range a.Reasons {
		fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("  %s %s %s", r.Level, r.Title, r.Link), " "))
	}
	if a.More > 0 {
		fmt.Fprintf(w, "  and %d more\n", a.More)
	}
	if a.Allowed {
		return
	}
	if a.Ask != "" {
		fmt.Fprintf(w, "  ask %s\n", a.Ask)
	}
	if a.NextChange != nil {
		fmt.Fprintf(w, "  the next planned change is at %s\n", monitor.Moment(a.NextChange.UTC()))
	}
}
