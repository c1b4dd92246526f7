package graphite_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wingmirror/graphite"
	"wingmirror/graphite/graphitetest"
	"wingmirror/monitor"
)

var hour = monitor.Window{From: 1795240800, Until: 1795244400}

// newClient returns a client that talks to the handler without a network. Targets
// do not wait for each other and answers are not kept, unless options say so.
func newClient(t testing.TB, handler http.Handler, options graphite.Options) *graphite.Client {
	t.Helper()
	if options.URL == "" {
		options.URL = "http://graphite.test"
	}
	if options.Transport == nil {
		options.Transport = graphitetest.Transport(handler)
	}
	if options.Gather == 0 {
		options.Gather = -1
	}
	if options.Keep == 0 {
		options.Keep = -1
	}
	c, err := graphite.New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// brief says what was fetched in a few words: "ok a,b" or "failed: reason".
func brief(all []monitor.Fetched) []string {
	var out []string
	for _, f := range all {
		var labels []string
		for _, s := range f.Series {
			labels = append(labels, s.Label)
		}
		text := string(f.Status)
		if len(labels) > 0 {
			text += " " + strings.Join(labels, ",")
		}
		if f.Reason != "" {
			text += ": " + f.Reason
		}
		out = append(out, text)
	}
	return out
}

func check(t *testing.T, want []string, got []monitor.Fetched) {
	t.Helper()
	if d := cmp.Diff(want, brief(got)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestFetch_EachTargetGetsItsOwnSeries(t *testing.T) {
	fake := &graphitetest.Fake{}
	c := newClient(t, fake, graphite.Options{})
	targets := []string{
		"app.*.rate", "# a comment", "app.web2.rate", `alias(app.web1.rate, 'a,b "q" (x')`, "missing.x", "sumSeries(app.{web1,web2}.rate)",
		"app.web2.rate", "f(", "alias(app.*.rate,'wm1:')", "  app.x  ", "alias(app.x,'')",
	}
	got := c.Fetch(t.Context(), hour, targets)
	check(t, []string{
		"ok app.web1.rate,app.web2.rate,app.web3.rate", "missing: a comment is not sent", "ok app.web2.rate", `ok a,b "q" (x`, "missing",
		"ok sumSeries(app.{web1,web2}.rate)", "ok app.web2.rate", "failed: column 2: the ( of f is never closed: add )", "ok wm1:,wm1:,wm1:", "ok app.x", "ok ",
	}, got)
	for i, f := range got {
		if f.Target != targets[i] {
			t.Errorf("target %d is %q, want %q", i, f.Target, targets[i])
		}
	}
	value := graphitetest.Value("app.web2.rate")
	s := got[2].Series[0]
	if len(s.Values) != 60 || s.Start != hour.From+60 || s.Step != 60 || s.Values[59] != value(hour.Until) {
		t.Errorf("%+v", s)
	}
	requests := fake.Requests()
	if len(requests) != 1 {
		t.Fatalf("%d requests, want 1", len(requests))
	}
	if n := len(requests[0].Targets); n != 8 { // 11 less the comment, the broken one and the one that is there twice
		t.Errorf("%d targets were sent, want 8: %q", n, requests[0].Targets)
	}
}

func TestFetch_SendsAbsoluteTimesByPOST(t *testing.T) {
	fake := &graphitetest.Fake{}
	c := newClient(t, fake, graphite.Options{URL: "http://graphite.test/key/graphite/", NoCache: true})
	c.Fetch(t.Context(), hour, []string{"a.b"})
	r := fake.Requests()[0]
	want := map[string][]string{"target": {"a.b"}, "format": {"json"}, "from": {"1795240800"}, "until": {"1795244400"}, "noCache": {"1"}}
	if r.Method != "POST" || r.Path != "/key/graphite/render" {
		t.Errorf("%s %s", r.Method, r.Path)
	}
	if d := cmp.Diff(want, r.Form); d != "" {
		t.Errorf("form (-want +got):\n%s", d)
	}
}

func TestFetch_SplitsLargeBatches(t *testing.T) {
	var many, long []string
	for i := range 250 {
		many = append(many, fmt.Sprintf("app.n%d", i))
	}
	for i := range 60 {
		long = append(long, fmt.Sprintf("app.%s.n%d", strings.Repeat("x", 50_000), i))
	}
	for _, row := range []struct {
		targets []string
		most    int
		bytes   int
	}{{many, 100, 0}, {long, 100, 1 << 20}} {
		fake := &graphitetest.Fake{}
		got := newClient(t, fake, graphite.Options{}).Fetch(t.Context(), hour, row.targets)
		for i, f := range got {
			if f.Status != monitor.StatusOK || f.Series[0].Label != row.targets[i] {
				t.Fatalf("%.40s: %s %s", row.targets[i], f.Status, f.Reason)
			}
		}
		requests := fake.Requests()
		if len(requests) < 3 || len(requests) > 4 {
			t.Errorf("%d requests, want 3 or 4", len(requests))
		}
		for _, r := range requests {
			size := len(strings.Join(r.Targets, "&target="))
			if len(r.Targets) > row.most || row.bytes > 0 && size > row.bytes {
				t.Errorf("a request has %d targets in %d bytes", len(r.Targets), size)
			}
		}
	}
}

func TestFetch_IsolatesTheTargetAtFault(t *testing.T) {
	fake := &graphitetest.Fake{}
	c := newClient(t, fake, graphite.Options{})
	var targets, want []string
	for i := range 50 {
		name := fmt.Sprintf("app.n%d", i)
		targets, want = append(targets, name), append(want, "ok "+name)
	}
	for _, i := range []int{7, 33} {
		targets[i] = fmt.Sprintf("noSuchFunc(app.n%d)", i)
		want[i] = fmt.Sprintf(`failed: 400 Bad Request: Invalid parameters (unknown function: noSuchFunc); targets: "noSuchFunc(app.n%d)"`, i)
	}
	check(t, want, c.Fetch(t.Context(), hour, targets))
	first := len(fake.Requests())
	if first > 30 {
		t.Errorf("%d requests to find 2 of 50", first)
	}
	check(t, want, c.Fetch(t.Context(), hour, targets))
	if again := len(fake.Requests()) - first; again != 3 {
		t.Errorf("%d requests when it is known which targets fail, want 3", again)
	}
}

func TestFetch_TellsFailedFromMissingWhereTheServerDoesNot(t *testing.T) {
	fake := &graphitetest.Fake{Lossy: true}
	c := newClient(t, fake, graphite.Options{})
	targets := []string{"app.a", "noSuchFunc(app.b)", "missing.c", "app.d"}
	want := []string{"ok app.a", `failed: 400 Bad Request: Invalid parameters (unknown function: noSuchFunc); targets: "noSuchFunc(app.b)"`, "missing", "ok app.d"}
	check(t, want, c.Fetch(t.Context(), hour, targets))
	first := len(fake.Requests())
	check(t, want, c.Fetch(t.Context(), hour, targets))
	if again := len(fake.Requests()) - first; first != 3 || again != 2 {
		t.Errorf("%d and %d requests, want 3 and 2", first, again)
	}
	if kind := c.Stats().Kind; kind != graphite.KindCarbonAPI {
		t.Errorf("kind %s", kind)
	}
}

func TestFetch_OneRequestPerTargetWhereTagsAreRefused(t *testing.T) {
	refused := &graphitetest.Fake{Untagged: true}
	ignored := &graphitetest.Fake{Intercept: func(w http.ResponseWriter, r *http.Request) bool {
		if len(r.Form["target"]) > 1 {
			io.WriteString(w, `[{"target":"app.a","datapoints":[[1,60],[2,120]]},{"target":"wm9:app.b","datapoints":[[1,60],[2,120]]}]`)
		}
		return len(r.Form["target"]) > 1
	}}
	for name, fake := range map[string]*graphitetest.Fake{"refused": refused, "ignored": ignored} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, fake, graphite.Options{})
			want := []string{"ok app.a", "ok app.b", "missing"}
			check(t, want, c.Fetch(t.Context(), hour, []string{"app.a", "app.b", "missing.c"}))
			first := len(fake.Requests())
			check(t, want, c.Fetch(t.Context(), hour, []string{"app.a", "app.b", "missing.c"}))
			if again := len(fake.Requests()) - first; again != 3 {
				t.Errorf("%d requests when it is known that tags do not work, want 3", again)
			}
		})
	}
}

