package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"wingmirror/board"
	"wingmirror/monitor"
)

// horizon is how far ahead a calendar's windows are made known.
const horizon = 31 * 24 * time.Hour

// maxWindows is how many windows to come are made known of a crontab.
const maxWindows = 3

// openCalendar makes rationales of windows of time: those of a crontab, or the
// events of an iCalendar (RFC 5545).
func openCalendar(k Kinds, s *settings) board.Source {
	level := s.level("level", monitor.DC1)
	title, link := s.text("title"), s.text("link")
	if !monitor.BoardLink(link) {
		s.wrong("link", "%q is no web address", monitor.Cut(link, 100))
	}
	zone := s.zone("timezone")
	begins, lasts := s.text("begins"), s.text("lasts")
	file, match := s.text("file"), s.text("match")
	address := s.text("url")
	var pattern *regexp.Regexp
	if match != "" {
		var err error
		if pattern, err = regexp.Compile(match); err != nil {
			s.wrong("match", "the pattern cannot be used: %v", err)
		}
	}
	given := 0
	for _, text := range []string{begins, file, address} {
		if text != "" {
			given++
		}
	}
	if given != 1 {
		s.wrong("begins", "say where windows come from: begins (a crontab) and lasts, or the url or the file of an iCalendar")
		return nil
	}
	c := calendar{level: level, title: title, link: link, zone: zone, match: pattern}
	if begins != "" {
		if match != "" {
			s.wrong("match", "only an iCalendar's events can be matched")
		}
		return windows(s, begins, lasts, c)
	}
	if lasts != "" {
		s.wrong("lasts", "only the windows of a crontab have it; an iCalendar says when its events end")
	}
	fetch := func(context.Context) ([]byte, error) { return os.ReadFile(filepath.Clean(file)) }
	if file != "" && !s.trusted {
		s.wrong("file", "only the board's files can name files of this machine; write url")
	}
	host := ""
	if address != "" {
		server := k.server(s, "url")
		host = server.base.Host
		fetch = func(ctx context.Context) ([]byte, error) {
			return server.fetch(ctx, server.url("", server.base.Query()), "text/calendar")
		}
	}
	return asking{read(func(ctx context.Context, at time.Time) ([]monitor.Rationale, error) {
		data, err := fetch(ctx)
		if err != nil {
			return nil, err
		}
		return c.rationales(ctx, data, at)
	}), host}
}

// calendar is what all windows of one have in common.
type calendar struct {
	level       monitor.DC
	title, link string
	zone        *time.Location
	match       *regexp.Regexp // of an event's summary; nil: all
}

// windows are those of a crontab, which begin by the clock of the zone.
func windows(s *settings, begins, lasts string, c calendar) board.Source {
	length, err := monitor.ParseSpan(lasts)
	if err != nil {
		s.wrong("lasts", "%q is no length of a window; write for example 8h or 2d12h", monitor.Cut(lasts, 50))
	}
	times, err := monitor.Silence{Schedule: begins, Zone: c.zone.String(), Length: length}.Times()
	if err != nil {
		s.wrong("begins", "%s", monitor.AllFieldErrors(err)[0].Message)
	}
	title := cmp.Or(c.title, s.name)
	return read(func(_ context.Context, at time.Time) ([]monitor.Rationale, error) {
		var all []monitor.Rationale
		for _, stretch := range times.Stretches(at, maxWindows) {
			if stretch.From.Sub(at) > horizon {
				break
			}
			all = append(all, monitor.Rationale{
				ID: "window " + stretch.From.UTC().Format(time.RFC3339), Level: c.level, Title: title, Link: c.link,
				Start: stretch.From.UTC(), End: stretch.Until.UTC(),
			})
		}
		return all, nil
	})
}

// event is one event of an iCalendar, as far as it matters here.
type event struct {
	uid, summary, description, url string
	cancelled                      bool
	starts                         func(from, until time.Time) []time.Time
	end                            func(start time.Time) time.Time
	length                         time.Duration // about
	replaces                       time.Time     // of which occurrence of the event with the same uid it is a change
}

// rationales are the events that are going on, or begin before the horizon.
func (c calendar) rationales(ctx context.Context, data []byte, at time.Time) ([]monitor.Rationale, error) {
	events, err := parseEvents(data, c.zone)
	if err != nil {
		return nil, err
	}
	replaced := map[string]bool{}
	for _, e := range events {
		if !e.replaces.IsZero() {
			replaced[occurrence(e.uid, e.replaces)] = true
		}
	}
	var all []monitor.Rationale
	for _, e := range events {
		if ctx.Err() != nil { // a long list of rules that are hard to count
			return nil, context.Cause(ctx)
		}
		if e.cancelled || c.match != nil && !c.match.MatchString(e.summary) {
			continue
		}
		for _, start := range e.starts(at.Add(-e.length-25*time.Hour), at.Add(horizon)) {
			end := e.end(start)
			if e.replaces.IsZero() && replaced[occurrence(e.uid, start)] || !end.After(at) || !end.After(start) {
				continue
			}
			link := c.link
			if link == "" && monitor.BoardLink(e.url) {
				link = e.url
			}
			all = append(all, monitor.Rationale{
				ID: occurrence(e.uid, cmp.Or(e.replaces, start)), Level: c.level, Title: cmp.Or(c.title, e.summary, "an event without a summary"),
				Description: e.description, Link: link, Start: start.UTC(), End: end.UTC(),
			})
			if len(all) > maxEvents {
				return nil, errors.New("the calendar has too many events in the next 31 days")
			}
		}
	}
	return all, nil
}

const maxEvents = 1000

func occurrence(uid string, start time.Time) string {
	return fmt.Sprintf("%s %s", monitor.Cut(uid, 150), start.UTC().Format(time.RFC3339))
}
