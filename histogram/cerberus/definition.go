package cerberus

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"wingmirror/monitor"
)

// Definition is one probe of a definitions file: a histogram, or a scalar with
// its own names for the same things.
type Definition struct {
	Alerts        []string `json:"alert_emails"`
	Notifications []string `json:"notification_emails"`
	ExpiresIn     string   `json:"expires_in_version"`
	Expires       string   `json:"expires"`
	Text          string   `json:"description"`
	Kind          string   `json:"kind"`
	Keyed         bool     `json:"keyed"`
	Unit          string   `json:"unit"`
	Lower         *bool    `json:"lower_is_better"`
}

// UnmarshalJSON reads a definition leniently: fields of an unexpected form are
// as if they were not there, since other programs add and change them.
func (d *Definition) UnmarshalJSON(data []byte) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	*d = Definition{}
	for field, into := range map[string]*[]string{"alert_emails": &d.Alerts, "notification_emails": &d.Notifications} {
		if value, ok := raw[field]; ok {
			*into = addresses(value)
		}
	}
	for field, into := range map[string]any{
		"description": &d.Text, "kind": &d.Kind,
		"unit": &d.Unit, "lower_is_better": &d.Lower,
	} {
		if value, ok := raw[field]; ok {
			_ = json.Unmarshal(value, into) // another form than ours: left out
		}
	}
	for field, into := range map[string]*string{"expires_in_version": &d.ExpiresIn, "expires": &d.Expires} {
		*into = text(raw[field])
	}
	d.Keyed = text(raw["keyed"]) == "true"
	return nil
}

// addresses reads a list of addresses, or one; nil for anything else.
func addresses(raw json.RawMessage) []string {
	var all Emails
	if json.Unmarshal(raw, &all) != nil {
		return nil
	}
	return all
}

// text returns a JSON string's content, or what any other scalar looks like.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return strings.TrimSpace(string(raw))
}

// Emails returns whom to tell: the alert addresses, else those for notifications.
func (d Definition) Emails() []string {
	if d.Alerts != nil {
		return d.Alerts
	}
	return d.Notifications
}

// Version returns the version in which the probe expires, "never" when none is given.
func (d Definition) Version() string {
	for _, v := range []string{d.ExpiresIn, d.Expires} {
		if v != "" && v != "null" {
			return v
		}
	}
	return "never"
}

// Probe returns the definition as a probe of the given name.
func (d Definition) Probe(name string) monitor.Probe {
	p := monitor.Probe{Name: name, Description: d.Text, Kind: d.Kind, Unit: d.Unit, Owners: d.Emails(), Expires: d.Version()}
	if d.Lower != nil {
		p.Better = monitor.HigherBetter
		if *d.Lower {
			p.Better = monitor.LowerBetter
		}
	}
	return p
}

// Definitions are probes by name.
type Definitions map[string]Definition

// Names returns the names in order.
func (d Definitions) Names() []string { return slices.Sorted(maps.Keys(d)) }

// ProbeName returns the name that a histogram is defined under: some are
// recorded a second time during start-up, under a name that begins so.
func ProbeName(measure string) string {
	if strings.HasPrefix(measure, "STARTUP") && len(measure) > len("STARTUP_") {
		return measure[len("STARTUP_"):]
	}
	return measure
}

// ParseDefinitions reads a definitions file. Scalars that are still grouped are
// flattened to SCALARS_GROUP.NAME.
func ParseDefinitions(data []byte) (Definitions, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, jsonProblem(data, err)
	}
	all := Definitions{}
	for name, value := range raw {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(value, &fields); err != nil {
			return nil, monitor.Invalid(monitor.Cut(name, 100), "is not an object; a definitions file maps each probe's name to an object with its description, owners and expiry")
		}
		if group, ok := grouped(name, fields); ok {
			maps.Copy(all, group)
			continue
		}
		var d Definition
		if err := json.Unmarshal(value, &d); err != nil {
			return nil, fmt.Errorf("read definition %q: %w", name, err)
		}
		all[name] = d
	}
	return all, nil
}

// grouped returns the scalars of a group: an object of nothing but objects.
func grouped(name string, fields map[string]json.RawMessage) (Definitions, bool) {
	group := Definitions{}
	for field, value := range fields {
		var d Definition
		if len(value) == 0 || value[0] != '{' || json.Unmarshal(value, &d) != nil {
			return nil, false
		}
		group["SCALARS_"+strings.ToUpper(name)+"."+strings.ToUpper(field)] = d
	}
	return group, len(group) > 0
}

// ReadDefinitions reads definitions files, JSON or YAML by their names; of two with the same name the later
// counts. A file that is not there is an error.
func ReadDefinitions(paths ...string) (Definitions, error) {
	all := Definitions{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", monitor.ErrInvalid, err)
		}
		if extension := filepath.Ext(path); extension == ".yaml" || extension == ".yml" {
			if data, err = yaml.YAMLToJSON(data); err != nil {
				return nil, monitor.Invalid("definitions", "%s is no YAML: %v", path, err)
			}
		}
		some, err := ParseDefinitions(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		maps.Copy(all, some)
	}
	return all, nil
}

// ReadIgnored reads a JSON array of names; a file that is not there has none.
func ReadIgnored(path string) ([]string, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	if err == nil {
		err = json.Unmarshal(data, &names)
	}
	if err != nil {
		return nil, monitor.Invalid("ignored", "%s: %v; write a JSON array of names", path, err)
	}
	return names, nil
}
