package cerberus

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"wingmirror/monitor"
)

// Regression is one entry of a regressions file.
type Regression struct {
	Buckets     []float64 `json:"buckets"`
	Regression  []float64 `json:"regression"`
	Reference   []float64 `json:"reference"`
	Description string    `json:"description"`
	Emails      Emails    `json:"alert_emails"`
	Change      *Change   `json:"change,omitempty"` // what other methods say besides; the original has none

	read json.RawMessage // as it stood in the file; nil for a new one
}

// UnmarshalJSON reads an entry, and keeps it as it is for writing it again.
func (r *Regression) UnmarshalJSON(data []byte) error {
	type plain Regression
	*r = Regression{}
	if err := json.Unmarshal(data, (*plain)(r)); err != nil {
		return err
	}
	r.read = bytes.Clone(data)
	return nil
}

// MarshalJSON writes an entry; one that was read is written as it was, with
// whatever else other programs put there.
func (r Regression) MarshalJSON() ([]byte, error) {
	if r.read != nil {
		return r.read, nil
	}
	type plain Regression
	return json.Marshal(plain(r))
}

// Change is what the regressions file says of a change beyond the original's
// fields.
type Change struct {
	Method   string   `json:"method"`
	Shape    string   `json:"shape"`
	Moved    string   `json:"moved"`
	Welcome  string   `json:"verdict,omitempty"` // better, worse, or left out
	Size     float64  `json:"size"`
	Unit     string   `json:"unit,omitempty"`
	Relative float64  `json:"relative"`
	KS       float64  `json:"ks"`
	JS       float64  `json:"jensen_shannon"`
	Votes    []string `json:"votes"`
	Seen     string   `json:"certain_since"`
	Text     string   `json:"text"`
}

// Emails are addresses. Where a definition says nothing of them, which is nil,
// they are written as an empty string.
type Emails []string

// MarshalJSON writes a list, or "" for nil.
func (e Emails) MarshalJSON() ([]byte, error) {
	if e == nil {
		return []byte(`""`), nil
	}
	return json.Marshal([]string(e))
}

// UnmarshalJSON reads a list or a string.
func (e *Emails) UnmarshalJSON(data []byte) error {
	*e = nil
	if len(data) > 0 && data[0] == '"' {
		var one string
		if err := json.Unmarshal(data, &one); err != nil || one == "" {
			return err
		}
		*e = Emails{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(e))
}

// ToRegression makes a file's entry of what was found and its definition.
func ToRegression(f Found, d Definition) Regression {
	return Regression{Buckets: f.Buckets, Regression: f.Regression, Reference: f.Reference, Description: d.Text, Emails: d.Emails()}
}

// Regressions are the content of a regressions file: by date, then by histogram.
type Regressions map[string]map[string]Regression

// Add adds an entry unless there is one of that date and name. It reports
// whether it is new.
func (r Regressions) Add(date, name string, entry Regression) bool {
	if _, ok := r[date][name]; ok {
		return false
	}
	if r[date] == nil {
		r[date] = map[string]Regression{}
	}
	r[date][name] = entry
	return true
}

// Dates returns the dates, oldest first.
func (r Regressions) Dates() []string { return slices.Sorted(maps.Keys(r)) }

// ReadRegressions reads a regressions file; one that is not there is empty.
func ReadRegressions(path string) (Regressions, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Regressions{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", monitor.ErrInvalid, err)
	}
	r := Regressions{}
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", path, jsonProblem(data, err))
	}
	return r, nil
}

// Write writes the file in place of an old one, whole or not at all, and only if
// that changes it.
func (r Regressions) Write(path string) error {
	data, err := json.MarshalIndent(r, "", "    ")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	data = append(data, '\n')
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("%w: %w", monitor.ErrInvalid, err)
	}
	draft, err := os.CreateTemp(filepath.Dir(path), ".regressions-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(draft.Name()) // gone already when all went well
	_, err = draft.Write(data)
	err = errors.Join(err, draft.Chmod(0o644), draft.Close())
	if err == nil {
		err = os.Rename(draft.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
