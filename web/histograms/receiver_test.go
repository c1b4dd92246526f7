package histograms_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// askEDN sends EDN, and asks for it.
func (h *house) askEDN(method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/edn; charset=utf-8")
	r.Header.Set("Accept", "application/edn")
	out := httptest.NewRecorder()
	h.ServeHTTP(out, r)
	return out
}

func TestReceiver_SpeaksEDN(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct {
		method, path, body string
		status             int
		answer             string
	}{
		{"GET", "detectors/", "", 404, "Resource not found."},
		{"POST", "detectors/", `{:name "D \"x\"", :url "u"}`, 201, `{:id 1}`},
		{"POST", "detectors/", `{:name "D"}`, 422, "Unprocessable entity."},
		{"POST", "detectors/", `{"name": "D2", "url": "u"`, 422, ""},
		{"GET", "detectors/", "", 200, `({:date "2026-05-30", :id 1, :name "D \"x\"", :url "u"})`},
		{"POST", "detectors/1/metrics/", `{:name "GC_MS" :description "d"}`, 201, `{:id 1}`},
		{"POST", "detectors/1/metrics/1/alerts/", `{:date "2026-05-20" :description "é\n{}" :emails ""}`, 201, `{:id 1}`},
		{"POST", "detectors/1/metrics/1/alerts/", `{:date "2026-05-20" :description "again" :emails ""}`, 422, ""},
		{"GET", "detectors/1/alerts/", "", 200, `:description "é\n{}"`},
		{"POST", "subscriptions", `{:op :subscribe, :email "a@example.com", :detector-id 1, :metric-id 1}`, 200, `{:result "ok"}`},
	} {
		out := h.askEDN(c.method, "/medusa/"+c.path, c.body)
		if out.Code != c.status || !strings.Contains(out.Body.String(), c.answer) {
			t.Errorf("%s %s %s: %d %s, want %d %s", c.method, c.path, c.body, out.Code, out.Body, c.status, c.answer)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/medusa/detectors/", nil)
	r.Header.Set("Accept", "application/edn, application/json;q=0.5")
	out := httptest.NewRecorder()
	if h.ServeHTTP(out, r); out.Header().Get("Content-Type") != "application/json" || !json.Valid(out.Body.Bytes()) {
		t.Errorf("JSON was welcome: %s", out.Body)
	}
}

func TestReceived_DrawsBoxPlots(t *testing.T) {
	h := newHouse(t)
	h.want(t, "POST", "/medusa/detectors/", `{"name": "D", "url": "u"}`, 201)
	h.want(t, "POST", "/medusa/detectors/1/metrics/", `{"name": "M", "description": "d"}`, 201)
	for date, description := range map[string]string{
		"2026-05-01": `{"type": "boxplot", "title": "some page", "link": "http://x.example.com/", "boxplot": ["2026-05-01", 1, 2, 4, 8, 9.5, "slow <b>page"]}`,
		"2026-05-02": `{"type": "boxplot", "boxplot": ["2026-05-02", 3, 3, 3, 3]}`,
		"2026-05-03": `{"type": "boxplot", "boxplot": ["2026-05-03", 8, 4, 2, 1, 9]}`,
		"2026-05-04": `{"type": "boxplot", "boxplot": "none"}`,
	} {
		body, _ := json.Marshal(map[string]string{"date": date, "description": description, "emails": ""})
		h.want(t, "POST", "/medusa/detectors/1/metrics/1/alerts/", string(body), 201)
	}
	page := h.want(t, "GET", "/received", "", 200, "some page", "http://x.example.com/", "slow &lt;b&gt;page", "Values from 1 to 8, half of them from 2 to 4; the value in question is 9.5", "h-point", "Values from 3 to 3").Body.String()
	if n := strings.Count(page, "<svg class=\"h-chart\""); n != 2 {
		t.Errorf("%d charts, want 2: what is no box plot is shown as text", n)
	}
}