// graphite-web fails aliasSub over a series whose name is a number.
func TestFetch_ATargetThatOnlyTheTagBreaksGoesAlone(t *testing.T) {
	fake := &graphitetest.Fake{Intercept: func(w http.ResponseWriter, r *http.Request) bool {
		broken := strings.Contains(strings.Join(r.Form["target"], "&"), "aliasSub(alias(app.a,5)")
		if broken {
			http.Error(w, "TypeError: expected string or bytes-like object", http.StatusInternalServerError)
		}
		return broken
	}}
	c := newClient(t, fake, graphite.Options{Retries: -1})
	targets := []string{"app.b", "alias(app.a,5)", "app.c", "app.d"}
	want := []string{"ok app.b", "ok ", "ok app.c", "ok app.d"}
	check(t, want, c.Fetch(t.Context(), hour, targets))
	first := len(fake.Requests())
	check(t, want, c.Fetch(t.Context(), hour, targets))
	if again := len(fake.Requests()) - first; again > 3 {
		t.Errorf("%d requests the second time", again)
	}
}

func TestFetch_WordsOfGraphiteWebAreNotTagged(t *testing.T) {
	fake := &graphitetest.Fake{}
	c := newClient(t, fake, graphite.Options{})
	check(t, []string{"ok true.x", "ok none.y", "ok truely.z", "ok a.b"}, c.Fetch(t.Context(), hour, []string{"true.x", "none.y", "truely.z", "a.b"}))
	alone := 0
	for _, r := range fake.Requests() {
		if len(r.Targets) == 1 {
			alone++
		}
	}
	if alone != 2 || len(fake.Requests()) != 3 {
		t.Errorf("%d of %d requests are for one target, want 2 of 3", alone, len(fake.Requests()))
	}
}

