package demo_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

// Whatever is asked, there is an answer, and it comes from this process alive.
func FuzzRender(f *testing.F) {
	for _, target := range []string{
		"shop.*.cpu", "shop.web[!1-3].{cpu,latency.p95}", "sumSeries(deploys.*", "timeStack(shop.web1.cpu,'1d',0,7)",
		"movingAverage(shop.web1.cpu,-5)", "hitcount(shop.web1.cpu,'1s',true)", "smartSummarize(shop.web1.cpu,'0s')",
		"aliasSub(shop.web1.cpu,'(','\\1')", "randomWalk('x',-1)", "holtWintersForecast(shop.web1.cpu,'7d','1d')",
		"applyByNode(shop.*,1,'%.cpu')", "asPercent(shop.web*.cpu,10)", "threshold(5,'x')", "seriesByTag('a=b')",
		"interpolate(shop.batch.search_index.duration)", "linearRegression(shop.web1.cpu)", "sin('a',1,0)",
	} {
		f.Add(target, "-1h", "now")
	}
	f.Add("shop.web1.cpu", "noon", "midnight")
	h := newGraphite(noon)
	f.Fuzz(func(t *testing.T, target, from, until string) {
		form := url.Values{"target": {target}, "from": {from}, "until": {until}}
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, httptest.NewRequest("GET", "/render?"+form.Encode(), nil))
		switch answer.Code {
		case http.StatusOK, http.StatusBadRequest, http.StatusInternalServerError:
		default:
			t.Errorf("code %d", answer.Code)
		}
	})
}
