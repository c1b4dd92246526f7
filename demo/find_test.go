package demo_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func answer[T any](t *testing.T, path string, form url.Values) T {
	t.Helper()
	var value T
	code, body := ask(t, newGraphite(noon), path, form)
	if code != http.StatusOK {
		t.Fatalf("%s: %d %s", path, code, body)
	}
	if err := json.Unmarshal([]byte(body), &value); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return value
}

func TestFind_WalksTheTree(t *testing.T) {
	type place struct {
		Text, ID   string
		Leaf       int
		Expandable int
	}
	tests := []struct {
		query string
		want  []place
	}{
		{"*", []place{{"deploys", "deploys", 0, 1}, {"shop", "shop", 0, 1}}},
		{"deploys.*", []place{{"checkout", "deploys.checkout", 1, 0}, {"rollback", "deploys.rollback", 1, 0}, {"web", "deploys.web", 1, 0}}},
		{"shop.web{1,3}.lat*.p9?", []place{{"p95", "shop.web{1,3}.lat*.p95", 1, 0}, {"p99", "shop.web{1,3}.lat*.p99", 1, 0}}},
		{"shop.web[!1-3]", []place{{"web4", "shop.web4", 0, 1}}},
		{"shop.web1.cpu", []place{{"cpu", "shop.web1.cpu", 1, 0}}},
		{"shop.web1.cpu.deeper", []place{}},
		{"shop.w.b1", []place{}},
		{"nosuch.*", []place{}},
	}
	for _, test := range tests {
		got := answer[[]place](t, "/metrics/find", url.Values{"query": {test.query}})
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", test.query, diff)
		}
	}
	if code, _ := ask(t, newGraphite(noon), "/metrics/find/", nil); code != http.StatusBadRequest {
		t.Errorf("no query: %d", code)
	}
}

func TestFind_Completes(t *testing.T) {
	type item struct {
		Path   string `json:"path"`
		Name   string `json:"name"`
		IsLeaf string `json:"is_leaf"`
	}
	got := answer[map[string][]item](t, "/metrics/find", url.Values{"query": {"shop.web1.c"}, "format": {"completer"}})
	want := map[string][]item{"metrics": {{"shop.web1.cpu", "cpu", "1"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got = answer[map[string][]item](t, "/metrics/find", url.Values{"query": {"shop.lo"}, "format": {"completer"}})
	want = map[string][]item{"metrics": {{"shop.logins.", "logins", "0"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestExpand_GroupsAndKeepsLeaves(t *testing.T) {
	flat := answer[map[string][]string](t, "/metrics/expand", url.Values{"query": {"shop.*.cpu", "shop.web1.*"}, "leavesOnly": {"1"}})
	want := []string{"shop.web1.cpu", "shop.web2.cpu", "shop.web3.cpu", "shop.web4.cpu"}
	if diff := cmp.Diff(want, flat["results"]); diff != "" {
		t.Error(diff)
	}
	groups := answer[map[string]map[string][]string](t, "/metrics/expand", url.Values{"query": {"deploys.w*", "nosuch"}, "groupByExpr": {"1"}})
	if diff := cmp.Diff(map[string][]string{"deploys.w*": {"deploys.web"}, "nosuch": {}}, groups["results"]); diff != "" {
		t.Error(diff)
	}
}

func TestIndex_ListsWhatRenderKnows(t *testing.T) {
	paths := answer[[]string](t, "/metrics/index.json", nil)
	if len(paths) < 50 {
		t.Errorf("only %d metrics", len(paths))
	}
	lines := render(t, newGraphite(noon), "-2h", "now", paths...)
	if len(lines) != len(paths) {
		t.Errorf("%d paths, %d series", len(paths), len(lines))
	}
	for _, l := range lines {
		points := 0
		for _, p := range l.Datapoints {
			if p[0] != nil {
				points++
			}
		}
		if points == 0 {
			t.Errorf("%s has no point in two hours", l.Target)
		}
	}
}

func TestFunctions_AreDescribed(t *testing.T) {
	type description struct {
		Name, Group, Function, Description string
	}
	all := answer[map[string]description](t, "/functions", nil)
	if len(all) < 100 || all["movingAverage"].Group != "Calculate" {
		t.Errorf("%d functions, movingAverage: %+v", len(all), all["movingAverage"])
	}
	grouped := answer[map[string]map[string]description](t, "/functions/", url.Values{"grouped": {"1"}})
	if grouped["Calculate"]["movingAverage"].Name != "movingAverage" {
		t.Error("movingAverage is not in its group")
	}
	if got := answer[description](t, "/functions/sumSeries", nil); !strings.HasPrefix(got.Function, "sumSeries(") {
		t.Errorf("got %+v", got)
	}
	for _, remote := range []string{"graphiteWeb", "aliasByRedis", "aliasByPostgres"} {
		if _, ok := all[remote]; ok {
			t.Errorf("%s asks other servers", remote)
		}
	}
	if code, _ := ask(t, newGraphite(noon), "/functions/nosuch", nil); code != http.StatusNotFound {
		t.Errorf("unknown function: %d", code)
	}
}

func TestVersion_IsOfGraphitesAPI(t *testing.T) {
	if code, body := ask(t, newGraphite(noon), "/version", nil); code != http.StatusOK || strings.Count(body, ".") != 2 {
		t.Errorf("%d %q", code, body)
	}
	if got := answer[[]string](t, "/tags/autoComplete/tags", url.Values{"limit": {"10"}}); len(got) != 0 {
		t.Errorf("tags: %v", got)
	}
	if code, _ := ask(t, newGraphite(noon), "/rendr", nil); code != http.StatusNotFound {
		t.Errorf("wrong path: %d", code)
	}
}
