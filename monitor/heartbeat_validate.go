package monitor

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"wingmirror/crontab"
	"wingmirror/oncalendar"
)

// Bounds of a heartbeat's schedule.
const (
	minPeriod = time.Second
	maxPeriod = 2 * 366 * 24 * time.Hour
	maxOf     = 64
)

// ValidateHeartbeat returns everything that is wrong with a heartbeat as
// FieldErrors, or nil.
func ValidateHeartbeat(h Heartbeat) error {
	var v validation
	v.heartbeatName("space", h.Space)
	v.heartbeatName("name", h.Name)
	v.check(!strings.Contains(h.Space, "/"), "space", "%s has a slash; only the name may have one", quoteCut(h.Space))
	v.check(utf8.RuneCountInString(h.Description) <= maxDescription, "description", "the description has more than %d characters", maxDescription)
	for key, value := range h.Labels {
		v.check(labelKey(key), "labels", "%s is not a label name: use letters, digits, _ . - and start with a letter", quoteCut(key))
		v.check(len(value) <= maxName && !strings.ContainsAny(value, "\r\n"), "labels", "the value of %s must be one line of at most %d characters", key, maxName)
	}
	v.heartbeatSchedule(h.Schedule)
	v.heartbeatLimits(h.Limits)
	v.check(h.Sensitivity >= 0 && h.Sensitivity <= 1, "sensitivity", "%g is not between 0 and 1", h.Sensitivity)
	v.alerts(h.Alerts)
	if len(v.errs) == 0 {
		return nil
	}
	return v.errs
}

// ValidateSchedule returns everything that is wrong with a heartbeat's schedule
// as FieldErrors, or nil.
func ValidateSchedule(s HeartbeatSchedule) error {
	var v validation
	v.heartbeatSchedule(s)
	if len(v.errs) == 0 {
		return nil
	}
	return v.errs
}

func (v *validation) heartbeatName(field, name string) {
	bad := strings.IndexFunc(name, func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }) >= 0
	switch {
	case strings.TrimSpace(name) == "":
		v.check(false, field, "give the heartbeat a %s", field)
	case len(name) > MaxBeatName:
		v.check(false, field, "it has more than %d bytes", MaxBeatName)
	case bad || name != strings.TrimSpace(name):
		v.check(false, field, "%s has spaces at its ends, or characters that cannot be seen", quoteCut(name))
	}
}

func (v *validation) heartbeatSchedule(s HeartbeatSchedule) {
	v.check(s.Grace >= 0 && s.Grace <= maxPeriod, "grace", "%s is not between 0 and two years", s.Grace)
	if _, err := time.LoadLocation(s.Zone); err != nil {
		v.check(false, "timezone", "%s is no time zone; use a name such as Europe/Berlin", quoteCut(s.Zone))
	}
	switch s.Kind {
	case "", ScheduleLearned, ScheduleNever, SchedulePacemaker:
	case SchedulePeriod:
		v.check(s.Period >= minPeriod && s.Period <= maxPeriod, "period", "%s is not between one second and two years", s.Period)
	case ScheduleCron:
		if _, err := crontab.Parse(s.Spec, 0); err != nil {
			v.check(false, "spec", "%v", err)
		}
	case ScheduleCalendar:
		if _, err := oncalendar.Parse(s.Spec); err != nil {
			v.check(false, "spec", "%v", err)
		}
	default:
		v.check(false, "schedule", "%s is none of learned, period, cron, oncalendar, never, pacemaker", quoteCut(string(s.Kind)))
	}
}

func (v *validation) heartbeatLimits(l HeartbeatLimits) {
	v.check(l.Of >= 0 && l.Of <= maxOf, "of", "%d is not between 0 and %d", l.Of, maxOf)
	v.check(l.Failures >= 0 && (l.Of == 0 || l.Failures <= l.Of), "failures", "%d of %d cannot be", l.Failures, l.Of)
	v.check((l.Failures == 0) == (l.Of == 0), "failures", "give both failures and of, such as 3 of 5, or neither")
	v.check(l.MaxRun <= 0 || l.MinRun <= l.MaxRun, "min_run", "the shortest run, %s, is longer than the longest, %s", l.MinRun, l.MaxRun)
}
