package replay_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"wingmirror/monitor"
	"wingmirror/scheduler/replay"
	"wingmirror/store"
)

// wholeFile has something in every place.
func wholeFile() replay.File {
	return replay.File{
		Monitor: monitor.Monitor{
			ID: 3, Version: 2, Name: "rate <b>", Schedule: "* * * * *", Zone: "Europe/Berlin", Minutes: 5, Targets: []string{"# a comment", "a.*"},
			Params: []byte(`{"limit":10}`), Script: "puts(1)\nthrow \"too <low>\"",
		},
		Recording: monitor.Recording{
			Monitor: 3, At: at.Add(7 * time.Millisecond), Version: 2, Window: monitor.Window{From: 1, Until: 301}, Library: "ab", Program: "1.2", Digest: "d1",
			Previous: monitor.Previous{Level: monitor.Critical, Since: at.Add(-time.Hour), Runs: 7, Message: "before"},
			Limits:   monitor.Limits{CPU: time.Second, Memory: 1 << 20},
			Targets: []monitor.Fetched{
				{Target: "a.*", Status: monitor.StatusOK, Series: []monitor.Series{
					{Label: "a.b", Start: 60, Step: 60, Values: []float64{1, 0.1, math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 5e-324, math.MaxFloat64, 1.0 / 3}},
					{Label: "a.c", Start: 60, Step: 60},
				}},
				{Target: "gone", Status: monitor.StatusFailed, Reason: "refused"},
			},
		},
		Helpers: []store.LibraryFile{{Name: "own.js", Source: "function f() { return '</script>' }"}},
		Run:     monitor.Run{Monitor: 3, At: at.Add(7 * time.Millisecond), Version: 2, Level: monitor.Critical, Message: "too <low>"},
		Detail: &monitor.Detail{Message: "too <low>", Output: "1\n", Graph: []monitor.Line{
			{Label: "x", Points: []monitor.GraphPoint{{Time: 60, Value: 1}, {Time: 60.5, Value: math.NaN()}}},
		}},
	}
}

func TestFile_ComesBackWholeAndByteForByte(t *testing.T) {
	want := wholeFile()
	var first, second bytes.Buffer
	if err := want.Write(&first); err != nil {
		t.Fatal(err)
	}
	text := first.String()
	got, err := replay.Read(&first)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateNaNs(), cmpopts.EquateEmpty(), cmp.Transformer("params", func(p []byte) string {
		return strings.Join(strings.Fields(string(p)), "")
	})); diff != "" {
		t.Error(diff)
	}
	if !math.Signbit(got.Recording.Targets[0].Series[0].Values[5]) {
		t.Error("the sign of zero is lost")
	}
	if err := got.Write(&second); err != nil || second.String() != text {
		t.Errorf("written again it is another text: %v\n%s", err, cmp.Diff(text, second.String()))
	}
}

func TestFile_SaysWhatIsWrongWithIt(t *testing.T) {
	var whole bytes.Buffer
	if err := wholeFile().Write(&whole); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ old, new, want string }{
		{whole.String(), "", "cannot be read as JSON"},
		{whole.String(), `[{"target":"a","datapoints":[]}]`, "cannot be read as JSON"},
		{whole.String(), `{"a":1}`, "it is no recording of a run"},
		{`"form": 1`, `"form": 2`, "take a newer program"},
		{"1 0.1 _", "1 zero _", `series a.b: "zero" is neither a number nor _ for none`},
		{`"points": "60 1 60.5 _"`, `"points": "60 1 60.5"`, "line x: a time without a value"},
		{`"step": 60`, `"step": 0`, "below 1 second"},
		{`"at": "2026-11-21T03:00:00.007Z"`, `"ignored": 1`, "at is missing"},
	} {
		_, err := replay.Read(strings.NewReader(strings.Replace(whole.String(), row.old, row.new, 1)))
		if !errors.Is(err, monitor.ErrInvalid) || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%q: %v", row.want, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	var whole bytes.Buffer
	if err := wholeFile().Write(&whole); err != nil {
		f.Fatal(err)
	}
	f.Add(whole.Bytes())
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := replay.Read(bytes.NewReader(text))
		if err != nil {
			if !errors.Is(err, monitor.ErrInvalid) {
				t.Errorf("%v is nobody's fault", err)
			}
			return
		}
		var again bytes.Buffer
		if err := file.Write(&again); err != nil {
			t.Fatal(err)
		}
		if _, err := replay.Read(&again); err != nil {
			t.Errorf("it is read, and cannot be read again: %v", err)
		}
	})
}
