package medusa_test

import (
	"slices"
	"strings"
	"testing"

	"wingmirror/histogram/medusa"
	"wingmirror/monitor"
)

var metric = monitor.DetectorMetric{ID: 3, Detector: 1, Name: "GC_MS", Description: "Time spent in GC (ms)"}

func TestRecipients_AreOwnersSubscribersAndTheList(t *testing.T) {
	got := medusa.Recipients("ann@example.com, bob@example.com,", metric, []monitor.DetectorSubscription{
		{Email: "cid@example.com", Detector: 1, Metric: 3},
		{Email: "dan@example.com", Detector: 1, Filter: "^GC_"},
		{Email: "ann@example.com", Detector: 1, Filter: ".*"},
		{Email: "no@example.com", Detector: 1, Metric: 4},
		{Email: "no@example.com", Detector: 2, Filter: "GC"},
		{Email: "no@example.com", Detector: 1, Filter: "("},
		{Email: "no@example.com", Detector: 1, Filter: "^MS"},
	}, []string{"list@example.com"})
	want := []string{"ann@example.com", "bob@example.com", "cid@example.com", "dan@example.com", "list@example.com"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestMails_SayWhatAndWhere(t *testing.T) {
	alert := monitor.DetectorAlert{Date: "2015-05-25", Description: `{"type": "graph", "link": "http://telemetry.example.com/x"}`}
	mails := medusa.Mails([]string{"a@example.com", "b@example.com"}, metric, alert, medusa.Changes{First: "20150525030202", Last: "20150525110000", Link: "https://hg.example.com/log"}, "http://wingmirror.example.com/")
	if len(mails) != 2 || mails[0].Subject != "Telemetry Alert for GC_MS on 2015-05-25" || mails[0].Key == mails[1].Key {
		t.Fatalf("got %+v", mails)
	}
	for _, want := range []string{
		"http://wingmirror.example.com/received?detector=1&from=2015-05-25&metric=3&to=2015-05-25", "http://telemetry.example.com/x",
		"of 2015-05-25 (20150525030202...20150525110000).", "https://hg.example.com/log\n", "Time spent in GC (ms)", "file a bug", "reply to all",
	} {
		if !strings.Contains(mails[0].Body, want) {
			t.Errorf("%q is not in\n%s", want, mails[0].Body)
		}
	}
	short := medusa.Body(metric, alert, medusa.Changes{}, "http://wingmirror.example.com/")
	if !strings.Contains(short, "in the builds of 2015-05-25.\n") || strings.Contains(short, "code") {
		t.Errorf("without builds:\n%s", short)
	}
}
