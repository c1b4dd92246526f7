package cerberus

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"wingmirror/monitor"
)

// File is one histogram file.
type File struct {
	Name    string  // of the histogram: the file's, without .json
	Entries []Entry // those that can be used
	Notes   []string
}

// ReadHistogram reads DIR/NAME.json. Entries that cannot be used are left out
// with a note; a file that is no JSON is ErrInvalid and says where it breaks.
func ReadHistogram(path string) (File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return File{}, fmt.Errorf("%w: %w", monitor.ErrInvalid, err)
	}
	file, err := ParseHistogram(data)
	if err != nil {
		return file, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	file.Name = strings.TrimSuffix(filepath.Base(path), ".json")
	return file, nil
}

// ParseHistogram reads the text of a histogram file: an array of entries.
func ParseHistogram(data []byte) (File, error) {
	var raw []json.RawMessage
	if err := json.Unmarshal(withoutNaN(data), &raw); err != nil {
		return File{}, jsonProblem(data, err)
	}
	var file File
	for i, one := range raw {
		entry, err := parseEntry(one)
		if err != nil {
			file.Notes = append(file.Notes, fmt.Sprintf("entry %d%s is left out: %v", i+1, ofDay(entry), err))
			continue
		}
		file.Entries = append(file.Entries, entry)
	}
	return file, nil
}

func ofDay(e Entry) string {
	if e.Date == "" {
		return ""
	}
	return " (" + monitor.Cut(e.Day(), 20) + ")"
}

func parseEntry(raw json.RawMessage) (Entry, error) {
	var e struct {
		Entry
		Buckets []*float64 `json:"buckets"`
		Values  []*float64 `json:"values"`
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return e.Entry, fmt.Errorf("it is not of the form {\"date\": …, \"buckets\": […], \"values\": […]}")
	}
	var err error
	if e.Entry.Buckets, err = numbers("buckets", e.Buckets); err != nil {
		return e.Entry, err
	}
	if e.Entry.Values, err = numbers("values", e.Values); err != nil {
		return e.Entry, err
	}
	return e.Entry, e.Entry.check()
}

func numbers(field string, all []*float64) ([]float64, error) {
	out := make([]float64, len(all))
	for i, v := range all {
		if v == nil {
			return nil, fmt.Errorf("%s[%d] is not a number", field, i)
		}
		out[i] = *v
	}
	return out, nil
}

func (e Entry) check() error {
	if _, err := time.Parse(time.DateOnly, e.Day()); err != nil {
		return fmt.Errorf("its date %q does not begin with YYYY-MM-DD", monitor.Cut(e.Date, 40))
	}
	if len(e.Values) == 0 {
		return errors.New("it has no buckets")
	}
	if len(e.Buckets) != len(e.Values) {
		return fmt.Errorf("it has %d values for %d buckets", len(e.Values), len(e.Buckets))
	}
	for i, v := range e.Values {
		if v < 0 {
			return fmt.Errorf("values[%d] is negative", i)
		}
	}
	return nil
}

// withoutNaN makes null of the bare words NaN and Infinity, which are no JSON but
// which other programs write, so that they spoil one entry and not the file.
func withoutNaN(data []byte) []byte {
	if !bytes.Contains(data, []byte("NaN")) && !bytes.Contains(data, []byte("Infinity")) {
		return data
	}
	out := make([]byte, 0, len(data))
	inText := false
	for i := 0; i < len(data); {
		rest := data[i:]
		switch {
		case inText && data[i] == '\\' && len(rest) > 1:
			out = append(out, rest[:2]...)
			i += 2
			continue
		case data[i] == '"':
			inText = !inText
		case inText:
		case bytes.HasPrefix(rest, []byte("NaN")):
			out, i = append(out, "null"...), i+3
			continue
		case bytes.HasPrefix(rest, []byte("Infinity")):
			out, i = append(bytes.TrimSuffix(out, []byte("-")), "null"...), i+8
			continue
		}
		out = append(out, data[i])
		i++
	}
	return out
}

// jsonProblem says where a text stops being JSON.
func jsonProblem(data []byte, err error) error {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		if int(syntax.Offset) >= len(bytes.TrimRight(data, " \r\n\t")) || errors.Is(err, io.ErrUnexpectedEOF) {
			return monitor.Unreadable("", "the JSON ends in the middle, after %d bytes; was the file cut off?", len(data))
		}
		line := 1 + bytes.Count(data[:syntax.Offset], []byte("\n"))
		return monitor.Unreadable("", "no valid JSON at byte %d, line %d", syntax.Offset, line)
	}
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return monitor.Invalid("", "a JSON %s stands where another form is expected, at byte %d", kind.Value, kind.Offset)
	}
	return monitor.Invalid("", "no valid JSON: %v", err)
}

// HistogramFiles returns the histogram files of a directory in order: those of
// its folder histograms when it has one.
func HistogramFiles(dir string) ([]string, error) {
	inner := filepath.Join(dir, "histograms")
	if info, err := os.Stat(inner); err == nil && info.IsDir() {
		dir = inner
	}
	items, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", monitor.ErrInvalid, err)
	}
	notHistograms := []string{"Histograms.json", "Scalars.json", "regressions.json"}
	var paths []string
	for _, item := range items {
		if name := item.Name(); !item.IsDir() && strings.HasSuffix(name, ".json") && !slices.Contains(notHistograms, name) {
			paths = append(paths, filepath.Join(dir, name))
		}
	}
	return paths, nil
}
