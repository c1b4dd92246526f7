package web_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"wingmirror/monitor"
	"wingmirror/store"
	"wingmirror/web/browsertest"
)

func (w *world) Dashboards(context.Context) ([]monitor.Dashboard, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.SortedFunc(maps.Values(w.dashboards), func(a, b monitor.Dashboard) int { return cmp.Compare(a.Name, b.Name) }), nil
}

func (w *world) Dashboard(_ context.Context, name string) (monitor.Dashboard, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	d, ok := w.dashboards[name]
	if !ok {
		return d, fmt.Errorf("dashboard %q: %w", name, monitor.ErrNotFound)
	}
	return d, nil
}

func (w *world) CreateDashboard(ctx context.Context, d monitor.Dashboard, author string, at time.Time) (monitor.Dashboard, error) {
	if _, err := w.Dashboard(ctx, d.Name); err == nil {
		return d, fmt.Errorf("dashboard %q: %w", d.Name, monitor.ErrConflict)
	}
	return w.putDashboard(d, author, at)
}

func (w *world) UpdateDashboard(ctx context.Context, d monitor.Dashboard, author string, at time.Time) (monitor.Dashboard, error) {
	if _, err := w.Dashboard(ctx, d.Name); err != nil {
		return d, err
	}
	return w.putDashboard(d, author, at)
}

func (w *world) putDashboard(d monitor.Dashboard, author string, at time.Time) (monitor.Dashboard, error) {
	if err := monitor.ValidateDashboard(d); err != nil {
		return d, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	d.UpdatedBy, d.UpdatedAt = author, at
	w.dashboards[d.Name] = d
	return d, nil
}

func (w *world) DeleteDashboard(ctx context.Context, name string) error {
	if _, err := w.Dashboard(ctx, name); err != nil {
		return err
	}
	delete(w.dashboards, name)
	return nil
}

func (w *world) Preferences(_ context.Context, user int64) (monitor.Preferences, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.chosen[user], nil
}

func (w *world) SavePreferences(_ context.Context, user int64, p monitor.Preferences) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.chosen[user] = p
	return nil
}

func TestDashboards_KeepASelectionUnderAName(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	h := handler(t, w.options())
	for _, sc := range []scenario{
		{name: "none yet", method: "GET", path: "/dashboards", status: 200, contains: []string{"No dashboard yet"}},
		{name: "create", method: "POST", path: "/api/v1/dashboards", body: `{"name": "Night shift", "group": "shop", "q": "conv", "order": [3, 1]}`, status: 201, contains: []string{`"order":[3,1]`}},
		{name: "the name is taken", method: "POST", path: "/api/v1/dashboards", body: `{"name": "Night shift"}`, status: 409},
		{name: "no name", method: "POST", path: "/api/v1/dashboards", body: `{"name": "a/b", "level": "red"}`, status: 422, contains: []string{"body.name", "body.level"}},
		{name: "the list", method: "GET", path: "/api/v1/dashboards", status: 200, contains: []string{`"name":"Night shift"`, `"worst":"critical"`, `"matches":1`}},
		{name: "its page", method: "GET", path: "/dashboards/Night%20shift", status: 200, contains: []string{"Conversion rate", "in shop with “conv”"}, lacks: []string{"Queue depth"}},
		{name: "on a wall", method: "GET", path: "/dashboards/Night%20shift?kiosk=1", status: 200, contains: []string{"Leave full screen"}, lacks: []string{`draggable`}},
		{name: "replace", method: "PUT", path: "/api/v1/dashboards/Night%20shift", body: `{"group": "shop"}`, status: 200, contains: []string{`"q":""`, `"order":[]`}},
		{name: "rename", method: "PUT", path: "/api/v1/dashboards/Night%20shift", body: `{"name": "Day"}`, status: 422},
		{name: "order", method: "PUT", path: "/api/v1/dashboards/Night%20shift/order", body: `{"order": [3, 1]}`, status: 204},
		{name: "delete", method: "DELETE", path: "/api/v1/dashboards/Night%20shift", status: 204},
		{name: "gone", method: "GET", path: "/dashboards/Night%20shift", header: map[string]string{"Accept": "text/html"}, status: 404},
	} {
		sc.run(t, h)
	}
}

func TestTiles_OrderOfOnePageLeavesTheOthersAlone(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	h := handler(t, w.options())
	out := scenario{name: "arrange", method: "PUT", path: "/api/v1/me/tiles", body: `{"order": [5, 3]}`, header: map[string]string{"Cookie": "tiles=1.3.2.5.4"}, status: 204}.run(t, h)
	if got := out.Header().Get("Set-Cookie"); !strings.HasPrefix(got, "tiles=1.5.3.2.4;") {
		t.Errorf("the cookie is %q, want 5 and 3 where 3 was", got)
	}
}

