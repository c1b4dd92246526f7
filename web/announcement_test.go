package web_test

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"wingmirror/monitor"
	"wingmirror/store"
	"wingmirror/web"
	"wingmirror/web/browsertest"
)

func announcing(t *testing.T, w *world, o web.Options) (*store.DB, web.Options) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "announcements.db"), Now: w.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	o.Announcements = db
	return db, o
}

func TestAPI_Announcements(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	w := newWorld(t, func() time.Time { return now })
	_, o := announcing(t, w, w.options())
	h := handler(t, o)
	const path = "/api/v1/announcements"
	for _, sc := range []scenario{
		{name: "none yet", method: "GET", path: path, status: 200, contains: []string{`"announcements":[]`}, lacks: []string{`"next"`}},
		{name: "from now on", method: "POST", path: path, body: `{"text": " Checkout is slow. "}`, status: 201,
			contains: []string{`"id":1`, `"text":"Checkout is slow."`, `"kind":"info"`, `"status":"active"`, `"from":"2026-11-20T12:00:00Z"`, `"author":"local"`}, lacks: []string{`"until"`}},
		{name: "planned", method: "POST", path: path, body: `{"text": "Move", "kind": "warning", "from": "2026-11-21T22:00:00Z", "until": "2026-11-21T23:00:00Z"}`, status: 201, contains: []string{`"status":"waiting"`}},
		{name: "everything wrong at once", method: "POST", path: path, body: `{"kind": "loud", "until": "2026-11-19T00:00:00Z"}`, status: 422, contains: []string{"body.text", "body.kind", "body.until"}},
		{name: "by status", method: "GET", path: path + "?status=active", status: 200, contains: []string{`"id":1`}, lacks: []string{`"id":2`}},
		{name: "first page", method: "GET", path: path + "?limit=1", status: 200, contains: []string{`"id":2`, `"next":2`}},
		{name: "last page", method: "GET", path: path + "?limit=1&before=2", status: 200, contains: []string{`"id":1`}, lacks: []string{`"next"`}},
		{name: "past what another status hides", method: "GET", path: path + "?limit=1&status=active", status: 200, contains: []string{`"id":1`}, lacks: []string{`"next"`}},
		{name: "change without a version", method: "PUT", path: path + "/1", body: `{"text": "x"}`, status: 422, contains: []string{"GET the announcement"}},
		{name: "change keeps the begin", method: "PUT", path: path + "/2", header: map[string]string{"If-Match": `"1"`}, body: `{"text": "Move of disks", "kind": "ok"}`, status: 200,
			contains: []string{`"version":2`, `"kind":"ok"`, `"from":"2026-11-21T22:00:00Z"`}, lacks: []string{`"until"`}},
		{name: "change an old version", method: "PUT", path: path + "/2", header: map[string]string{"If-Match": `"1"`}, body: `{"text": "x"}`, status: 412},
		{name: "end", method: "POST", path: path + "/1/end", status: 200, contains: []string{`"status":"over"`, `"until":"2026-11-20T12:00:00Z"`}},
		{name: "end again", method: "POST", path: path + "/1/end", status: 409},
		{name: "not there", method: "GET", path: path + "/99", status: 404},
	} {
		sc.run(t, h)
	}
}

func TestStrip_StandsOnEveryPageUntilItIsOverOrPutAway(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	w := newWorld(t, func() time.Time { return now })
	w.fill()
	db, o := announcing(t, w, furnished(t, w))
	a := monitor.Announcement{Kind: monitor.AnnounceInfo, Text: "all of <b>it</b>", From: now, Until: now.Add(time.Hour)}
	if _, err := db.SaveAnnouncement(t.Context(), a, "ann", now); err != nil {
		t.Fatal(err)
	}
	h := handler(t, o)
	const mark, text = `data-mark="1-1"`, "all of &lt;b&gt;it&lt;/b&gt;"
	for name, path := range allPages(w) {
		if body := get(h, path).Body.String(); !strings.Contains(body, mark) || !strings.Contains(body, text) {
			t.Errorf("%s has no announcement", name)
		}
	}
	if body := get(h, "/", "Cookie", "announcements=9-9.1-1").Body.String(); strings.Contains(body, mark) {
		t.Error("it stands there again for whoever put it away")
	}
	if body := get(h, "/tiles?kiosk=1", "Cookie", "announcements=1-1").Body.String(); !strings.Contains(body, mark) || strings.Contains(body, "data-put-away") {
		t.Error("on a wall it can be put away")
	}
	now = now.Add(time.Hour)
	if body := get(h, "/").Body.String(); strings.Contains(body, mark) {
		t.Error("it stands there although it is over")
	}
}

