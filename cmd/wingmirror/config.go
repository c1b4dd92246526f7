package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"wingmirror/monitor"
)

// config is every setting of the server. Each is a flag, an environment
// variable (WINGMIRROR_ and the flag's name in capitals) and a key of the YAML
// file given by --config, in that order of precedence.
type config struct {
	Listen   string
	BaseURL  string
	DB       string
	File     string
	LogLevel slog.Level
	LogJSON  bool
	Auth     string

	KeepRuns      time.Duration
	KeepIncidents time.Duration
	KeepAudit     time.Duration

	Inputs     inputsConfig
	Events     eventsConfig
	Access     accessConfig
	Graphite   graphiteConfig
	Alerting   alertingConfig
	Sandbox    sandboxConfig
	Board      boardConfig
	Schedule   scheduleConfig
	Heartbeats heartbeatConfig
	Histogram  histogramConfig
}

type graphiteConfig struct {
	URL         string
	User        string
	Password    string
	Token       string
	Headers     []string
	CAFile      string
	CertFile    string
	KeyFile     string
	Timeout     time.Duration
	Step        time.Duration
	Lag         time.Duration
	Concurrency int
	Batch       int
	MaxBytes    int64
	MaxSeries   int
	MaxPoints   int
	NoCache     bool
}

type alertingConfig struct {
	SMTP              string
	MailFrom          string
	SubjectPrefix     string
	PagerDutyEndpoint string
	PagerDutySecret   string
	SourceAlerts      []string
	WebhookSecret     string
	WebhookPrivate    bool
	Repeat            time.Duration
}

type sandboxConfig struct {
	Workers int
	CPU     time.Duration
	Memory  int64
	Strict  bool
	Library string
}

type scheduleConfig struct {
	MaxRuns     int
	MinInterval time.Duration
	StopTimeout time.Duration
}

// The values of --auth.
const (
	authUsers = "users"
	authNone  = "none"
)

// secrets are never printed, and can be read from a file named by NAME_FILE.
var secretSettings = []string{"graphite-password", "graphite-token", "graphite-header", "smtp", "pagerduty-webhook-secret", "webhook-secret", "oidc-client-secret", "medusa-token", "heartbeat-url"}

func (c *config) flags(f *pflag.FlagSet) {
	f.StringVar(&c.Listen, "listen", "127.0.0.1:8470", "address to serve pages and API on; port 0 takes a free one")
	f.StringVar(&c.BaseURL, "base-url", "", "address of the pages as people reach them, for links in alerts (default http://LISTEN)")
	f.StringVar(&c.DB, "db", "wingmirror.db", "SQLite database file; made if it is not there")
	f.StringVar(&c.File, "config", "", "YAML file with any of these settings, a key for each flag")
	f.TextVar(&c.LogLevel, "log-level", slog.LevelInfo, "debug, info, warn or error")
	f.BoolVar(&c.LogJSON, "log-json", false, "write the log as JSON instead of text")
	f.StringVar(&c.Auth, "auth", authUsers, "users, or none to let everybody who can reach the address in as an administrator")
	f.DurationVar(&c.KeepRuns, "keep-runs", 30*24*time.Hour, "how long runs are kept; 0: for ever")
	f.DurationVar(&c.KeepIncidents, "keep-incidents", 400*24*time.Hour, "how long closed incidents with their notices, and silences and announcements that are over, are kept; 0: for ever")
	f.DurationVar(&c.KeepAudit, "keep-audit", 730*24*time.Hour, "how long the audit log is kept; 0: for ever")
	c.Inputs.flags(f)
	c.Events.flags(f)
	c.Access.flags(f)
	c.Graphite.flags(f)
	c.Alerting.flags(f)
	c.Sandbox.flags(f)
	c.Board.flags(f)
	c.Histogram.flags(f)
	c.Schedule.flags(f)
	c.Heartbeats.flags(f)
}

// flagsShowing adds every setting, because the configuration file of the server
// may hold any, but shows only those of some parts, and where the file is.
func (c *config) flagsShowing(f *pflag.FlagSet, parts ...interface{ flags(f *pflag.FlagSet) }) {
	shown := pflag.NewFlagSet("", pflag.ContinueOnError)
	for _, part := range parts {
		part.flags(shown)
	}
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	c.flags(all)
	all.VisitAll(func(flag *pflag.Flag) { flag.Hidden = flag.Name != "config" && shown.Lookup(flag.Name) == nil })
	f.AddFlagSet(all)
}

