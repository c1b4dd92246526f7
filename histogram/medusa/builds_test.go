package medusa_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"wingmirror/histogram/medusa"
)

func readCase(t *testing.T, into any, parts ...string) {
	t.Helper()
	data, err := os.ReadFile(caseFile(t, parts...))
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestCases_BoundingBuilds(t *testing.T) {
	var rows []struct {
		Date, Channel string
		Listing       []string
		IDs           [2]string `json:"build_ids"`
	}
	readCase(t, &rows, "medusa", "bounding_build_ids.json")
	for _, row := range rows {
		if first, last := medusa.BoundingBuilds(row.Listing, row.Date, row.Channel); first != row.IDs[0] || last != row.IDs[1] {
			t.Errorf("%s: %s %s, want %v", row.Date, first, last, row.IDs)
		}
	}
}

func TestCases_BuildRange(t *testing.T) {
	var file struct {
		Rows [][2]json.RawMessage `json:"build_range"`
	}
	readCase(t, &file, "medusa", "build_range.json")
	for _, row := range file.Rows {
		var ids [2]string
		var want string
		if json.Unmarshal(row[0], &ids) != nil || json.Unmarshal(row[1], &want) != nil {
			t.Fatalf("the case has another form: %s", row)
		}
		if got := (medusa.Changes{First: ids[0], Last: ids[1]}).Range(); got != want {
			t.Errorf("%v: %s, want %s", ids, got, want)
		}
	}
}

func TestBoundingBuilds_NoneOfThatDayOrChannel(t *testing.T) {
	listing := []string{"../", "2017-09-18-10-00-59-mozilla-central-l10n/", "2017-09-17-10-00-59-mozilla-central/", "x-mozilla-central/"}
	if first, last := medusa.BoundingBuilds(listing, "2017-09-18", "mozilla-central"); first != "" || last != "" {
		t.Errorf("got %s %s", first, last)
	}
}

// archive is an archive of builds: by path, the names that a directory links to,
// or a text.
type archive struct {
	pages map[string][]string
	texts map[string]string
	asked int
}

func (a *archive) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.asked++
	if names, ok := a.pages[r.URL.Path]; ok {
		for _, name := range names {
			fmt.Fprintf(w, "<tr><td>Dir</td><td><a href=%q>%s</a></td></tr>\n", r.URL.Path+name, name)
		}
		return
	}
	if text, ok := a.texts[r.URL.Path]; ok {
		fmt.Fprint(w, text)
		return
	}
	http.NotFound(w, r)
}

// newArchive has one build on the last of August, which has no revision, an
// earlier one that has, and two on the first of September.
func newArchive() *archive {
	a := &archive{pages: map[string][]string{}, texts: map[string]string{}}
	for i, id := range []string{"2017/08/2017-08-30-10-00-00", "2017/08/2017-08-31-10-00-00", "2017/09/2017-09-01-10-00-00", "2017/09/2017-09-01-22-00-00"} {
		month, name := "/nightly/"+id[:8], id[8:]+"-central/"
		a.pages[month] = append(a.pages[month], name)
		a.pages[month+name] = []string{"../", "firefox.en-US.win32.zip", "firefox.en-US.win32_info.txt", "firefox.en-US.win32.txt"}
		a.texts[month+name+"firefox.en-US.win32_info.txt"] = "buildID=1\n"
		a.texts[month+name+"firefox.en-US.win32.txt"] = "1\n"
		if i != 1 {
			a.texts[month+name+"firefox.en-US.win32.txt"] += fmt.Sprintf("https://hg.example.com/central/rev/%012d\n", i)
		}
	}
	return a
}

func TestBuilds_LinkFromTheBuildBeforeToTheLastOfTheDay(t *testing.T) {
	a := newArchive()
	server := httptest.NewServer(a)
	defer server.Close()
	b := &medusa.Builds{Base: server.URL + "/nightly/", Channel: "central", Now: time.Now}
	got, err := b.Of(t.Context(), "2017-09-01")
	want := medusa.Changes{First: "20170901100000", Last: "20170901220000", Link: "https://hg.example.com/central/pushloghtml?fromchange=000000000000&tochange=000000000003"}
	if err != nil || got != want {
		t.Fatalf("%v, got %+v", err, got)
	}
	before := a.asked
	if again, err := b.Of(t.Context(), "2017-09-01"); err != nil || again != want || a.asked != before {
		t.Errorf("the second time: %v, %+v, %d requests", err, again, a.asked-before)
	}
}

func TestBuilds_WithoutARevisionTheBuildsAreKnown(t *testing.T) {
	server := httptest.NewServer(newArchive())
	defer server.Close()
	b := &medusa.Builds{Base: server.URL + "/nightly", Channel: "central", Now: time.Now}
	for date, first := range map[string]string{"2017-08-30": "20170830100000", "2017-08-31": "20170831100000", "2017-07-01": "", "yesterday": ""} {
		if got, err := b.Of(t.Context(), date); err == nil || got.First != first || got.Link != "" {
			t.Errorf("%s: %v, %+v", date, err, got)
		}
	}
}

func TestBuilds_AfterAFailureTheArchiveIsLeftAloneForAMinute(t *testing.T) {
	a, broken := newArchive(), true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.ServeHTTP(httptest.NewRecorder(), r); broken {
			http.Error(w, "no", http.StatusBadGateway)
			return
		}
		a.ServeHTTP(w, r)
	}))
	defer server.Close()
	now := time.Date(2017, 9, 2, 0, 0, 0, 0, time.UTC)
	b := &medusa.Builds{Base: server.URL + "/nightly/", Channel: "central", Now: func() time.Time { return now }}
	if _, err := b.Of(t.Context(), "2017-09-01"); err == nil || !strings.Contains(err.Error(), "answered 502") {
		t.Errorf("got %v", err)
	}
	broken = false
	if _, err := b.Of(t.Context(), "2017-09-01"); err == nil || !strings.Contains(err.Error(), "asked again in 1m0s") || a.asked != 1 {
		t.Errorf("%v after %d requests", err, a.asked)
	}
	now = now.Add(time.Minute)
	if got, err := b.Of(t.Context(), "2017-09-01"); err != nil || got.Link == "" {
		t.Errorf("%v, %+v", err, got)
	}
}
