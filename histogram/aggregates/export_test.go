package aggregates_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"wingmirror/histogram/aggregates"
	"wingmirror/histogram/cerberus"
)

const recordedBase = "https://aggregates.telemetry.mozilla.org/"

// recorded is a service that knows some answers by their address, and notes what
// it was asked.
type recorded struct {
	answers map[string]json.RawMessage
	status  map[string]int // of the first answer to an address, where it is not the usual one
	mu      sync.Mutex
	asked   []string
}

func (s *recorded) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	address := recordedBase + strings.TrimPrefix(r.URL.RequestURI(), "/")
	s.mu.Lock()
	s.asked = append(s.asked, address)
	status := s.status[address]
	delete(s.status, address)
	s.mu.Unlock()
	answer, known := s.answers[address]
	switch {
	case status != 0:
		w.WriteHeader(status)
	case !known || string(answer) == "null":
		w.WriteHeader(http.StatusNotFound)
	default:
		_, _ = w.Write(answer)
	}
}

func TestCases_Export(t *testing.T) {
	dir := os.Getenv("WINGMIRROR_CASES")
	if dir == "" {
		t.Skip("WINGMIRROR_CASES names no directory of recorded cases")
	}
	data, err := os.ReadFile(filepath.Join(dir, "cerberus", "exporter_case.json"))
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Server   map[string]json.RawMessage
		All      []string `json:"all_versions"`
		Last     []string `json:"last_three_nightly"`
		Requests []struct{ URL string }
		File     []cerberus.Entry `json:"histogram_file_GC_MS"`
	}
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	service := &recorded{answers: c.Server}
	server := httptest.NewServer(service)
	defer server.Close()
	client := &aggregates.Client{Base: server.URL, Wait: time.Millisecond}
	all, err := client.Versions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	names := func(vs []aggregates.Version) (out []string) {
		for _, v := range vs {
			out = append(out, v.String())
		}
		return out
	}
	if !slices.Equal(names(all), c.All) || !slices.Equal(names(aggregates.Last(all, "nightly", 3)), c.Last) {
		t.Errorf("versions %v, last %v", names(all), names(aggregates.Last(all, "nightly", 3)))
	}
	service.asked = nil
	out := t.TempDir()
	export := aggregates.Export{Client: client, Channel: "nightly", Versions: 3, Parallel: 2, Dir: out, Definitions: cerberus.Definitions{"GC_MS": {}}}
	outcome, err := export.Run(t.Context())
	if err != nil || outcome.Written != 1 || len(outcome.Failed) > 0 {
		t.Fatalf("%v %+v", err, outcome)
	}
	var wanted []string
	for _, r := range c.Requests {
		wanted = append(wanted, r.URL)
	}
	if diff := cmp.Diff(wanted, service.asked, cmpopts.SortSlices(func(a, b string) bool { return a < b })); diff != "" {
		t.Errorf("requests (- want, + got):\n%s", diff)
	}
	file, err := cerberus.ReadHistogram(filepath.Join(out, "histograms", "GC_MS.json"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c.File, file.Entries, cmpopts.EquateApprox(1e-9, 0)); diff != "" {
		t.Errorf("file (- want, + got):\n%s", diff)
	}
	if outcome, _ := export.Run(t.Context()); outcome.Skipped != 1 || outcome.Written != 0 {
		t.Errorf("the second time: %+v", outcome)
	}
}

// small is a service with two metrics of two versions.
func small() *recorded {
	evolution := json.RawMessage(`{"buckets": [0, 1], "kind": "linear", "data": [{"date": "20260501", "count": 3, "histogram": [1, 2], "label": ""}, {"date": "20260501", "count": 3, "histogram": [1, 2], "label": "key"}]}`)
	dates := json.RawMessage(`[{"date": "20260501", "version": "99"}, {"date": "20260502", "version": "100"}]`)
	at := func(path string) string { return recordedBase + path }
	return &recorded{status: map[string]int{}, answers: map[string]json.RawMessage{
		at("aggregates_by/build_id/channels/"):                                             json.RawMessage(`["nightly"]`),
		at("aggregates_by/build_id/channels/nightly/dates/"):                               dates,
		at("aggregates_by/submission_date/channels/nightly/dates/"):                        dates,
		at("filters/?channel=nightly&version=100"):                                         json.RawMessage(`{"metric": ["A", "B", "KEYED", "STARTUP_A", "UNDEFINED"]}`),
		at("aggregates_by/build_id/channels/nightly/?version=100&dates=20260502&metric=A"): evolution,
		at("aggregates_by/build_id/channels/nightly/?version=100&dates=20260502&metric=B"): evolution,
	}}
}

func runSmall(t *testing.T, service *recorded) (aggregates.Outcome, error) {
	t.Helper()
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	return aggregates.Export{
		Client: &aggregates.Client{Base: server.URL, Wait: time.Millisecond}, Channel: "nightly", Versions: 1, Parallel: 2, Dir: t.TempDir(),
		Definitions: cerberus.Definitions{"A": {}, "B": {}, "KEYED": {Keyed: true}, "STARTUP_A": {}},
	}.Run(t.Context())
}

func TestExport_TakesTheNewestVersionAsANumber(t *testing.T) {
	outcome, err := runSmall(t, small())
	if err != nil || outcome.Written != 2 || outcome.Empty+outcome.Skipped+len(outcome.Failed) != 0 {
		t.Errorf("%v %+v", err, outcome)
	}
}

func TestExport_GoesOnAfterFailures(t *testing.T) {
	metric := func(name string) string {
		return recordedBase + "aggregates_by/build_id/channels/nightly/?version=100&dates=20260502&metric=" + name
	}
	for _, code := range []int{404, 405, 500} {
		service := small()
		service.status[metric("A")] = code
		if outcome, err := runSmall(t, service); err != nil || outcome.Written != 1 || outcome.Empty != 1 {
			t.Errorf("%d is no data: %v %+v", code, err, outcome)
		}
	}
	service := small()
	service.status[metric("A")] = 503
	if outcome, err := runSmall(t, service); err != nil || outcome.Written != 2 {
		t.Errorf("503 once is tried again: %v %+v", err, outcome)
	}
	service = small()
	service.answers[metric("A")] = json.RawMessage(`{"buckets": [0`)
	outcome, err := runSmall(t, service)
	if err != nil || outcome.Written != 1 || len(outcome.Failed) != 1 || !strings.Contains(outcome.Failed[0].Error(), "&dates=…&metric=A: ") {
		t.Errorf("truncated JSON: %v %+v", err, outcome)
	}
	if _, err := runSmall(t, &recorded{}); !errors.Is(err, aggregates.ErrNoData) {
		t.Errorf("a service without channels: %v", err)
	}
}
