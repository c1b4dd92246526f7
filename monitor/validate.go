package monitor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"wingmirror/crontab"
	"wingmirror/target"
)

// Rules are the bounds that an installation sets on its monitors. Zero fields
// set none.
type Rules struct {
	MinInterval time.Duration // shortest time between two runs
	MaxScript   int           // bytes of a script
}

const (
	maxName        = 200     // characters
	maxDescription = 10_000  // characters
	maxTargets     = 250     // targets of one monitor
	maxMinutes     = 525_600 // a year
)

// Validate looks at the monitor as a whole and returns everything that is wrong
// with it as FieldErrors, or nil. It does not parse the script: that happens
// where scripts run.
func Validate(m Monitor, rules Rules) error {
	var v validation
	v.name(m)
	v.schedule(m, rules)
	v.targets(m.Targets)
	v.check(m.Minutes >= 0 && m.Minutes <= maxMinutes, "minutes", "%d is not between 1 and %d", m.Minutes, maxMinutes)
	v.check(rules.MaxScript == 0 || len(m.Script) <= rules.MaxScript, "script",
		"the script has %d bytes, at most %d are allowed", len(m.Script), rules.MaxScript)
	v.check(utf8.ValidString(m.Script), "script", "the script is not UTF-8 text")
	v.params(m.Params)
	v.alerts(m.Alerts)
	v.tests(m.Tests)
	if len(v.errs) == 0 {
		return nil
	}
	return v.errs
}

const maxTests = 256 << 10 // bytes

func (v *validation) tests(text string) {
	v.check(len(text) <= maxTests, "tests", "the tests have %d bytes, at most %d are allowed", len(text), maxTests)
	if len(text) > maxTests {
		return
	}
	if _, err := ParseTests(text); err != nil {
		v.errs = append(v.errs, AllFieldErrors(err)...)
	}
}

type validation struct{ errs FieldErrors }

func (v *validation) check(ok bool, field, format string, args ...any) {
	if !ok {
		v.errs = append(v.errs, Invalid(field, format, args...))
	}
}

func (v *validation) name(m Monitor) {
	v.check(strings.TrimSpace(m.Name) != "", "name", "give the monitor a name")
	v.check(utf8.RuneCountInString(m.Name) <= maxName, "name", "the name has more than %d characters", maxName)
	v.check(!strings.ContainsAny(m.Name, "\r\n"), "name", "the name must be one line")
	v.check(utf8.RuneCountInString(m.Description) <= maxDescription, "description", "the description has more than %d characters", maxDescription)
	group := m.Group
	v.check(group == strings.Trim(group, "/ ") && !strings.Contains(group, "//"), "group",
		"%q is not a path such as shop/checkout: no slash at the ends, none doubled", group)
	for key, value := range m.Labels {
		v.check(labelKey(key), "labels", "%q is not a label name: use letters, digits, _ . - and start with a letter", key)
		v.check(len(value) <= maxName && !strings.ContainsAny(value, "\r\n"), "labels", "the value of %s must be one line of at most %d characters", key, maxName)
	}
}

func labelKey(key string) bool {
	for i, r := range key {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r != '-' && r != '.' && (r < '0' || r > '9')) {
			return false
		}
	}
	return key != "" && len(key) <= 64
}

func (v *validation) schedule(m Monitor, rules Rules) {
	switch m.CatchUp {
	case "", CatchUpSkip, CatchUpOnce:
	default:
		v.check(false, "catch_up", "%q is neither skip nor once", m.CatchUp)
	}
	if _, err := LoadZone(m.Zone); err != nil {
		v.errs = append(v.errs, AllFieldErrors(err)...)
	}
	if strings.TrimSpace(m.Schedule) == "" {
		v.check(false, "schedule", `give a crontab, such as "*/5 * * * *" or @hourly`)
		return
	}
	schedule, err := crontab.Parse(m.Schedule, uint64(m.ID))
	if err != nil {
		v.check(false, "schedule", "%v", err)
		return
	}
	if shortest := schedule.MinInterval(); shortest < rules.MinInterval {
		v.check(false, "schedule", "runs are %v apart, at least %v is allowed", shortest, rules.MinInterval)
	}
}

// LoadZone returns the time zone of an IANA name; "" is UTC.
func LoadZone(name string) (*time.Location, error) {
	if name == "Local" || strings.ContainsAny(name, " \t") {
		return nil, Invalid("timezone", "%q is not a time zone; write for example Europe/Berlin, or UTC", name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, Invalid("timezone", "%q is not a known time zone; write for example Europe/Berlin, or UTC", name)
	}
	return zone, nil
}

func (v *validation) targets(lines []string) {
	sent := 0
	for i, line := range lines {
		if target.IsComment(line) {
			continue
		}
		sent++
		field := fmt.Sprintf("targets[%d]", i)
		if strings.ContainsAny(line, "\r\n") {
			v.check(false, field, "a target must be one line")
			continue
		}
		if _, err := target.Parse(line); err != nil {
			wrong := Invalid(field, "%v", err)
			wrong.Line = i + 1
			if at, ok := errors.AsType[*target.Error](err); ok {
				wrong.Column = at.Column
			}
			v.errs = append(v.errs, wrong)
		}
	}
	v.check(sent <= maxTargets, "targets", "%d targets are more than the %d allowed; a wildcard counts as one", sent, maxTargets)
}

func (v *validation) params(raw json.RawMessage) {
	if len(raw) == 0 {
		return
	}
	var object map[string]any
	if err := json.Unmarshal(raw, &object); err != nil || !bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		v.check(false, "params", `not a JSON object; write for example {"limit": 10}`)
	}
}

func (v *validation) alerts(uris []string) {
	for i, uri := range uris {
		if strings.TrimSpace(uri) == "" {
			continue // as ParseDestinations does
		}
		if _, err := ParseDestination(uri); err != nil {
			v.check(false, fmt.Sprintf("alerts[%d]", i), "%s", destinationProblem(err))
		}
	}
}

// destinationProblem drops the field that ParseDestination names, since the
// caller knows which line it was.
func destinationProblem(err error) string {
	if all := AllFieldErrors(err); len(all) > 0 {
		return all[0].Message
	}
	return err.Error()
}
