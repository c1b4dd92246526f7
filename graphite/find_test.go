package graphite_test

import (
	"errors"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wingmirror/graphite"
	"wingmirror/graphite/graphitetest"
	"wingmirror/monitor"
)

func replay(t *testing.T, name string, options graphite.Options) *graphite.Client {
	t.Helper()
	recording, err := graphitetest.ReadRecording(filepath.Join(cases(t), "graphite", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	options.Retries = -1
	return newClient(t, recording, options)
}

func TestFind_RecordedAnswers(t *testing.T) {
	for _, row := range []struct {
		file, query string
		want        []graphite.Node
	}{
		{"graphite-web-1.1.8/62-find", "app.*", []graphite.Node{{"app.big", "big", false}, {"app.neg", "neg", false}, {"app.old", "old", false}, {"app.web1", "web1", false}, {"app.web2", "web2", false}}},
		{"carbonapi-0.18.2/62-find", "app.*", []graphite.Node{{"app.big", "big", false}, {"app.neg", "neg", false}, {"app.old", "old", false}, {"app.web1", "web1", false}, {"app.web2", "web2", false}}},
		{"graphite-web-1.1.8/64-find-none", "nosuch.*", []graphite.Node{}},
		{"carbonapi-0.18.2/64-find-none", "nosuch.*", nil},
	} {
		got, err := replay(t, row.file, graphite.Options{}).Find(t.Context(), row.query)
		if err != nil {
			t.Errorf("%s: %v", row.file, err)
		}
		if d := cmp.Diff(row.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", row.file, d)
		}
	}
	for _, file := range []string{"graphite-web-1.1.8/76-wrong-path", "failure-modes/f09-gunicorn-worker-timeout", "graphite-web-1.1.8/69-version", "failure-modes/c02-backend-down"} {
		_, err := replay(t, file, graphite.Options{}).Find(t.Context(), "app.*")
		if !errors.Is(err, monitor.ErrUnavailable) {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestFind_PathsAreWholeOnEveryServer(t *testing.T) {
	for body, want := range map[string]graphite.Node{
		`[{"id":"app.web1.rate","text":"rate","leaf":1}]`:  {"app.web1.rate", "rate", true},
		`[{"id":"rate","text":"rate","leaf":1}]`:           {"app.web1.rate", "rate", true},
		`[{"id":"app.web1.rate.","text":"rate","leaf":0}]`: {"app.web1.rate", "rate", false},
	} {
		answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(body)) })
		got, err := newClient(t, answer, graphite.Options{}).Find(t.Context(), "app.web1.*")
		if err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
	}
}

func TestFunctions_RecordedAnswers(t *testing.T) {
	_, err := replay(t, "graphite-web-1.1.8/68-functions-list", graphite.Options{}).Functions(t.Context())
	if !errors.Is(err, monitor.ErrUnavailable) || err.Error() != "500 Internal Server Error: module 'inspect' has no attribute 'getargspec'" {
		t.Errorf("%v", err)
	}
}

func TestFunctions_BothShapes(t *testing.T) {
	const alias = `"alias":{"name":"alias","function":"alias(seriesList, newName)","group":"Alias","params":[{"name":"newName","type":"string","required":true,"default":1e9999,"options":["a",1,null],"multiple":true}]}`
	want := []graphite.Function{{Name: "alias", Signature: "alias(seriesList, newName)", Group: "Alias", Params: []graphite.Param{
		{Name: "newName", Type: "string", Required: true, Multiple: true, Default: []byte("1e9999"), Options: []string{"a", "1", ""}},
	}}}
	for _, body := range []string{"{" + alias + "}", `{"Alias":{` + alias + `}}`} {
		answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(body)) })
		got, err := newClient(t, answer, graphite.Options{}).Functions(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", body, d)
		}
	}
	for _, body := range []string{"[]", `{"a":{"b":{"c":{}}}}`, `{"error":"x"}`, "<p>"} {
		answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(body)) })
		if got, err := newClient(t, answer, graphite.Options{}).Functions(t.Context()); body != `{"a":{"b":{"c":{}}}}` && !errors.Is(err, monitor.ErrUnavailable) {
			t.Errorf("%s: %v, %v", body, got, err)
		}
	}
}

func TestProbe_FindsOutWhatTheServerCan(t *testing.T) {
	h := newClient(t, &graphitetest.Fake{}, graphite.Options{}).Probe(t.Context())
	if !h.OK || h.Kind != graphite.KindGraphiteWeb || h.Version != "1.1.10" || !h.Batching || h.Functions != 1 || h.Reason != "" || h.At.IsZero() {
		t.Errorf("%+v", h)
	}
	h = newClient(t, &graphitetest.Fake{Lossy: true, Untagged: true}, graphite.Options{}).Probe(t.Context())
	if !h.OK || h.Kind != graphite.KindCarbonAPI || h.Batching {
		t.Errorf("%+v", h)
	}
	for file, reason := range map[string]string{
		"graphite-web-1.1.8/76-wrong-path":          "404 Not Found: The requested resource was not found on this server; check the path in the setting graphite",
		"carbonapi-0.18.2/76-wrong-path":            "the answer is not JSON: supported requests:",
		"graphite-web-1.1.8/46-default-format-png":  "the answer is an image, not JSON",
		"failure-modes/f09-gunicorn-worker-timeout": "the server closed the connection without a whole answer",
		"graphite-web-1.1.8/21-unknown-metric":      "the server does not answer constantLine(1) with a series",
	} {
		if h := replay(t, file, graphite.Options{}).Probe(t.Context()); h.OK || h.Reason != reason {
			t.Errorf("%s: %+v", file, h)
		}
	}
}
