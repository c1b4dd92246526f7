package replay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"wingmirror/monitor"
	"wingmirror/scheduler"
	"wingmirror/store"
)

// File is one recorded run as people hand it around: everything that it takes to
// make the run again, on another machine, without a database and without a server,
// and what came out the first time. Whom the monitor tells is not in it.
type File struct {
	Monitor   monitor.Monitor // the version that was run
	Recording monitor.Recording
	Helpers   []store.LibraryFile // the helper files of Recording.Library
	Run       monitor.Run         // how it ended
	Detail    *monitor.Detail     // what it gave back; nil when only the digest of that is known
}

// Replay makes the run again, in workers that have the file's helpers.
func (f File) Replay(ctx context.Context, runner scheduler.Runner) (Replayed, error) {
	e, err := scheduler.Replay(ctx, runner, f.Monitor, f.Recording)
	if err != nil {
		return Replayed{}, err
	}
	return Judge(f.Monitor, f.Recording, e, f.Run, f.Detail), nil
}

// fileFormat is what a file says it is, with the number of its form.
const (
	fileFormat = "wingmirror recording"
	fileForm   = 1
)

// fileText is a File as JSON. Numbers of series and graphs are texts, so that what
// JSON cannot hold is kept, and a file is read line by line: _ is no value.
type fileText struct {
	Format   string              `json:"format"`
	Form     int                 `json:"form"`
	Monitor  fileMonitor         `json:"monitor"`
	At       time.Time           `json:"at"`
	From     int64               `json:"from"`
	Until    int64               `json:"until"`
	Previous filePrevious        `json:"previous"`
	Limits   monitor.Limits      `json:"limits"`
	Library  string              `json:"library"`
	Helpers  []store.LibraryFile `json:"helpers"`
	Program  string              `json:"program"`
	Targets  []fileTarget        `json:"targets"`
	Result   fileResult          `json:"result"`
}

type fileMonitor struct {
	ID       int64           `json:"id"`
	Version  int             `json:"version"`
	Name     string          `json:"name"`
	Schedule string          `json:"schedule"`
	Zone     string          `json:"timezone,omitempty"`
	Minutes  int             `json:"minutes"`
	Targets  []string        `json:"targets"`
	Params   json.RawMessage `json:"params,omitempty"`
	Script   string          `json:"script"`
}

type filePrevious struct {
	Level   monitor.Level `json:"level"`
	Since   *time.Time    `json:"since,omitempty"`
	Runs    int           `json:"runs"`
	Message string        `json:"message"`
}

type fileTarget struct {
	Target string         `json:"target"`
	Status monitor.Status `json:"status"`
	Reason string         `json:"reason,omitempty"`
	Series []fileSeries   `json:"series"`
}

type fileSeries struct {
	Label  string `json:"label"`
	Start  int64  `json:"start"`
	Step   int64  `json:"step"`
	Values string `json:"values"`
}

type fileResult struct {
	Digest  string        `json:"digest"`
	Level   monitor.Level `json:"level"`
	Fault   monitor.Fault `json:"fault"`
	Message string        `json:"message"`
	Kept    bool          `json:"kept"` // output and graph are there
	Output  string        `json:"output"`
	Graph   []fileLine    `json:"graph"`
}

type fileLine struct {
	Label  string `json:"label"`
	Points string `json:"points"` // time and value by turns
}

