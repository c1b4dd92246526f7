package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	neturl "net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"wingmirror/heartbeat"
	"wingmirror/monitor"
	"wingmirror/web/heartbeats"
)

type heartbeatConfig struct {
	URL    string // of whoever watches us
	Zone   string
	Quota  int
	Values int
	Alerts []string

	PacemakerListen string
	PacemakerPath   string
	PacemakerKeys   string
	PacemakerUser   string
	PacemakerExpiry string
}

func (c *heartbeatConfig) flags(f *pflag.FlagSet) {
	f.StringVar(&c.URL, "heartbeat-url", "", "address that is asked once a minute while this server works, such as a ping URL of another one that watches it")
	f.StringVar(&c.Zone, "heartbeat-zone", "UTC", "time zone of heartbeats that name none")
	f.IntVar(&c.Quota, "heartbeat-quota", heartbeat.DefaultQuota, "heartbeats that a space may have for a beat to make one more, unless its key says otherwise")
	f.IntVar(&c.Values, "heartbeat-detectors", heartbeat.DefaultDetectors, "heartbeats whose detector of odd values is kept in memory, some 90 kB each; the others' are read when a value comes")
	f.StringArrayVar(&c.Alerts, "heartbeat-alert", nil, "destination of heartbeats that are made by their first beat; may be repeated")
	f.StringVar(&c.PacemakerListen, "pacemaker-listen", "", "another address to serve Pacemaker's API on, at its root, such as :7223")
	f.StringVar(&c.PacemakerPath, "pacemaker-path", "/pacemaker", "path of Pacemaker's API on the address of the pages")
	f.StringVar(&c.PacemakerKeys, "pacemaker-keys", "", "file or address of Pacemaker's api_keys.json, read every minute")
	f.StringVar(&c.PacemakerUser, "pacemaker-keys-user", "rad", "user name for basic authentication there; the password is empty")
	f.StringVar(&c.PacemakerExpiry, "pacemaker-expiry", string(monitor.ScheduleLearned), "how checks of Pacemaker's clients expire that name no ttl: learned, or pacemaker for its own rule")
}

func (c heartbeatConfig) validate() error {
	if err := checkPulseURL(c.URL); err != nil {
		return err
	}
	if c.PacemakerExpiry != "" && c.PacemakerExpiry != string(monitor.ScheduleLearned) && c.PacemakerExpiry != string(monitor.SchedulePacemaker) {
		return monitor.Invalid("pacemaker-expiry", "%q is neither learned nor pacemaker", c.PacemakerExpiry)
	}
	if path := c.PacemakerPath; path != "" && (!strings.HasPrefix(path, "/") || strings.HasSuffix(path, "/") || strings.ContainsAny(path, "{} ")) {
		return monitor.Invalid("pacemaker-path", "%q is not a path such as /pacemaker", path)
	}
	if c.Quota < 0 {
		return monitor.Invalid("heartbeat-quota", "%d is negative", c.Quota)
	}
	if c.Values < 0 {
		return monitor.Invalid("heartbeat-detectors", "%d is negative", c.Values)
	}
	for i, to := range c.Alerts {
		if _, err := monitor.ParseDestination(to); err != nil {
			return monitor.Invalid(fmt.Sprintf("heartbeat-alert[%d]", i), "%v", err)
		}
	}
	return nil
}

// openHeartbeats reads what is known of heartbeats, and adds their room, their
// subjects, their watch, and the addresses that machines use.
func (s *server) openHeartbeats(ctx context.Context) error {
	c, log := s.config.Heartbeats, s.log.With("part", "heartbeats")
	if err := c.validate(); err != nil {
		return err
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return monitor.Invalid("heartbeat-zone", "%q is no time zone; use a name such as Europe/Berlin", c.Zone)
	}
	if s.beats, err = heartbeat.Open(ctx, heartbeat.Options{
		Store: s.db, Reporter: s.desk, Zone: zone, Quota: c.Quota, Alerts: c.Alerts, Expiry: c.PacemakerExpiry, Values: c.Values,
		Changed: s.bell.Ring, Now: time.Now, Log: log,
	}); err != nil {
		return err
	}
	keys, err := heartbeat.OpenKeys(ctx, s.db, time.Now)
	if err != nil {
		return err
	}
	s.beatKeys = keys
	s.subjects[monitor.KindHeartbeat] = s.beats
	badges := heartbeats.Badges{Secret: s.db.Secret(), Base: s.base, Book: s.beats}
	s.rooms = append(s.rooms, heartbeats.Room{
		Book: s.beats, Keys: keys, Past: s.db, Badges: badges, Base: s.base, Zone: zone,
		Checked: func(alerts []string) error {
			if unknown := monitor.CheckGroups(alerts, s.contacts.Names()); len(unknown) > 0 {
				return monitor.FieldErrors(unknown)
			}
			return checkAddresses("alerts", alerts)
		},
	})
	s.background = append(s.background, s.beats.Run, func(ctx context.Context) { s.beats.RunHooks(ctx, keys, hookCaller{&http.Client{}}) })
	if c.PacemakerKeys != "" {
		from := pacemakerKeys{c.PacemakerKeys, c.PacemakerUser, keys, log}
		s.background = append(s.background, from.follow)
	}
	return s.openPacemaker(log)
}