func TestFetch_Statuses(t *testing.T) {
	few := false
	fake := &graphitetest.Fake{Intercept: func(w http.ResponseWriter, r *http.Request) bool {
		if few {
			io.WriteString(w, `[{"target":"app.web1.rate","datapoints":[[1,1795244340],[2,1795244400]]}]`)
		}
		return few
	}}
	c := newClient(t, fake, graphite.Options{})
	check(t, []string{"ok a.b", "empty empty.b", "missing", "stale stale.b: the newest point is 30m0s older than the window's end", "ok summarize(a.b)"},
		c.Fetch(t.Context(), hour, []string{"a.b", "empty.b", "missing.b", "stale.b", "summarize(a.b,'10min')"}))
	check(t, []string{"ok app.web1.rate,app.web2.rate,app.web3.rate"}, c.Fetch(t.Context(), hour, []string{"app.*.rate"}))
	few = true
	check(t, []string{"partial app.web1.rate: 1 series, and 3 series the time before"}, c.Fetch(t.Context(), hour, []string{"app.*.rate"}))
	check(t, []string{"ok app.web1.rate"}, c.Fetch(t.Context(), hour, []string{"app.*.rate"}))
}

func TestFetch_StaleIsMeasuredInTheSeriesOwnSteps(t *testing.T) {
	body := `[{"target":"a","datapoints":[[1,1795237200],[2,1795238100],[null,1795239000]]}]`
	fake := &graphitetest.Fake{Intercept: func(w http.ResponseWriter, r *http.Request) bool {
		io.WriteString(w, body)
		return true
	}}
	window := monitor.Window{From: 1795230000, Until: 1795238100 + 3*900}
	if f := newClient(t, fake, graphite.Options{}).Fetch(t.Context(), window, []string{"a"})[0]; f.Status != monitor.StatusOK {
		t.Errorf("three steps old is %s", f.Status)
	}
	window.Until++
	if f := newClient(t, fake, graphite.Options{}).Fetch(t.Context(), window, []string{"a"})[0]; f.Status != monitor.StatusStale {
		t.Errorf("more than three steps old is %s", f.Status)
	}
	if f := newClient(t, fake, graphite.Options{StaleAfter: -1}).Fetch(t.Context(), window, []string{"a"})[0]; f.Status != monitor.StatusOK {
		t.Errorf("with staleness off it is %s", f.Status)
	}
}