// Write writes the file. Equal files are equal byte for byte.
func (f File) Write(w io.Writer) error {
	rec, m := f.Recording, f.Monitor
	t := fileText{
		Format: fileFormat, Form: fileForm, At: rec.At.UTC(), From: rec.Window.From, Until: rec.Window.Until,
		Monitor: fileMonitor{ID: rec.Monitor, Version: rec.Version, Name: m.Name, Schedule: m.Schedule, Zone: m.Zone, Minutes: m.Minutes,
			Targets: nonNil(m.Targets), Params: m.Params, Script: m.Script},
		Previous: filePrevious{Level: rec.Previous.Level, Runs: rec.Previous.Runs, Message: rec.Previous.Message},
		Limits:   rec.Limits, Library: rec.Library, Helpers: nonNil(f.Helpers), Program: rec.Program, Targets: []fileTarget{},
		Result: fileResult{Digest: rec.Digest, Level: f.Run.Level, Fault: f.Run.Fault, Message: f.Run.Message, Graph: []fileLine{}},
	}
	if since := rec.Previous.Since.UTC(); !rec.Previous.Since.IsZero() {
		t.Previous.Since = &since
	}
	for _, fetched := range rec.Targets {
		one := fileTarget{Target: fetched.Target, Status: fetched.Status, Reason: fetched.Reason, Series: []fileSeries{}}
		for _, s := range fetched.Series {
			one.Series = append(one.Series, fileSeries{s.Label, s.Start, s.Step, numbersText(s.Values)})
		}
		t.Targets = append(t.Targets, one)
	}
	if d := f.Detail; d != nil {
		t.Result.Kept, t.Result.Message, t.Result.Output = true, d.Message, d.Output
		for _, line := range d.Graph {
			numbers := make([]float64, 0, 2*len(line.Points))
			for _, p := range line.Points {
				numbers = append(numbers, p.Time, p.Value)
			}
			t.Result.Graph = append(t.Result.Graph, fileLine{line.Label, numbersText(numbers)})
		}
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(t)
}

// MostFileBytes is the largest file that is read: more than a run may see, many
// times over.
const MostFileBytes = 64 << 20

// Read reads a file. What is none, is of a newer form, or is damaged is ErrInvalid
// about "recording".
func Read(r io.Reader) (File, error) {
	wrong := func(format string, args ...any) (File, error) {
		return File{}, monitor.Invalid("recording", format, args...)
	}
	text, err := io.ReadAll(io.LimitReader(r, MostFileBytes+1))
	if err != nil {
		return File{}, fmt.Errorf("read the recording: %w", err)
	}
	if len(text) > MostFileBytes {
		return wrong("it has more than %d MB", MostFileBytes>>20)
	}
	var t fileText
	if err := json.Unmarshal(text, &t); err != nil {
		return wrong("it cannot be read as JSON: %v; give a file that a run's page or wingmirror replay --export wrote", err)
	}
	switch {
	case t.Format != fileFormat:
		return wrong("it is no recording of a run; give a file that a run's page or wingmirror replay --export wrote")
	case t.Form != fileForm:
		return wrong("it has form %d, and this program reads form %d; take a newer program", t.Form, fileForm)
	case t.At.IsZero():
		return wrong("at is missing: the scheduled time of the run")
	}
	f, err := t.file()
	if err != nil {
		return wrong("%v", err)
	}
	return f, nil
}

func (t fileText) file() (File, error) {
	m := t.Monitor
	f := File{
		Monitor: monitor.Monitor{ID: m.ID, Version: m.Version, Name: m.Name, Schedule: m.Schedule, Zone: m.Zone, Minutes: m.Minutes, Targets: m.Targets, Params: m.Params, Script: m.Script},
		Recording: monitor.Recording{
			Monitor: m.ID, At: t.At.UTC(), Version: m.Version, Window: monitor.Window{From: t.From, Until: t.Until}, Limits: t.Limits, Library: t.Library,
			Previous: monitor.Previous{Level: t.Previous.Level, Runs: t.Previous.Runs, Message: t.Previous.Message}, Program: t.Program, Digest: t.Result.Digest,
		},
		Helpers: t.Helpers,
		Run:     monitor.Run{Monitor: m.ID, At: t.At.UTC(), Version: m.Version, Level: t.Result.Level, Fault: t.Result.Fault, Message: monitor.Cut(t.Result.Message, monitor.MaxRunMessage)},
	}
	if t.Previous.Since != nil {
		f.Recording.Previous.Since = t.Previous.Since.UTC()
	}
	for _, target := range t.Targets {
		fetched := monitor.Fetched{Target: target.Target, Status: target.Status, Reason: target.Reason}
		for _, s := range target.Series {
			values, err := readNumbers(s.Values)
			if err != nil {
				return f, fmt.Errorf("series %s: %w", s.Label, err)
			}
			if s.Step < 1 && len(values) > 0 {
				return f, fmt.Errorf("series %s: the step %d is below 1 second", s.Label, s.Step)
			}
			fetched.Series = append(fetched.Series, monitor.Series{Label: s.Label, Start: s.Start, Step: s.Step, Values: values})
		}
		f.Recording.Targets = append(f.Recording.Targets, fetched)
	}
	if !t.Result.Kept {
		return f, nil
	}
	f.Detail = &monitor.Detail{Message: t.Result.Message, Output: t.Result.Output}
	for _, line := range t.Result.Graph {
		numbers, err := readNumbers(line.Points)
		if err == nil && len(numbers)%2 != 0 {
			err = errors.New("a time without a value")
		}
		if err != nil {
			return f, fmt.Errorf("line %s: %w", line.Label, err)
		}
		one := monitor.Line{Label: line.Label}
		for i := 0; i < len(numbers); i += 2 {
			one.Points = append(one.Points, monitor.GraphPoint{Time: numbers[i], Value: numbers[i+1]})
		}
		f.Detail.Graph = append(f.Detail.Graph, one)
	}
	return f, nil
}

// numbersText writes numbers so that they are read back bit for bit.
func numbersText(values []float64) string {
	var b []byte
	for i, v := range values {
		if i > 0 {
			b = append(b, ' ')
		}
		if math.IsNaN(v) {
			b = append(b, '_')
		} else {
			b = strconv.AppendFloat(b, v, 'g', -1, 64)
		}
	}
	return string(b)
}

func readNumbers(text string) ([]float64, error) {
	var values []float64
	for word := range strings.FieldsSeq(text) {
		v := math.NaN()
		if word != "_" {
			var err error
			if v, err = strconv.ParseFloat(word, 64); err != nil {
				return nil, fmt.Errorf("%q is neither a number nor _ for none", monitor.Cut(word, 40))
			}
		}
		values = append(values, v)
	}
	return values, nil
}

func nonNil[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}
