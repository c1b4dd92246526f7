package web_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"wingmirror/account"
	"wingmirror/monitor"
	"wingmirror/store"
	"wingmirror/web"
	"wingmirror/web/browsertest"
)

// TestPages_LookAtThem makes a picture of every page, wide, narrow and dark. It
// runs where WINGMIRROR_PICTURES names a directory for them.
func TestPages_LookAtThem(t *testing.T) {
	if os.Getenv("WINGMIRROR_PICTURES") == "" {
		t.Skip("WINGMIRROR_PICTURES names no directory for the pictures")
	}
	w := newWorld(t, time.Now)
	w.fill()
	b := startBrowserOn(t, handler(t, furnished(t, w)))
	b.Expect("404")
	for name, path := range allPages(w) {
		b.Dark(false)
		b.Size(1400, 900)
		b.Open(path)
		b.Wait("document.readyState === 'complete'")
		if name == "editor" {
			b.Wait("document.querySelector('.target-row')")
		}
		if name == "deliveries" {
			browsertest.Eval[bool](b, "document.querySelectorAll('details')[1].open = true")
		}
		if name == "api" {
			browsertest.Eval[bool](b, "document.querySelectorAll('details')[1].open = true")
		}
		b.Picture(name + "-wide")
		b.Dark(true)
		b.Picture(name + "-dark")
		b.Dark(false)
		b.Size(390, 844)
		browsertest.Eval[bool](b, "new Promise(done => requestAnimationFrame(() => setTimeout(() => done(true), 150)))")
		b.Picture(name + "-phone")
	}
}

// furnished is a world with something on every page that is kept in a store.
func furnished(t *testing.T, w *world) web.Options {
	t.Helper()
	o := withContacts(t, w.options())
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "furnished.db"), Now: w.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	o.Silences, o.Announcements = db, db
	announcement := monitor.Announcement{Kind: monitor.AnnounceWarning, Text: "The database moves tonight from 22:00.", From: w.now(), Until: w.now().Add(4 * time.Hour)}
	if _, err := db.SaveAnnouncement(t.Context(), announcement, "grace", w.now()); err != nil {
		t.Fatal(err)
	}
	ops := monitor.ContactGroup{Name: "ops", Description: "whoever is on call", Members: []string{"mailto:ops@example.com"}}
	if _, err := o.Contacts.SaveContactGroup(t.Context(), ops, "grace", w.now()); err != nil {
		t.Fatal(err)
	}
	silence := monitor.Silence{Matches: monitor.Match{Group: "shop/web"}, From: w.now(), Until: w.now().Add(2 * time.Hour), Reason: "deploy", Author: "grace"}
	if _, err := db.SaveSilence(t.Context(), silence, w.now()); err != nil {
		t.Fatal(err)
	}
	return o
}

func allPages(w *world) map[string]string {
	w.dashboards["Shop"] = monitor.Dashboard{Name: "Shop", Group: "shop"}
	run := w.runs[1][40].At.UTC().Format(time.RFC3339)
	return map[string]string{
		"monitors": "/", "tiles": "/tiles", "dashboards": "/dashboards", "dashboard": "/dashboards/Shop", "kiosk": "/tiles?kiosk=1", "editor": "/monitors/1", "new": "/monitors/new", "runs": "/monitors/1/runs", "run": "/monitors/1/runs/" + run, "versions": "/monitors/1/versions",
		"costs": "/costs", "incidents": "/incidents", "incident": "/incidents/3", "deliveries": "/deliveries", "sources": "/sources", "reference": "/reference", "silences": "/silences", "announcements": "/announcements", "contacts": "/contacts", "api": "/docs/api", "nowhere": "/nowhere",
	}
}

// TestServe_ForDevelopment serves the pages over a made-up world, on the address
// in WINGMIRROR_WEB_LISTEN, until it is stopped.
func TestServe_ForDevelopment(t *testing.T) {
	address := os.Getenv("WINGMIRROR_WEB_LISTEN")
	if address == "" {
		t.Skip("WINGMIRROR_WEB_LISTEN names no address")
	}
	w := newWorld(t, time.Now)
	w.fill()
	t.Fatal(http.ListenAndServe(address, handler(t, w.options()))) //nolint:gosec // a loopback server for whoever works on the pages
}

func TestBrowser_LogInAndAddAUser(t *testing.T) {
	w, o, _ := guarded(t)
	b := startBrowserOn(t, handler(t, o))
	b.Size(1400, 900)
	b.Expect("401")
	b.Open("/incidents")
	b.Wait("location.pathname === '/login'")
	b.SetField("name", "admin")
	b.SetField("password", "wrong\r")
	b.Wait("document.querySelector('.notice.critical')")
	b.Picture("flow-login")
	b.SetField("password", password+"\r")
	b.Wait("location.pathname === '/incidents'")
	b.Open("/settings")
	b.Do(chromedp.Click(chromedp.CSS("#u-name")), chromedp.KeyEvent("linus"), chromedp.Click(chromedp.CSS("#u-pw")), chromedp.KeyEvent("short\r"))
	b.Expect("422")
	b.Wait("[...document.querySelectorAll('form .error')].some(e => e.textContent)")
	b.Picture("flow-settings")
	b.Do(chromedp.Click(chromedp.CSS("#u-pw")), chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl)), chromedp.KeyEvent("seven owls on a quiet roof\r"))
	b.Wait("document.querySelector('main').textContent.includes('linus')")
	users, err := o.Access.Users(account.With(context.Background(), account.Operator()))
	if err != nil || len(users) != 4 {
		t.Errorf("%d users, %v", len(users), err)
	}
	b.Open("/incidents/2")
	b.Do(chromedp.Click(chromedp.CSS("main button.primary")))
	b.Wait("document.querySelector('main').textContent.includes('Take acknowledgement back')")
	if w.incidents[1].AckedBy != "admin" {
		t.Errorf("acknowledged by %q", w.incidents[1].AckedBy)
	}
	b.Picture("flow-incident")
}
