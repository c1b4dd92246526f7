package main

import (
	"context"
	"errors"
	"iter"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"wingmirror/alerting"
	"wingmirror/demo"
	"wingmirror/histogram"
	"wingmirror/histogram/cerberus"
	"wingmirror/histogram/expiry"
	"wingmirror/histogram/medusa"
	"wingmirror/monitor"
	"wingmirror/store"
	"wingmirror/web/histograms"
)

type histogramConfig struct {
	Method      string
	Sensitivity float64
	Every       time.Duration
	Keep        time.Duration
	Calendar    string
	List        string
	Sheriffs    string
	Received    []string
	Graphite    []string
	Builds      string
	Branch      string
	Medusa      string
	MedusaToken string
}

func (c *histogramConfig) flags(f *pflag.FlagSet) {
	f.StringVar(&c.Method, "histogram-method", histogram.DefaultMethod, "how regressions of histograms are found: default, or cerberus for exactly what Mozilla's cerberus finds")
	f.Float64Var(&c.Sensitivity, "histogram-sensitivity", 1, "of the default method: 2 finds changes half as large, 0.5 only those twice as large")
	f.DurationVar(&c.Every, "histogram-every", 10*time.Minute, "how often all histograms are looked at; new ones are within seconds")
	f.DurationVar(&c.Keep, "keep-histograms", 400*24*time.Hour, "how long histograms are kept; 0: for ever")
	f.StringVar(&c.Calendar, "expiry-calendar", "", "release dates, by which owners are reminded of histograms that expire: a file or address of a JSON object of versions and dates, or of a page with tables of releases")
	f.StringVar(&c.List, "expiry-list", "", "mail address that is reminded of all that expires and has expired")
	f.StringVar(&c.Sheriffs, "expiry-sheriffs", "", "mail address that is reminded two weeks before")
	f.StringArrayVar(&c.Graphite, "histogram-graphite", nil, "histogram whose buckets are series of Graphite, fetched every day, as NAME=TARGET; labels end with where the bucket does, such as .le_100; may be repeated")
	f.StringArrayVar(&c.Received, "received-alert", nil, "mail address that is told of every alert that another detector posts; may be repeated")
	f.StringVar(&c.Builds, "received-builds", "", "archive of builds with Mozilla's layout (URL/YYYY/MM/), from which mails about received alerts link to what is new in the code of the day")
	f.StringVar(&c.Branch, "received-branch", "mozilla-central", "whose builds those are, the end of their directories' names")
	f.StringVar(&c.Medusa, "medusa", "", "medusa, or another Wingmirror that stands in for one, to which regressions are posted, such as http://medusa.example.com:8080")
	f.StringVar(&c.MedusaToken, "medusa-token", "", "API token of that Wingmirror, which can send histograms")
}

// method returns how regressions are found.
func (c histogramConfig) method() (func(monitor.Probe, []monitor.HistogramPeriod) histogram.Result, error) {
	switch c.Method {
	case cerberus.Method:
		return cerberus.DetectPeriods, nil
	case histogram.DefaultMethod, "":
		d := histogram.Detector{Sensitivity: c.Sensitivity}
		return d.Detect, d.Check()
	}
	return nil, monitor.Invalid("histogram-method", "%q is neither %s nor %s", c.Method, histogram.DefaultMethod, cerberus.Method)
}

// openHistograms makes the room of histograms with what runs behind it.
func (s *server) openHistograms(kind serverKind) error {
	c, log := s.config.Histogram, s.log.With("part", "histograms")
	detect, err := c.method()
	if err != nil {
		return err
	}
	keeper := histogram.NewKeeper(histogram.KeeperOptions{
		Archive: s.db, Desk: s.desk, Detect: detect, Every: everyOf(c.Every, kind), History: historyOf(c.Keep), Changed: s.bell.Ring, Now: time.Now, Log: log,
	})
	reminders := &expiry.Keeper{Archive: s.db, Lists: expiry.Lists{General: c.List, Sheriffs: c.Sheriffs}, Now: time.Now, Log: log}
	if c.Calendar != "" {
		reminders.Read = func(ctx context.Context) (expiry.Calendar, error) { return readCalendar(ctx, c.Calendar) }
	}
	sender, err := s.mailSender(kind)
	if err != nil {
		return err
	}
	postbox := alerting.Postbox{Mails: s.db, Sender: sender, Now: time.Now, Log: log}
	room := histograms.Room{
		Probes: s.db, Periods: s.db, Regressions: s.db, Received: s.db, Touch: keeper.Touch, Calendar: reminders.Calendar, Alerts: c.Received, Base: s.base,
		Retire: func(ctx context.Context, p monitor.Probe, by string) error {
			return s.desk.Retire(ctx, histogram.Watched(p), monitor.ReasonRetired, by, time.Now())
		},
	}
	if c.Builds != "" {
		room.Builds = &medusa.Builds{Base: c.Builds, Channel: c.Branch, Now: time.Now}
	}
	s.rooms = append(s.rooms, room)
	if c.Medusa != "" {
		forwarder := &medusa.Forwarder{Findings: s.db, Poster: medusa.Poster{Base: c.Medusa, Token: c.MedusaToken}, Base: s.base, Now: time.Now, Log: log}
		s.background = append(s.background, forwarder.Run)
	}
	s.subjects[monitor.KindHistogram] = watchedHistograms{s.db}
	sources, err := parseBucketSources(c.Graphite)
	if err != nil {
		return err
	}
	buckets := bucketDays{sources, s.graphite, s.db, keeper.Touch, log}
	s.background = append(s.background, buckets.run, keeper.Run, reminders.Run, postbox.Run, s.sweepHistograms)
	return nil
}

