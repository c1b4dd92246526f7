package store

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"

	"wingmirror/monitor"
)

// Lists and maps are stored as JSON text. Empty ones are read back as nil, so
// that a value that was never set stays equal to itself.

type stringList []string

// Value implements driver.Valuer.
func (l stringList) Value() (driver.Value, error) {
	if len(l) == 0 {
		return "[]", nil
	}
	return jsonColumn([]string(l))
}

// Scan implements sql.Scanner.
func (l *stringList) Scan(src any) error {
	if src == "[]" {
		*l = nil
		return nil
	}
	return scanJSON(src, (*[]string)(l))
}

type stringMap map[string]string

// Value implements driver.Valuer.
func (m stringMap) Value() (driver.Value, error) {
	if len(m) == 0 {
		return "{}", nil
	}
	return jsonColumn(map[string]string(m))
}

// Scan implements sql.Scanner.
func (m *stringMap) Scan(src any) error {
	if src == "{}" {
		*m = nil
		return nil
	}
	return scanJSON(src, (*map[string]string)(m))
}

// storedPolicy is a monitor.Policy with names that stay when fields are renamed.
type storedPolicy struct {
	Repeat     time.Duration  `json:"repeat,omitempty"`
	Failures   int            `json:"failures,omitempty"`
	Recheck    time.Duration  `json:"recheck,omitempty"`
	KeepFiring time.Duration  `json:"keep_firing,omitempty"`
	Warnings   monitor.Toggle `json:"warnings,omitempty"`
	Flapping   monitor.Toggle `json:"flapping,omitempty"`
	Faults     monitor.Toggle `json:"faults,omitempty"`
}

func storePolicy(p monitor.Policy) storedPolicy { return storedPolicy(p) }

func (p storedPolicy) policy() monitor.Policy { return monitor.Policy(p) }

// Value implements driver.Valuer.
func (p storedPolicy) Value() (driver.Value, error) { return jsonColumn(p) }

// Scan implements sql.Scanner.
func (p *storedPolicy) Scan(src any) error { return scanJSON(src, p) }

func jsonColumn(v any) (driver.Value, error) {
	text, err := json.Marshal(v)
	return string(text), err
}

func scanJSON(src, dst any) error {
	switch text := src.(type) {
	case string:
		return json.Unmarshal([]byte(text), dst)
	case []byte:
		return json.Unmarshal(text, dst)
	}
	return fmt.Errorf("a column of JSON holds a %T", src)
}
