package monitor

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Silence holds back notices about what it matches, once or again and again. It
// never keeps a monitor from running, nor a resolve that is owed from going out.
type Silence struct {
	ID        int64
	Version   int       // starts at 1, and grows by one with each change
	Matches   Match     //
	From      time.Time // of a one-off: its begin. Of a recurring one: no window before; zero for no bound
	Until     time.Time // of a one-off: its end, never zero. Of a recurring one: no window after; zero for no bound
	Schedule  string    // crontab of the times at which windows begin; "" for a one-off
	Zone      string    // of Schedule, an IANA name; "" is UTC
	Length    Span      // of a window of a recurring one
	Reason    string    //
	Author    string    // who made it
	CreatedAt time.Time //
	UpdatedAt time.Time // when it was last changed
	EndedAt   time.Time // when somebody ended it early; zero when nobody did
	EndedBy   string    //
}

// Recurring reports whether the silence comes again and again.
func (s Silence) Recurring() bool { return s.Schedule != "" }

// Match says what a silence is about. Every condition that is given must hold;
// without any it matches nothing.
type Match struct {
	Everything bool              // all subjects, monitors or not; no other condition goes with it
	Monitors   []int64           // one of these, or of Subjects
	Subjects   []Subject         // one of these, of any kind; a rule stands for all its keys
	Group      string            // in this group or below
	Labels     map[string]string // has all of these
}

// Empty reports whether no condition is given.
func (m Match) Empty() bool {
	return !m.Everything && len(m.Monitors) == 0 && len(m.Subjects) == 0 && m.Group == "" && len(m.Labels) == 0
}

// Covers reports whether the conditions hold for a subject.
func (m Match) Covers(subject Subject, group string, labels map[string]string) bool {
	switch {
	case m.Everything:
		return true
	case m.Empty():
		return false
	case len(m.Monitors)+len(m.Subjects) > 0 && !m.names(subject):
		return false
	case m.Group != "" && !within(group, m.Group):
		return false
	}
	for key, value := range m.Labels {
		if has, ok := labels[key]; !ok || has != value {
			return false
		}
	}
	return true
}

// within reports whether a group is the other one or below it.
func within(group, other string) bool {
	rest, ok := strings.CutPrefix(group, other)
	return ok && (rest == "" || rest[0] == '/')
}

func (m Match) names(subject Subject) bool {
	id, err := strconv.ParseInt(subject.Key, 10, 64)
	if err == nil && subject.Kind == KindMonitor && slices.Contains(m.Monitors, id) {
		return true
	}
	return slices.ContainsFunc(m.Subjects, func(named Subject) bool {
		return named == subject || named.Kind == KindRule && subject.Kind == KindRule && strings.HasPrefix(subject.Key, named.Key+"/")
	})
}

// String returns the conditions in words: "monitors 3 and 4 in group shop with team=web".
func (m Match) String() string {
	switch {
	case m.Everything:
		return "everything"
	case m.Empty():
		return "nothing"
	}
	named := make([]string, 0, len(m.Monitors)+len(m.Subjects))
	for _, id := range m.Monitors {
		named = append(named, strconv.FormatInt(id, 10))
	}
	for _, subject := range m.Subjects {
		named = append(named, subject.String())
	}
	text := ""
	switch n, ids := len(named), len(m.Monitors); {
	case n == 0:
		text = "everything"
	case ids == 1:
		text = "monitor "
	case ids > 1:
		text = "monitors "
	}
	if n := len(named); n > 1 {
		text += strings.Join(named[:n-1], ", ") + " and "
	}
	if n := len(named); n > 0 {
		text += named[n-1]
	}
	if m.Group != "" {
		text += " in group " + m.Group
	}
	for i, key := range slices.Sorted(maps.Keys(m.Labels)) {
		separator := ", "
		if i == 0 {
			separator = " with "
		}
		text += separator + key + "=" + m.Labels[key]
	}
	return text
}

const (
	maxSilence     = 366 * 24 * time.Hour // of a one-off
	maxSilenceSpan = 31 * 24 * time.Hour  // of one window of a recurring one
	minSilenceSpan = time.Minute
	maxReason      = 500  // characters
	maxSilenced    = 1000 // monitors named by one silence
)

// ValidateSilence looks at a silence that is to be saved at the given time, and
// returns everything that is wrong with it as FieldErrors, or nil.
func ValidateSilence(s Silence, at time.Time) error {
	var v validation
	v.match(s.Matches)
	v.check(strings.TrimSpace(s.Reason) != "", "reason", "say why, for whoever wonders why nothing came")
	v.check(utf8.RuneCountInString(s.Reason) <= maxReason, "reason", "the reason has more than %d characters", maxReason)
	if !s.Until.IsZero() {
		v.check(s.Until.After(at), "until", "this is over already; give a time to come")
		v.check(s.Until.After(s.From), "until", "it ends before it begins")
	}
	if s.Recurring() {
		v.recurrence(s, at)
	} else {
		v.check(!s.Until.IsZero(), "until", "say when it ends; a silence that is forgotten must not last for ever")
		v.check(!s.From.IsZero(), "from", "say when it begins")
		v.check(s.Until.Sub(s.From) <= maxSilence, "until", "it lasts more than a year; switch the monitors off instead")
	}
	if len(v.errs) == 0 {
		return nil
	}
	return v.errs
}

func (v *validation) match(m Match) {
	v.check(!m.Empty(), "matches", "say what is silenced: monitors, a group, labels, or everything")
	v.check(!m.Everything || len(m.Monitors) == 0 && len(m.Subjects) == 0 && m.Group == "" && len(m.Labels) == 0, "everything",
		"everything is silenced already; leave out monitors, group and labels, or this")
	v.check(len(m.Monitors)+len(m.Subjects) <= maxSilenced, "monitors", "%d are more than the %d that one silence can name; use a group or a label", len(m.Monitors)+len(m.Subjects), maxSilenced)
	for _, id := range m.Monitors {
		v.check(id > 0, "monitors", "%d is no number of a monitor", id)
	}
	for _, subject := range m.Subjects {
		v.check(subject.Path() != "" && subject.Key != "", "subjects", "%q is no subject; write for example heartbeat/backup or rule/disk-full", subject)
	}
	v.check(m.Group == strings.Trim(m.Group, "/ ") && !strings.Contains(m.Group, "//"), "group",
		"%q is not a path such as shop/checkout: no slash at the ends, none doubled", m.Group)
	for key := range m.Labels {
		v.check(labelKey(key), "labels", "%q is not a label name: use letters, digits, _ . - and start with a letter", key)
	}
}

func (v *validation) recurrence(s Silence, at time.Time) {
	length := s.Length.approximately()
	sensible := length >= minSilenceSpan && length <= maxSilenceSpan
	v.check(sensible, "duration", "a window lasts from 1m to 31d; write for example 8h or 2d")
	times, err := s.Times()
	if err != nil {
		v.errs = append(v.errs, AllFieldErrors(err)...)
		return
	}
	if !sensible {
		return
	}
	if times.neverPauses(at) {
		v.check(false, "duration", "each window lasts until the next one begins, so it would never end; make it shorter, or the schedule rarer")
		return
	}
	v.check(times.Status(at) != SilenceOver, "schedule", "no window begins any more")
}