func (c *graphiteConfig) flags(f *pflag.FlagSet) {
	f.StringVar(&c.URL, "graphite", "", "Graphite's base URL, such as http://graphite.example.com")
	f.StringVar(&c.User, "graphite-user", "", "user name for basic authentication")
	f.StringVar(&c.Password, "graphite-password", "", "password for basic authentication")
	f.StringVar(&c.Token, "graphite-token", "", "bearer token")
	f.StringArrayVar(&c.Headers, "graphite-header", nil, "extra header, as 'Name: value'; may be repeated")
	f.StringVar(&c.CAFile, "graphite-ca", "", "PEM file of certificate authorities to trust instead of the system's")
	f.StringVar(&c.CertFile, "graphite-cert", "", "PEM file of a client certificate")
	f.StringVar(&c.KeyFile, "graphite-key", "", "PEM file of the client certificate's key")
	f.DurationVar(&c.Timeout, "graphite-timeout", 15*time.Second, "time for one request; one batch with all its retries gets three times as much")
	f.DurationVar(&c.Step, "graphite-step", time.Minute, "interval of the points, to which windows are aligned")
	f.DurationVar(&c.Lag, "graphite-lag", 0, "how long before the scheduled time a window ends, since the newest point is often incomplete (default one step; negative for none)")
	f.IntVar(&c.Concurrency, "graphite-concurrency", 16, "requests under way at once")
	f.IntVar(&c.Batch, "graphite-batch", 200, "targets in one request")
	f.Int64Var(&c.MaxBytes, "graphite-max-bytes", 64<<20, "largest answer to one request, in bytes")
	f.IntVar(&c.MaxSeries, "graphite-max-series", 20_000, "most series in one answer")
	f.IntVar(&c.MaxPoints, "graphite-max-points", 2_000_000, "most points in one answer")
	f.BoolVar(&c.NoCache, "graphite-no-cache", false, "ask Graphite not to answer from its cache")
}

func (c *alertingConfig) flags(f *pflag.FlagSet) {
	f.StringVar(&c.SMTP, "smtp", "", "mail server, as smtp://user:password@host:587 or smtps://host:465")
	f.StringVar(&c.MailFrom, "mail-from", "wingmirror@localhost", "sender of mails")
	f.StringVar(&c.SubjectPrefix, "subject-prefix", "", "text in front of every mail's subject")
	f.StringVar(&c.PagerDutyEndpoint, "pagerduty-endpoint", "https://events.pagerduty.com", "base URL of the PagerDuty Events API")
	f.StringVar(&c.PagerDutySecret, "pagerduty-webhook-secret", "", "secret of a PagerDuty V3 webhook subscription to /hooks/pagerduty, so that acknowledging there counts here")
	f.StringVar(&c.WebhookSecret, "webhook-secret", "", "secret that webhooks are signed with when their address has none of its own")
	f.BoolVar(&c.WebhookPrivate, "webhook-private", true, "let webhooks and Slack go to private networks and this machine; false refuses them, but bounds no shoutrrr+ destination")
	f.StringArrayVar(&c.SourceAlerts, "source-alert", nil, "destination that is told when Graphite itself is down, such as mailto:ops@example.com; may be repeated")
	f.DurationVar(&c.Repeat, "repeat", time.Hour, "time between two notices of one unresolved incident, unless the monitor says otherwise")
}

func (c *sandboxConfig) flags(f *pflag.FlagSet) {
	f.IntVar(&c.Workers, "workers", 0, "worker processes for scripts (default one per core)")
	f.DurationVar(&c.CPU, "script-cpu", time.Second, "processor time that one run of a script may use")
	f.Int64Var(&c.Memory, "script-memory", 256<<20, "bytes of memory that one run of a script may use")
	f.BoolVar(&c.Strict, "sandbox-strict", false, "refuse to start when a layer of the sandbox is not to be had")
	f.StringVar(&c.Library, "stdlib", "", "directory of your own .js helpers for all scripts, loaded in name order")
}

func (c *scheduleConfig) flags(f *pflag.FlagSet) {
	f.IntVar(&c.MaxRuns, "max-runs", 1024, "runs under way at once")
	f.DurationVar(&c.MinInterval, "min-interval", time.Second, "shortest time between two runs of a monitor that a schedule may ask for")
	f.DurationVar(&c.StopTimeout, "stop-timeout", 10*time.Second, "time that runs and deliveries get to finish when the server stops")
}