func TestFetch_FallsBackToGETAndRaw(t *testing.T) {
	onlyGET := &graphitetest.Fake{Intercept: func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet {
			http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		}
		return r.Method != http.MethodGet
	}}
	c := newClient(t, onlyGET, graphite.Options{})
	targets, want := []string{"app.a", "app.b"}, []string{"ok app.a", "ok app.b"}
	for i := range 150 {
		targets, want = append(targets, fmt.Sprintf("alias(app.n%d,'%s')", i, strings.Repeat("n", 60))), append(want, "ok "+strings.Repeat("n", 60))
	}
	check(t, want, c.Fetch(t.Context(), hour, targets))
	for _, r := range onlyGET.Requests() {
		if size := len(strings.Join(r.Targets, "")); r.Method == http.MethodGet && size > 4000 {
			t.Errorf("a GET with %d bytes of targets", size)
		}
	}
	check(t, []string{"ok app.a"}, c.Fetch(t.Context(), hour, []string{"app.a"}))

	onlyRaw := &graphitetest.Fake{Intercept: func(w http.ResponseWriter, r *http.Request) bool {
		if r.Form.Get("format") != "raw" {
			io.WriteString(w, "\x89PNG\r\n\x1a\n")
			return true
		}
		for i, text := range r.Form["target"] {
			if len(r.Form["target"]) > 1 {
				text = fmt.Sprintf("wm%d:x", i)
			}
			fmt.Fprintf(w, "%s,1795244280,1795244400,60|1.0,None\n", text)
		}
		return true
	}}
	c = newClient(t, onlyRaw, graphite.Options{})
	check(t, []string{"ok x", "ok x"}, c.Fetch(t.Context(), hour, []string{"app.a", "app.b"}))
	check(t, []string{"ok app.a"}, c.Fetch(t.Context(), hour, []string{"app.a"}))
}

func TestFetch_ReasonsHoldNoSecrets(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"broken": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://u:s3cret@other.test/s3cret?x=s3cret", http.StatusFound)
		},
		"forbidden": func(w http.ResponseWriter, r *http.Request) { http.Error(w, "", http.StatusForbidden) },
		"hang":      func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		c := newClient(t, handler, graphite.Options{URL: "https://user:s3cret@graphite.test/s3cret", Retries: -1, Timeout: 50 * time.Millisecond})
		f := c.Fetch(t.Context(), hour, []string{"a.b"})[0]
		all := f.Reason + c.String() + fmt.Sprintf("%+v", c.Stats())
		if f.Status != monitor.StatusFailed || f.Reason == "" || strings.Contains(all, "s3cret") {
			t.Errorf("%s: %s %s", name, f.Status, all)
		}
	}
	_, err := graphite.New(graphite.Options{URL: "ftp://user:s3cret@graphite.test"})
	if err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("%v", err)
	}
}

func TestFetch_LimitsFailOnlyTheirTarget(t *testing.T) {
	fake := &graphitetest.Fake{}
	c := newClient(t, fake, graphite.Options{Limits: graphite.Limits{Series: 4}})
	check(t, []string{
		"ok a.b", "failed: the answer has more than 4 series: ask for less, or raise graphite-max-series", "ok c.d",
	}, c.Fetch(t.Context(), hour, []string{"a.b", "x.*.*", "c.d"}))
}

func TestFetch_ServerWideRefusalsAreNotTakenApart(t *testing.T) {
	for _, row := range []struct {
		status int
		want   string
	}{
		{401, "failed: 401 Unauthorized: no; check the user, the token or the certificate"},
		{404, "failed: 404 Not Found: no; check the path in the setting graphite"},
		{429, "failed: 429 Too Many Requests: no"},
	} {
		fake := &graphitetest.Fake{Intercept: func(w http.ResponseWriter, r *http.Request) bool {
			http.Error(w, "no", row.status)
			return true
		}}
		c := newClient(t, fake, graphite.Options{})
		check(t, []string{row.want, row.want, row.want}, c.Fetch(t.Context(), hour, []string{"a", "b", "c"}))
		if n := len(fake.Requests()); n != 1 {
			t.Errorf("%d: %d requests, want 1", row.status, n)
		}
	}
}