func historyOf(keep time.Duration) time.Duration {
	const most = 400 * 24 * time.Hour // more is slow, and says nothing of today
	if keep <= 0 || keep > most {
		return most
	}
	return keep
}

// watchedHistograms are the histograms as subjects.
type watchedHistograms struct{ db *store.DB }

// Watched returns a histogram by its name.
func (w watchedHistograms) Watched(ctx context.Context, key string) (monitor.Watched, error) {
	p, err := w.db.Probe(ctx, key)
	return histogram.Watched(p), err
}

// AllWatched returns all histograms.
func (w watchedHistograms) AllWatched(ctx context.Context) ([]monitor.Watched, error) {
	probes, err := w.db.Probes(ctx)
	all := make([]monitor.Watched, len(probes))
	for i, p := range probes {
		all[i] = histogram.Watched(p)
	}
	return all, err
}

// noSender says why mails do not leave, or takes them and does nothing.
type noSender struct{ err error }

// Send returns the error.
func (n noSender) Send(context.Context, string, string, string, time.Time) error { return n.err }

// mailSender returns what mails leave by that belong to no incident. In the demo
// they leave for nowhere.
func (s *server) mailSender(kind serverKind) (alerting.MailSender, error) {
	if kind == demoServer {
		return noSender{}, nil
	}
	if s.config.Alerting.SMTP == "" {
		return noSender{errors.New("no mail server is configured: give --smtp smtp://host:port")}, nil
	}
	return openMail(s.config.Alerting, s.links())
}

// sweepHistograms removes old periods, every day.
func (s *server) sweepHistograms(ctx context.Context) {
	for ctx.Err() == nil && s.config.Histogram.Keep > 0 {
		if err := s.db.SweepHistograms(ctx, time.Now().Add(-s.config.Histogram.Keep)); err != nil && ctx.Err() == nil {
			s.log.Error("old histograms were not removed", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(24 * time.Hour):
		}
	}
}

// outOfRange names the settings that make no sense.
func (c histogramConfig) outOfRange() monitor.FieldErrors {
	var errs monitor.FieldErrors
	if _, err := c.method(); err != nil {
		for _, wrong := range monitor.AllFieldErrors(err) {
			if wrong.Field == "sensitivity" {
				wrong.Field = "histogram-sensitivity"
			}
			errs = append(errs, wrong)
		}
	}
	if c.Every != 0 && c.Every < time.Second {
		errs = append(errs, monitor.Invalid("histogram-every", "%s is too often; at least 1s", c.Every))
	}
	for name, address := range c.addresses() {
		u, err := url.Parse(address)
		switch {
		case address == "":
		case err != nil, u.Host == "", u.Scheme != "http" && u.Scheme != "https":
			errs = append(errs, monitor.Invalid(name, "it is no web address; write one such as https://%s.example.com", name))
		case u.User != nil:
			errs = append(errs, monitor.Invalid(name, "a password in an address ends up in logs; leave it out (a token for another Wingmirror goes to --medusa-token)"))
		}
	}
	addresses := map[string][]string{"expiry-list": {c.List}, "expiry-sheriffs": {c.Sheriffs}, "received-alert": c.Received}
	for _, name := range slices.Sorted(maps.Keys(addresses)) {
		for _, address := range addresses[name] {
			if _, err := monitor.ParseDestination("mailto:" + address); address != "" && err != nil {
				errs = append(errs, monitor.Invalid(name, "%q is no mail address", address))
			}
		}
	}
	return errs
}

// addresses yields the settings that are addresses of services, with their names.
func (c histogramConfig) addresses() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		_ = yield("received-builds", c.Builds) && yield("medusa", c.Medusa)
	}
}

// everyOf is how often the keeper looks: in the demo soon after anything is sent.
func everyOf(every time.Duration, kind serverKind) time.Duration {
	if kind == demoServer {
		return 5 * time.Second
	}
	return every
}

// seedHistograms stores the sample histograms in a database that has none.
func seedHistograms(ctx context.Context, db *store.DB, now time.Time) error {
	if all, err := db.Probes(ctx); err != nil || len(all) > 0 {
		return err
	}
	for _, h := range demo.Histograms(now) {
		if _, err := db.SaveProbe(ctx, h.Probe, "demo", now); err != nil {
			return err
		}
		if err := db.PutPeriods(ctx, h.Probe.Name, h.Periods, false, now); err != nil {
			return err
		}
	}
	return nil
}