// openPacemaker makes the addresses that need no login, and opens Pacemaker's own
// port where one is asked for.
func (s *server) openPacemaker(log *slog.Logger) error {
	c := s.config.Heartbeats
	api := heartbeats.Pacemaker{Book: s.beats, Keys: s.beatKeys, Beat: s.db, Log: log}
	s.machines = func(mux *http.ServeMux) {
		heartbeats.Ping{Book: s.beats, Keys: s.beatKeys, Log: log}.Routes(mux)
		mux.Handle("GET "+heartbeats.BadgePath, heartbeats.Badges{Secret: s.db.Secret(), Base: s.base, Book: s.beats})
		if c.PacemakerPath != "" {
			below := api.Handler(c.PacemakerPath)
			mux.Handle(c.PacemakerPath, below)
			mux.Handle(c.PacemakerPath+"/", below)
		}
	}
	if c.PacemakerListen == "" {
		return nil
	}
	listener, err := listen(c.PacemakerListen)
	if err != nil {
		for _, wrong := range monitor.AllFieldErrors(err) {
			wrong.Field = "pacemaker-listen"
		}
		return err
	}
	server := newHTTPServer(recovered(api.Handler(""), log), log)
	s.closers = append(s.closers, func() error {
		if err := listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	s.background = append(s.background, func(ctx context.Context) {
		var stopping sync.WaitGroup // until the beats that are being taken are stored
		defer stopping.Wait()
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		stopping.Go(func() {
			<-ctx.Done()
			limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.Schedule.StopTimeout)
			defer cancel()
			_ = server.Shutdown(limit) // the process ends all the same
		})
		log.Info("serving Pacemaker's API", "address", listener.Addr().String())
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("Pacemaker's API is not served any more", "error", err)
		}
	})
	return nil
}

// hookCaller calls webhooks of Pacemaker's kind.
type hookCaller struct{ client *http.Client }

// Post sends a body; an answer other than 2xx is an error.
func (c hookCaller) Post(ctx context.Context, url string, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := c.client.Do(request)
	if wrapped, ok := errors.AsType[*neturl.Error](err); ok {
		err = wrapped.Err // the address may hold what is not to be in a log
	}
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("the answer was %s", answer.Status)
	}
	return nil
}

const (
	keysEvery   = time.Minute
	keysTimeout = 20 * time.Second
	maxKeys     = 16 << 20 // bytes of a list of keys
)

// pacemakerKeys follows Pacemaker's list of keys. A list that cannot be read or
// used leaves the keys as they are, and they outlive a restart.
type pacemakerKeys struct {
	from, user string
	keys       *heartbeat.Keys
	log        *slog.Logger
}

func (p pacemakerKeys) follow(ctx context.Context) {
	var last []byte
	for {
		list, err := p.read(ctx)
		if err == nil && !bytes.Equal(list, last) {
			if err = p.keys.Import(ctx, list); err == nil {
				p.log.Info("imported Pacemaker's keys", "from", p.place())
				last = list
			}
		}
		if err != nil && ctx.Err() == nil {
			p.log.Warn("Pacemaker's keys were not read; those known before stay in use", "from", p.place(), "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(keysEvery):
		}
	}
}

// place is where the list is, without a password.
func (p pacemakerKeys) place() string {
	if u, err := neturl.Parse(p.from); err == nil && u.User != nil {
		return u.Redacted()
	}
	return p.from
}

func (p pacemakerKeys) read(ctx context.Context) ([]byte, error) {
	if !strings.HasPrefix(p.from, "http://") && !strings.HasPrefix(p.from, "https://") {
		return os.ReadFile(p.from)
	}
	ctx, cancel := context.WithTimeout(ctx, keysTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.from, nil)
	if err != nil {
		return nil, err
	}
	request.SetBasicAuth(p.user, "")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the answer was %s", answer.Status)
	}
	return io.ReadAll(io.LimitReader(answer.Body, maxKeys))
}
