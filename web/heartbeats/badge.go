package heartbeats

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"wingmirror/heartbeat"
	"wingmirror/monitor"
)

// BadgePath is where badges are: BadgePath, a name that nobody can guess, and
// .svg, .json or .shields.
const BadgePath = "/badges/"

// Badges are small pictures of a heartbeat's level for other people's pages. They
// need no login; whoever knows a badge's address sees the level and the name.
type Badges struct {
	Secret string // signs addresses
	Base   string // the server's address as people reach it
	Book   interface {
		ByID(id int64) (heartbeat.View, error)
		List(space string) []heartbeat.View
	}
}

// Address is where the badge of a heartbeat is, without its ending.
func (b Badges) Address(id int64) string { return b.Base + BadgePath + b.name(id) }

func (b Badges) name(id int64) string {
	number := strconv.FormatInt(id, 10)
	return number + "-" + b.sign(number)
}

// sign returns what only we can write of a text.
func (b Badges) sign(text string) string {
	mac := hmac.New(sha256.New, []byte(b.Secret))
	mac.Write([]byte("badge " + text))
	return hex.EncodeToString(mac.Sum(nil)[:12])
}

// ServeHTTP answers with the badge.
func (b Badges) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, BadgePath)
	dot := strings.LastIndexByte(path, '.')
	name, kind := path[:max(dot, 0)], path[dot+1:]
	if g, ok := b.groupOf(name); ok {
		b.serveGroup(w, g, kind)
		return
	}
	number, _, _ := strings.Cut(name, "-")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil || !hmac.Equal([]byte(name), []byte(b.name(id))) {
		http.Error(w, "there is no such badge", http.StatusNotFound)
		return
	}
	v, err := b.Book.ByID(id)
	if err != nil {
		http.Error(w, "the heartbeat of this badge is gone", http.StatusNotFound)
		return
	}
	status, colour := badgeText(v)
	answerBadge(w, kind, face{v.Heartbeat.Name, status, colour},
		map[string]any{"name": v.Heartbeat.Name, "status": status, "level": v.State.Level, "since": timeOrNil(v.State.Since)})
}

// face is what a badge shows.
type face struct{ name, status, colour string }

// answerBadge answers with a badge in the form that its ending asks for.
func answerBadge(w http.ResponseWriter, kind string, f face, whole map[string]any) {
	w.Header().Set("Cache-Control", "no-cache, max-age=0")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	switch kind {
	case "svg":
		w.Header().Set("Content-Type", "image/svg+xml")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		fmt.Fprint(w, badgeSVG(f.name, f.status, f.colour))
	case "json":
		writeJSON(w, http.StatusOK, whole)
	case "shields":
		writeJSON(w, http.StatusOK, map[string]any{"schemaVersion": 1, "label": f.name, "message": f.status, "color": f.colour})
	default:
		http.Error(w, "a badge ends in .svg, .json or .shields", http.StatusNotFound)
	}
}

func badgeText(v heartbeat.View) (text, colour string) {
	switch {
	case !v.Heartbeat.Active:
		return "paused", "#6b7280"
	case v.State.Level == monitor.OK:
		return "up", "#1b7a4b"
	case v.State.Level == monitor.Warning:
		return "warning", "#9a6700"
	case v.State.Level == monitor.Critical:
		return "down", "#b3261e"
	}
	return "new", "#6b7280"
}

// badgeSVG draws two fields, about as wide as their texts at 11 pixels.
func badgeSVG(label, status, colour string) string {
	label = monitor.Cut(label, 60)
	left, right := 12+7*utf8.RuneCountInString(label), 12+7*utf8.RuneCountInString(status)
	name := html.EscapeString(label)
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="20" role="img" aria-label="%s: %s"><title>%s: %s</title>`+
		`<rect width="%d" height="20" rx="3" fill="#444c56"/><path d="M%d 0h%da3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-%dz" fill="%s"/>`+
		`<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">`+
		`<text x="%d" y="14" textLength="%d">%s</text><text x="%d" y="14" textLength="%d">%s</text></g></svg>`,
		left+right, name, status, name, status, left+right, left, right-3, right-3, colour,
		left/2, left-12, name, left+right/2, right-12, status)
}
