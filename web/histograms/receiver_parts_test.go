package histograms_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"wingmirror/monitor"
)

func TestReceiver_AlertsComeInParts(t *testing.T) {
	h := newHouse(t)
	h.want(t, "POST", "/medusa/detectors/", `{"name": "D", "url": "u"}`, 201)
	h.want(t, "POST", "/medusa/detectors/1/metrics/", `{"name": "GC_MS", "description": "d"}`, 201)
	const count = 12
	for i := range count {
		alert := monitor.DetectorAlert{Metric: 1, Date: fmt.Sprintf("2026-05-%02d", i+1), Description: strings.Repeat("x", 900_000)}
		if _, err := h.db.AddDetectorAlert(t.Context(), alert, nil, now()); err != nil {
			t.Fatal(err)
		}
	}
	const alerts = "/medusa/detectors/1/alerts/"
	var dates []string
	parts := 0
	for path := alerts; path != ""; parts++ {
		out := h.want(t, "GET", path, "", 200)
		if out.Body.Len() > 9<<20 {
			t.Errorf("%s: %d bytes", path, out.Body.Len())
		}
		var some []struct{ Date string }
		if err := json.Unmarshal(out.Body.Bytes(), &some); err != nil {
			t.Fatal(err)
		}
		for _, one := range some {
			dates = append(dates, one.Date)
		}
		path = ""
		if next, found := strings.CutPrefix(out.Header().Get("Link"), "<"); found {
			path = alerts + strings.TrimSuffix(next, `>; rel="next"`)
		}
	}
	if parts != 2 || len(dates) != count || dates[0] != "2026-05-12" || dates[count-1] != "2026-05-01" {
		t.Errorf("got %v in %d parts", dates, parts)
	}
	if out := h.want(t, "GET", alerts+"?limit=1&offset=11", "", 200, "2026-05-01"); out.Header().Get("Link") != "" {
		t.Errorf("the last one is followed by %s", out.Header().Get("Link"))
	}
	h.want(t, "GET", alerts+"?limit=x", "", 422)
}