// load fills in what the command line left open: from the environment, then
// from the YAML file. All errors are found at once.
func (c *config) load(cmd *cobra.Command, getenv func(string) (string, bool)) error {
	f := cmd.Flags()
	var errs monitor.FieldErrors
	settings := settingNames(f)
	set := func(name, source string, values []string) {
		for _, value := range values {
			if err := f.Set(name, value); err != nil {
				errs = append(errs, monitor.Invalid(source, "%v", unwrapFlagError(err, f.Lookup(name).Value.Type())))
				return
			}
		}
	}
	given := map[string]bool{}
	f.Visit(func(flag *pflag.Flag) { given[flag.Name] = true })
	for _, name := range settings {
		value, source, err := environment(name, getenv)
		if err != nil {
			errs = append(errs, monitor.Invalid(source, "%v", err))
		} else if source != "" && !given[name] {
			given[name] = true
			set(name, source, []string{value})
		}
	}
	if c.File != "" {
		values, fileErrs := readConfigFile(c.File, settings, f)
		errs = append(errs, fileErrs...)
		for _, name := range settings {
			if v, ok := values[name]; ok && !given[name] {
				set(name, c.File+": "+name, v)
			}
		}
	}
	if errs = append(errs, c.outOfRange()...); len(errs) > 0 {
		return errs
	}
	return nil
}

// settingNames lists the flags that are settings, sorted.
func settingNames(f *pflag.FlagSet) []string {
	var names []string
	f.VisitAll(func(flag *pflag.Flag) {
		if flag.Name != "help" && flag.Name != "version" {
			names = append(names, flag.Name)
		}
	})
	slices.Sort(names)
	return names
}

// environment looks a setting up in the environment: WINGMIRROR_SMTP, or, for a
// secret, the file that WINGMIRROR_SMTP_FILE names. source is the variable that
// was found, "" if none was.
func environment(name string, getenv func(string) (string, bool)) (value, source string, err error) {
	variable := variableOf(name)
	if value, ok := getenv(variable); ok {
		return value, variable, nil
	}
	if !slices.Contains(secretSettings, name) {
		return "", "", nil
	}
	file, ok := getenv(variable + "_FILE")
	if !ok {
		return "", "", nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", variable + "_FILE", fmt.Errorf("read the secret: %w", err)
	}
	return strings.TrimSpace(string(data)), variable + "_FILE", nil
}

// readConfigFile returns the values of the file's keys. A list gives several.
func readConfigFile(file string, settings []string, f *pflag.FlagSet) (map[string][]string, monitor.FieldErrors) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, monitor.FieldErrors{monitor.Invalid("config", "%v", err)}
	}
	var raw map[string]any
	if err := yaml.Unmarshal(data, &raw); err != nil {
		return nil, monitor.FieldErrors{monitor.Invalid(file, "%s", yaml.FormatError(err, false, true))}
	}
	values := map[string][]string{}
	var errs monitor.FieldErrors
	for _, key := range sortedKeys(raw) {
		name := strings.ReplaceAll(key, "_", "-")
		secret, isFile := strings.CutSuffix(name, "-file")
		switch {
		case name == "config":
			errs = append(errs, monitor.Invalid(file, "config: a configuration file cannot name another"))
		case slices.Contains(settings, name):
			var err error
			if values[name], err = texts(raw[key], f.Lookup(name)); err != nil {
				errs = append(errs, monitor.Invalid(file, "%s: %v", key, err))
			}
		case isFile && slices.Contains(secretSettings, secret):
			text, err := os.ReadFile(fmt.Sprint(raw[key]))
			if err != nil {
				errs = append(errs, monitor.Invalid(file, "%s: %v", key, err))
			}
			values[secret] = []string{strings.TrimSpace(string(text))}
		default:
			errs = append(errs, monitor.Invalid(file, "unknown key %q%s", key, didYouMean(name, settings)))
		}
	}
	return values, errs
}

func didYouMean(name string, candidates []string) string {
	if near := monitor.Nearest(name, candidates); near != "" {
		return "; did you mean " + near + "?"
	}
	return "; wingmirror config lists all keys"
}

// texts writes a YAML value as the flag's text, a list as several where the flag
// takes several.
func texts(value any, flag *pflag.Flag) ([]string, error) {
	switch value := value.(type) {
	case nil:
		return []string{""}, nil
	case map[string]any:
		return nil, fmt.Errorf("settings are not nested; write %s: VALUE, and the others with their whole names", flag.Name)
	case []any:
		if _, several := flag.Value.(pflag.SliceValue); !several {
			return nil, errors.New("takes one value, not a list")
		}
		all := make([]string, len(value))
		for i, v := range value {
			if _, nested := v.(map[string]any); nested {
				return nil, errors.New("put quotes around each value of the list")
			}
			all[i] = fmt.Sprint(v)
		}
		return all, nil
	}
	return []string{fmt.Sprint(value)}, nil
}