func TestPreferences_OfAUserAreInTheDatabase(t *testing.T) {
	_, o, tokens := guarded(t)
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "p.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	o.Preferences, o.Dashboards = db, db
	h := handler(t, o)
	as := func(who string) map[string]string {
		return map[string]string{"Authorization": "Bearer " + tokens[who]}
	}
	for _, sc := range []scenario{
		{name: "own order", method: "PUT", path: "/api/v1/me/tiles", body: `{"order": [3, 2]}`, header: as("viewer"), status: 204},
		{name: "is kept", method: "GET", path: "/api/v1/me/preferences", header: as("viewer"), status: 200, contains: []string{`"tiles":[3,2]`}},
		{name: "is nobody else's", method: "GET", path: "/api/v1/me/preferences", header: as("editor"), status: 200, contains: []string{`"tiles":[]`}},
		{name: "a viewer writes no monitors", method: "PUT", path: "/api/v1/me/alerts", body: `{"alerts": []}`, header: as("viewer"), status: 403},
		{name: "bad destinations", method: "PUT", path: "/api/v1/me/alerts", body: `{"alerts": ["x", "group:nobody"]}`, header: as("editor"), status: 422, contains: []string{"body.alerts[0]", "nobody"}},
		{name: "defaults", method: "PUT", path: "/api/v1/me/alerts", body: `{"alerts": ["mailto:new@example.com"]}`, header: as("editor"), status: 204},
		{name: "a new monitor begins with them", method: "GET", path: "/monitors/new", header: as("editor"), status: 200, contains: []string{"mailto:new@example.com"}},
		{name: "settings show them", method: "GET", path: "/settings", header: as("editor"), status: 200, contains: []string{"mailto:new@example.com"}},
		{name: "a viewer makes no dashboard", method: "POST", path: "/api/v1/dashboards", body: `{"name": "x"}`, header: as("viewer"), status: 403},
	} {
		sc.run(t, h)
	}
}

func TestLists_SayWhatTheyLeaveOutAndLeadOn(t *testing.T) {
	h := longList(t, 5100)
	for path, want := range map[string][]string{
		"/tiles":             {"1 to 60 of 5100", `href="/tiles?page=2"`},
		"/tiles?page=85":     {"5041 to 5100 of 5100", `href="/tiles?page=84"`},
		"/tiles?page=900":    {"5041 to 5100 of 5100"},
		"/":                  {"150 of 5100 shown", `href="/?all=1"`},
		"/?all=1":            {"1 to 5000 of 5100", `href="/?all=1&amp;page=2"`},
		"/?all=1&page=2":     {"5001 to 5100 of 5100"},
		"/?all=1&q=list%204": {"Monitor 4"},
	} {
		body := get(h, path).Body.String()
		for _, part := range want {
			if !strings.Contains(body, part) {
				t.Errorf("%s does not say %q", path, part)
			}
		}
	}
}

func TestBrowser_ADashboardIsMadeSharedAndArranged(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	b := startBrowser(t, w)
	b.Size(1400, 900)
	b.Open("/tiles?group=shop")
	b.Do(chromedp.Click(chromedp.CSS("[popovertarget=keep]")))
	b.Wait("document.activeElement.id === 'keep-name'")
	b.Do(chromedp.KeyEvent("Shop & more"))
	b.Picture("dashboard-keep")
	b.Do(chromedp.KeyEvent(kb.Enter))
	b.Wait("decodeURIComponent(location.pathname) === '/dashboards/Shop & more'")
	const order = "[...document.querySelectorAll('[data-tile]')].map(t => t.dataset.tile).join('.')"
	before := browsertest.Eval[string](b, order)
	b.TabTo("document.activeElement.matches('[data-move=\"1\"]')")
	b.Do(chromedp.KeyEvent(kb.Enter))
	after := browsertest.Eval[string](b, order)
	if after == before {
		t.Error("the tile did not move")
	}
	eventually(t, func() bool {
		d, _ := w.Dashboard(t.Context(), "Shop & more")
		return len(d.Tiles) > 0 && d.UpdatedBy != "" && fmt.Sprint(d.Tiles) == "["+strings.ReplaceAll(after, ".", " ")+"]"
	})
	b.Picture("dashboard")
	b.Open("/dashboards")
	b.Wait("document.querySelector('.tile .name')?.textContent === 'Shop & more'")
	b.Picture("dashboards")
	b.Do(chromedp.Click(chromedp.CSS(".tile-head")))
	b.Wait("document.querySelector('[data-tile]')")
	if again := browsertest.Eval[string](b, order); again != after {
		t.Errorf("the order is %s, want %s", again, after)
	}
	b.Do(chromedp.Click(chromedp.CSS("[data-confirm] button")))
	b.Wait("document.querySelector('[data-confirm] button.armed')")
	b.Do(chromedp.Click(chromedp.CSS("[data-confirm] button.armed")))
	b.Wait("location.pathname === '/dashboards' && document.body.textContent.includes('No dashboard yet')")
}

// eventually waits up to five seconds for what a browser sets off.
func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(5 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline.C:
			t.Fatal("it did not happen")
		case <-tick.C:
		}
	}
}
