package web

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"wingmirror/account"
	"wingmirror/monitor"
)

// View is one page to be shown.
type View struct {
	Page    string  // template
	Title   string  //
	Status  int     // 0 is 200
	Nav     string  // which entry of the navigation is current
	Above   []Crumb // see Path; nil for a page that is a place of the navigation itself
	Styled  bool    // the page's scripts make style elements: it needs a nonce
	Live    bool    // the page updates by itself
	Bare    bool    // without the frame, for a screen on a wall
	Archive bool    // announcements that are over stand at its foot
	Worst   monitor.Level
	Data    any
}

// layoutData is what the layout sees; the page's own data is in Data.
type layoutData struct {
	Title    string
	Theme    string
	Nonce    string
	Worst    string
	Nav      navigation
	Crumbs   []Crumb
	Live     bool
	Bare     bool
	Demo     bool
	User     string
	OpenNote string
	Strip    announcementStrip
	Data     any
}

// render writes a page. Nothing is sent before the whole page is made, so an
// error in a template is an error page and not half of one.
func (s *server) render(w http.ResponseWriter, r *http.Request, v View) error {
	data := layoutData{
		Title: v.Title, Theme: theme(r), Nav: s.navigation(v.Nav), Live: v.Live && s.Events != nil, Demo: s.Demo, Bare: v.Bare, Data: v.Data,
		Worst: v.Worst.String(), Strip: s.announcements(r, v),
	}
	data.Crumbs = data.Nav.crumbs(v.Above)
	if who := account.From(r.Context()); who.Kind == account.ByLogin {
		data.User = who.Name
	}
	if s.Access != nil && account.From(r.Context()).Kind == account.Nobody {
		data.Nav = navigation{} // none of it would open
	}
	if s.Access != nil {
		mode, err := s.Access.Mode(r.Context())
		if err != nil {
			return err
		}
		data.OpenNote = mode.Notice()
	}
	h := w.Header()
	if v.Styled {
		data.Nonce = newNonce()
		h.Set("Content-Security-Policy", policy(data.Nonce))
	}
	var body bytes.Buffer
	if err := s.pages[v.Page].ExecuteTemplate(&body, "layout", data); err != nil {
		return fmt.Errorf("render page %q: %w", v.Page, err)
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Vary", "Accept-Encoding, Cookie")
	status := max(v.Status, http.StatusOK)
	if !acceptsGzip(r) {
		w.WriteHeader(status)
		_, err := w.Write(body.Bytes())
		return err
	}
	h.Set("Content-Encoding", "gzip")
	w.WriteHeader(status)
	zip, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return fmt.Errorf("compress page %q: %w", v.Page, err)
	}
	if _, err := zip.Write(body.Bytes()); err == nil {
		_ = zip.Close()
	}
	return nil // an error means that the reader went away; there is nobody to tell
}

// theme is the reader's choice, kept in a cookie so that the first paint is right.
func theme(r *http.Request) string {
	c, err := r.Cookie("theme")
	if err != nil || (c.Value != "dark" && c.Value != "light") {
		return ""
	}
	return c.Value
}

func (s *server) templateFuncs() template.FuncMap {
	return template.FuncMap{
		"asset": func(name string) (string, error) {
			a, ok := s.assets[name]
			if !ok {
				return "", fmt.Errorf("no asset %q", name)
			}
			return "/assets/" + a.Hashed, nil
		},
		"iso":       func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) },
		"exact":     func(t time.Time) string { return monitor.Moment(t.UTC()) },
		"when":      func(t time.Time, as string) template.HTML { return timeTag(t, s.Now(), as) },
		"levelName": levelName,
		"duration":  duration,
		"runPath":   runPath,
		"bytes":     byteSize,
		"faultText": func(f monitor.Fault) string { return f.Description() },
		"dict":      dict,
		"prefixed":  commented,
		"letter":    readLetter,
	}
}

// dict makes a map of keys and values, for templates that take more than one thing.
func dict(pairs ...any) (map[string]any, error) {
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: key %v is no text", pairs[i])
		}
		m[key] = pairs[i+1]
	}
	return m, nil
}

// commented makes lines of output comments of the script that made them.
func commented(output string) string {
	return "// " + strings.ReplaceAll(strings.TrimSuffix(output, "\n"), "\n", "\n// ")
}

func levelName(class string) string {
	if class == "ok" {
		return "OK"
	}
	return strings.ToUpper(class[:1]) + class[1:]
}

// timeTag is a time as people say it: how long "ago" or until then, "for" how long it
// has been so, or what comes "next", with the exact time on hover. A page has hundreds of them, so
// it is made here: nothing in it needs to be escaped.
func timeTag(t, now time.Time, as string) template.HTML {
	text := relative(t, now)
	switch {
	case as == "for":
		text = span(now.Sub(t))
	case as == "next" && t.Before(now):
		text = "now"
	}
	return template.HTML(`<time data-rel="` + as + `" datetime="` + t.UTC().Format(time.RFC3339Nano) + `" title="` + monitor.Moment(t.UTC()) + `">` + text + `</time>`)
}

// relative says when t is in the words of the script that keeps it true.
func relative(t, now time.Time) string {
	d := t.Sub(now).Round(time.Second)
	switch {
	case d == 0:
		return "now"
	case d > 0:
		return "in " + span(d)
	}
	return span(d) + " ago"
}

// span is how long something is, in its largest unit, rounded: one that was just
// set for two hours ends in 2 h, not in 1 h.
func span(d time.Duration) string {
	d = d.Abs().Round(time.Second)
	for _, unit := range []struct {
		size, until time.Duration
		name        string
	}{{time.Second, time.Minute, "s"}, {time.Minute, time.Hour, "min"}, {time.Hour, 36 * time.Hour, "h"}} {
		if n := d.Round(unit.size); n < unit.until {
			return strconv.Itoa(int(n/unit.size)) + " " + unit.name
		}
	}
	return strconv.Itoa(int(d.Round(24*time.Hour)/(24*time.Hour))) + " d"
}

// duration shows the two largest units that say something.
func duration(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return strconv.FormatInt(d.Microseconds(), 10) + " µs"
	case d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
	case d < time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d d %d h", int(d.Hours())/24, int(d.Hours())%24)
}

func runPath(monitor int64, at time.Time) string {
	return fmt.Sprintf("/monitors/%d/runs/%s", monitor, at.UTC().Format(time.RFC3339Nano))
}

func itoa(n int) string { return strconv.Itoa(n) }