// silent is a store that does not answer.
type silent struct{ *store.DB }

func (silent) Announcements(context.Context, time.Time) ([]monitor.Announcement, error) {
	return nil, errors.New("no answer")
}

func TestStrip_NoPageFailsForItsSake(t *testing.T) {
	w := newWorld(t, time.Now)
	o := w.options()
	o.Announcements = silent{}
	if out := get(handler(t, o), "/"); out.Code != http.StatusOK {
		t.Errorf("got %d", out.Code)
	}
}

func TestStrip_IsNotForThoseWhoHaveNotLoggedIn(t *testing.T) {
	w, o, _ := guarded(t)
	db, o := announcing(t, w, o)
	if _, err := db.SaveAnnouncement(t.Context(), monitor.Announcement{Kind: monitor.AnnounceInfo, Text: "secret", From: w.now()}, "ann", w.now()); err != nil {
		t.Fatal(err)
	}
	if body := get(handler(t, o), "/login").Body.String(); strings.Contains(body, "secret") || !strings.Contains(body, "</html>") {
		t.Error("the login page tells what is announced")
	}
}

func TestBrowser_AnnounceAndPutAway(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	_, o := announcing(t, w, w.options())
	b := startBrowserOn(t, handler(t, o))
	b.Size(1400, 900)
	b.Open("/announcements")
	b.SetField("text", "The database moves tonight from 22:00. Late heartbeats are expected, and the shop's rates jump for some minutes.")
	b.SetField("kind", "warning")
	browsertest.Eval[bool](b, `document.querySelector("#a-until").value = "`+time.Now().Add(25*time.Hour).Format("2006-01-02T15:04")+`", true`)
	b.Do(chromedp.Click(chromedp.CSS("form[data-api] button.primary")))
	b.Wait("document.querySelectorAll('#announcements .announcement.warning').length === 1")
	b.SetField("text", "Checkout answers again.")
	browsertest.Eval[bool](b, `document.querySelector("#a-kind").value = "ok", true`)
	b.Do(chromedp.Click(chromedp.CSS("form[data-api] button.primary")))
	b.Wait("document.querySelectorAll('#announcements .announcement').length === 2")
	b.Examine(browsertest.Axe(t), map[string]string{"announcements": "/announcements", "announcement": "/announcements?edit=1"})
	b.Wait("document.querySelector('#a-until').value !== '' || document.querySelector('#a-text').value === ''")
	b.Open("/")
	b.Picture("announcements-strip")
	b.Do(chromedp.Click(chromedp.CSS(".announcement.ok [data-put-away]")))
	b.Wait("document.querySelectorAll('#announcements .announcement').length === 1 && document.activeElement.matches('.announcement.warning [data-put-away]')")
	b.Open("/incidents")
	b.Wait("document.querySelectorAll('#announcements .announcement').length === 1")
	// Somebody else changes it and writes another: both come to the open page by themselves.
	change := `fetch("/api/v1/announcements/2", {method: "PUT", headers: {"Content-Type": "application/json", "If-Match": '"1"'}, body: JSON.stringify({text: "Checkout is down again.", kind: "critical"})}), true`
	browsertest.Eval[bool](b, change)
	b.Wait("document.querySelector('#announcements .announcement')?.matches('.critical')")
}
