package source

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/emersion/go-ical"
	"github.com/teambition/rrule-go"

	"wingmirror/monitor"
)

// parseEvents reads the events of iCalendars. Times without a zone of their own
// are those of the zone given.
func parseEvents(data []byte, zone *time.Location) ([]event, error) {
	if !bytes.Contains(data, []byte("BEGIN:VCALENDAR")) {
		return nil, errors.New("this is no iCalendar: it does not begin with BEGIN:VCALENDAR")
	}
	decoded, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("the iCalendar cannot be read: %w", err)
	}
	var all []event
	for _, raw := range decoded.Events() {
		e, err := parseEvent(raw, zone)
		if err != nil {
			return nil, fmt.Errorf("event %q: %w", monitor.Cut(e.summary, 60), err)
		}
		all = append(all, e)
	}
	return all, nil
}

// decode makes an error of the panic that the library ends in over some lines
// that are cut off.
func decode(data []byte) (_ *ical.Calendar, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a line is cut off: %v", p)
		}
	}()
	return ical.NewDecoder(bytes.NewReader(data)).Decode()
}

func parseEvent(raw ical.Event, zone *time.Location) (event, error) {
	text := func(name string) string {
		value, err := raw.Props.Text(name)
		if err != nil {
			return ""
		}
		return value
	}
	e := event{uid: text(ical.PropUID), summary: text(ical.PropSummary), description: text(ical.PropDescription)}
	if prop := raw.Props.Get(ical.PropURL); prop != nil {
		e.url = prop.Value
	}
	e.cancelled = strings.EqualFold(text(ical.PropStatus), string(ical.EventCancelled))
	prop := raw.Props.Get(ical.PropDateTimeStart)
	if prop == nil {
		return e, errors.New("it has no DTSTART")
	}
	start, err := prop.DateTime(zone)
	if err != nil {
		return e, fmt.Errorf("its DTSTART: %w", err)
	}
	last, err := raw.DateTimeEnd(zone)
	if err != nil {
		return e, fmt.Errorf("its end: %w", err)
	}
	e.length = last.Sub(start)
	e.end = func(at time.Time) time.Time { return at.Add(last.Sub(start)) }
	if len(prop.Value) == len("20060102") { // whole days, which are not always 24 hours long
		days := int(math.Round(e.length.Hours() / 24))
		e.end = func(at time.Time) time.Time { return at.AddDate(0, 0, days) }
	}
	if recurrence := raw.Props.Get(ical.PropRecurrenceID); recurrence != nil {
		if e.replaces, err = recurrence.DateTime(zone); err != nil {
			return e, fmt.Errorf("its RECURRENCE-ID: %w", err)
		}
	}
	e.starts, err = occurrences(raw, start, zone)
	return e, err
}

// occurrences says when an event begins between two times.
func occurrences(raw ical.Event, start time.Time, zone *time.Location) (func(from, until time.Time) []time.Time, error) {
	option, err := raw.Props.RecurrenceRule()
	if err != nil {
		return nil, err
	}
	var set rrule.Set
	if option != nil {
		if err := countable(*option, start); err != nil {
			return nil, err
		}
		option.Dtstart = start
		rule, err := rrule.NewRRule(*option)
		if err != nil {
			return nil, fmt.Errorf("its RRULE: %w", err)
		}
		set.RRule(rule)
	} else {
		set.RDate(start)
	}
	set.DTStart(start)
	more, err := dates(raw, ical.PropRecurrenceDates, zone)
	if err != nil {
		return nil, err
	}
	for _, date := range more {
		set.RDate(date)
	}
	except, err := dates(raw, ical.PropExceptionDates, zone)
	if err != nil {
		return nil, err
	}
	for _, date := range except {
		set.ExDate(date)
	}
	return func(from, until time.Time) []time.Time { return set.Between(from, until, true) }, nil
}

// Bounds of a recurrence, which a calendar may come by from anywhere.
const (
	firstYear   = 1900
	maxInterval = 1000
)

// countable returns why the occurrences of a rule cannot be counted in good time:
// the library looks for them from the first one on, and for ever where an
// interval goes backwards or steps over the only hour that is wanted.
func countable(o rrule.ROption, start time.Time) error {
	switch {
	case o.Freq == rrule.MINUTELY || o.Freq == rrule.SECONDLY:
		return errors.New("it comes again within an hour, which no calendar of freezes needs")
	case o.Freq == rrule.HOURLY && len(o.Byhour) > 0:
		return errors.New("its RRULE has FREQ=HOURLY with BYHOUR; write FREQ=DAILY with BYHOUR")
	case o.Interval < 0 || o.Interval > maxInterval:
		return fmt.Errorf("its RRULE has an INTERVAL of %d, which is not between 1 and %d", o.Interval, maxInterval)
	case start.Year() < firstYear:
		return fmt.Errorf("it comes again since %d; it may begin in %d", start.Year(), firstYear)
	}
	return nil
}

// dates reads the times of all properties of a name, each of which may hold
// several.
func dates(raw ical.Event, name string, zone *time.Location) ([]time.Time, error) {
	var all []time.Time
	for _, prop := range raw.Props.Values(name) {
		for value := range strings.SplitSeq(prop.Value, ",") {
			one := prop
			one.Value = strings.TrimSpace(value)
			at, err := one.DateTime(zone)
			if err != nil {
				return nil, fmt.Errorf("its %s: %w", name, err)
			}
			all = append(all, at)
		}
	}
	return all, nil
}
