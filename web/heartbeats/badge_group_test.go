package heartbeats

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"wingmirror/heartbeat"
	"wingmirror/monitor"
)

// shelf is a book of heartbeats that stand as a test says.
type shelf []heartbeat.View

func (s shelf) List(string) []heartbeat.View { return s }

func (s shelf) ByID(id int64) (heartbeat.View, error) {
	for _, v := range s {
		if v.Heartbeat.ID == id {
			return v, nil
		}
	}
	return heartbeat.View{}, monitor.ErrNotFound
}

func standing(id int64, space string, level monitor.Level, labels map[string]string) heartbeat.View {
	var v heartbeat.View
	v.Heartbeat = monitor.Heartbeat{ID: id, Space: space, Name: "job", Labels: labels, Active: true}
	v.State.Level = level
	return v
}

func TestBadges_OfAGroupShowItsWorst(t *testing.T) {
	shop := map[string]string{"team": "shop", "zone": "a/b.c"}
	b := Badges{Secret: "s", Book: shelf{
		standing(1, "ops", monitor.OK, shop), standing(2, "ops", monitor.Critical, nil), standing(3, "web", monitor.Warning, shop), standing(4, "ops", monitor.Critical, nil),
	}}
	ask := func(address string) (int, string) {
		w := httptest.NewRecorder()
		b.ServeHTTP(w, httptest.NewRequest(http.MethodGet, address, nil))
		return w.Code, w.Body.String()
	}
	for g, want := range map[group]string{
		{"space", "ops"}: "2 down", {"space", "web"}: "1 warning", {"label", "team=shop"}: "1 warning", {"label", "zone=a/b.c"}: "1 warning",
	} {
		for _, kind := range []string{".svg", ".json", ".shields"} {
			if status, body := ask(b.GroupAddress(g) + kind); status != http.StatusOK || !strings.Contains(body, want) {
				t.Errorf("%v%s: %d %s", g, kind, status, body)
			}
		}
	}
	if status, _ := ask(b.GroupAddress(group{"label", "team=none"}) + ".svg"); status != http.StatusNotFound {
		t.Errorf("a group without heartbeats: %d", status)
	}
	guessed := strings.Replace(b.GroupAddress(group{"space", "ops"}), "/ops", "/"+url.PathEscape("web"), 1)
	for _, address := range []string{guessed + ".svg", BadgePath + "x", BadgePath, BadgePath + "1-abc.svg"} {
		if status, _ := ask(address); status != http.StatusNotFound {
			t.Errorf("%s: %d", address, status)
		}
	}
	if status, body := ask(b.Address(2) + ".json"); status != http.StatusOK || !strings.Contains(body, `"down"`) {
		t.Errorf("one heartbeat: %d %s", status, body)
	}
}