func TestFetch_TotalRefusalIsBounded(t *testing.T) {
	fake := &graphitetest.Fake{Intercept: func(w http.ResponseWriter, r *http.Request) bool {
		http.Error(w, "everything is broken", http.StatusInternalServerError)
		return true
	}}
	c := newClient(t, fake, graphite.Options{Retries: -1})
	var targets []string
	for i := range 100 {
		targets = append(targets, fmt.Sprintf("app.n%d", i))
	}
	for range 2 {
		before := len(fake.Requests())
		for _, f := range c.Fetch(t.Context(), hour, targets) {
			if f.Status != monitor.StatusFailed || !strings.Contains(f.Reason, "everything is broken") {
				t.Fatalf("%s: %s", f.Status, f.Reason)
			}
		}
		if n := len(fake.Requests()) - before; n > 110 {
			t.Errorf("%d requests for 100 targets at a broken server", n)
		}
	}
}

func TestWindow_EndsAWholeStepBack(t *testing.T) {
	at := time.Date(2026, 11, 21, 12, 5, 30, 0, time.UTC)
	for _, row := range []struct {
		options     graphite.Options
		minutes     int
		from, until string
	}{
		{graphite.Options{}, 60, "11:04:00", "12:04:00"},
		{graphite.Options{Step: 10 * time.Second}, 5, "12:00:20", "12:05:20"},
		{graphite.Options{Step: 5 * time.Minute}, 7, "11:50:00", "12:00:00"},
		{graphite.Options{Lag: -1}, 1, "12:04:00", "12:05:00"},
		{graphite.Options{Lag: 90 * time.Second}, 1, "12:03:00", "12:04:00"},
		{graphite.Options{}, 0, "12:03:00", "12:04:00"},
	} {
		row.options.URL = "http://graphite.test"
		c, err := graphite.New(row.options)
		if err != nil {
			t.Fatal(err)
		}
		w := c.Window(at, row.minutes)
		show := func(ts int64) string { return time.Unix(ts, 0).UTC().Format(time.TimeOnly) }
		if show(w.From) != row.from || show(w.Until) != row.until {
			t.Errorf("%+v, %d minutes: %s to %s, want %s to %s", row.options.Lag, row.minutes, show(w.From), show(w.Until), row.from, row.until)
		}
	}
}

func TestFetch_StatsCount(t *testing.T) {
	fake := &graphitetest.Fake{}
	c := newClient(t, fake, graphite.Options{})
	c.Fetch(t.Context(), hour, []string{"a.b", "a.b", "f(", "noSuchX(a)"})
	s := c.Stats()
	if s.Targets != 4 || s.Shared != 1 || s.Failed != 2 || s.Points != 63 || s.Breaker != "closed" || s.InFlight != 0 {
		t.Errorf("%+v", s)
	}
	// The batch, a check of the tag, and the two targets apart.
	if s.Requests != 4 || s.Errors != 2 || s.Latency.Count != 4 || s.LastOK.IsZero() || !strings.Contains(s.LastError, "noSuchX") {
		t.Errorf("%+v", s)
	}
}

func TestFetch_GivesUpWithItsCaller(t *testing.T) {
	release := make(chan struct{})
	fake := &graphitetest.Fake{Intercept: func(w http.ResponseWriter, r *http.Request) bool {
		<-release
		return false
	}}
	c := newClient(t, fake, graphite.Options{Gather: time.Millisecond})
	patient := make(chan []monitor.Fetched)
	go func() { patient <- c.Fetch(context.Background(), hour, []string{"a.b"}) }()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	check(t, []string{"failed: gave up waiting for an answer"}, c.Fetch(ctx, hour, []string{"a.b"}))
	close(release)
	check(t, []string{"ok a.b"}, <-patient)
}
