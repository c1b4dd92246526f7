// Package expiry reminds people of probes that are about to expire: six weeks
// before, and again two weeks before, as Mozilla's cerberus did, with its texts.
//
// Unlike the original it remembers what it told: a day on which it did not run is
// made up, a probe whose version changes is noticed, and nobody is told twice.
// The package writes mails and sends none; whoever sends them says so afterwards
// by keeping the State that Plan returns.
package expiry

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"wingmirror/monitor"
)

// Subject of every mail.
const Subject = "Telemetry Histogram Expiry"

// Footer is the end of every mail as the original had it.
const Footer = "This is an automated message sent by Cerberus. See https://github.com/mozilla/cerberus for details and source code."

// Reminder is one probe that expires, or has expired.
type Reminder struct {
	Name        string
	Version     string // as the calendar names it
	Date        time.Time
	Watchers    []string
	Description string

	known bool // the calendar names the version itself: only then it is told before it expires
}

// Mail is one mail to one address.
type Mail struct {
	To   string `json:"to"`
	Body string `json:"body"`
}

// Lists are who is told besides the watchers. Empty ones are not told.
type Lists struct {
	General  string // all that expires and all that has expired, in both waves
	Sheriffs string // all that expires, in the second wave
	Footer   string // "": the original's
}

// Wave is one of the two times at which people are told.
type Wave struct {
	Name   string
	Before time.Duration
}

// Waves returns the two, the earlier one first.
func Waves() []Wave {
	const week = 7 * 24 * time.Hour
	return []Wave{{"six weeks", 6 * week}, {"two weeks", 2 * week}}
}

// State is what has been told: by wave, the probes with their versions. The zero
// State has told nothing, and then only what is due on that very day is told.
type State struct {
	Last string                       `json:"last"` // day of the last run, "" before the first
	Told map[string]map[string]string `json:"told"` // wave -> "NAME version" -> day

	Unsent []Mail `json:"unsent,omitempty"` // mails that are still to leave; Plan leaves them to its caller
}

// clone returns a copy that can be changed.
func (s State) clone() State {
	told := map[string]map[string]string{}
	for wave, all := range s.Told {
		told[wave] = maps.Clone(all)
	}
	return State{Last: s.Last, Told: told}
}

// Batch is what is told in one wave of one release date.
type Batch struct {
	Wave      Wave
	Date      time.Time
	Reminders []Reminder
	Mails     []Mail
}

// Plan returns the mails of a day, and what will have been told once they are
// sent. probes may come in any order.
func Plan(probes []monitor.Probe, c Calendar, lists Lists, before State, today time.Time) ([]Batch, State) {
	all := reminders(probes, c)
	next := before.clone()
	next.Last = today.Format(time.DateOnly)
	var batches []Batch
	for i, wave := range Waves() {
		if next.Told[wave.Name] == nil {
			next.Told[wave.Name] = map[string]string{}
		}
		byDate := map[time.Time][]Reminder{}
		for _, r := range all {
			key := r.Name + " " + r.Version
			if !r.known || !due(r, i, today) || next.Told[wave.Name][key] != "" {
				continue
			}
			next.Told[wave.Name][key] = next.Last
			if before.Last != "" || r.Date.Equal(today.Add(wave.Before)) {
				byDate[r.Date] = append(byDate[r.Date], r)
			}
		}
		for _, date := range slices.SortedFunc(maps.Keys(byDate), time.Time.Compare) {
			batch := Batch{Wave: wave, Date: date, Reminders: byDate[date]}
			batch.Mails = mails(batch, i, expired(all, today), lists, today)
			batches = append(batches, batch)
		}
	}
	return batches, next
}

// due reports whether a wave has reached a probe, and the next one has not.
func due(r Reminder, wave int, today time.Time) bool {
	waves := Waves()
	end := today
	if wave+1 < len(waves) {
		end = today.Add(waves[wave+1].Before)
	}
	return r.Date.After(end) && !r.Date.After(today.Add(waves[wave].Before))
}

// reminders returns all probes that expire one day, by name.
func reminders(probes []monitor.Probe, c Calendar) []Reminder {
	var all []Reminder
	for _, p := range probes {
		if date, ok := c.Date(p.Expires); ok {
			_, known := c.Has(p.Expires)
			all = append(all, Reminder{p.Name, Normal(p.Expires), date, p.Owners, p.Description, known})
		}
	}
	slices.SortFunc(all, func(a, b Reminder) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// Expired returns the probes that have expired by today, by name.
func Expired(probes []monitor.Probe, c Calendar, today time.Time) []Reminder {
	return expired(reminders(probes, c), today)
}

// Upcoming returns the probes that expire after today and until the given time
// from then, by date and name.
func Upcoming(probes []monitor.Probe, c Calendar, today time.Time, within time.Duration) []Reminder {
	var some []Reminder
	for _, r := range reminders(probes, c) {
		if r.Date.After(today) && !r.Date.After(today.Add(within)) {
			some = append(some, r)
		}
	}
	slices.SortStableFunc(some, func(a, b Reminder) int { return a.Date.Compare(b.Date) })
	return some
}

func expired(all []Reminder, today time.Time) []Reminder {
	return slices.DeleteFunc(slices.Clone(all), func(r Reminder) bool { return r.Date.After(today) })
}

func mails(b Batch, wave int, expired []Reminder, lists Lists, today time.Time) []Mail {
	byWatcher := map[string][]Reminder{}
	for _, r := range b.Reminders {
		for _, watcher := range r.Watchers {
			if !slices.ContainsFunc(byWatcher[watcher], func(o Reminder) bool { return o.Name == r.Name }) {
				byWatcher[watcher] = append(byWatcher[watcher], r)
			}
		}
	}
	footer := cmp.Or(lists.Footer, Footer)
	var all []Mail
	for _, watcher := range slices.Sorted(maps.Keys(byWatcher)) {
		all = append(all, Mail{watcher, body(b.Date, byWatcher[watcher], nil, today, footer)})
	}
	if lists.General != "" {
		all = append(all, Mail{lists.General, body(b.Date, b.Reminders, expired, today, footer)})
	}
	if lists.Sheriffs != "" && wave == len(Waves())-1 {
		all = append(all, Mail{lists.Sheriffs, body(b.Date, b.Reminders, nil, today, footer)})
	}
	return all
}

func body(date time.Time, expiring, expired []Reminder, today time.Time, footer string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "The following histograms will be expiring on %s, and should be removed from the codebase, or have their expiry versions updated:\n\n", date.Format(time.DateOnly))
	lines(&b, "expires", expiring)
	if len(expired) > 0 {
		fmt.Fprintf(&b, "\nThe following histograms are expired as of %s:\n\n", today.Format(time.DateOnly))
		lines(&b, "expired", expired)
	}
	return b.String() + "\n" + footer
}

func lines(b *strings.Builder, verb string, all []Reminder) {
	for _, r := range all {
		fmt.Fprintf(b, "* %s %s in version %s (watched by %s) - %s\n", r.Name, verb, r.Version, strings.Join(r.Watchers, ", "), r.Description)
	}
}

// Preview writes mails as the original's preview showed them.
func Preview(mails []Mail) string {
	const rule = "==============================================="
	var b strings.Builder
	for _, m := range mails {
		fmt.Fprintf(&b, "Email notification for %s:\n%s\n%s\n%s\n\n", m.To, rule, m.Body, rule)
	}
	return b.String()
}
