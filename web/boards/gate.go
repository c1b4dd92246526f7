package boards

import (
	"encoding/json"
	"fmt"
	"html"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"wingmirror/board"
	"wingmirror/monitor"
)

// gateBody is a gate's answer; wingmirror gate reads it.
type gateBody struct {
	Component  string          `json:"component"`
	Allowed    bool            `json:"allowed"`
	Code       int             `json:"code" doc:"The level that was compared, 1 to 5"`
	Level      string          `json:"level"`
	LevelName  string          `json:"level_name"`
	Min        int             `json:"min"`
	Stale      bool            `json:"stale"`
	Why        string          `json:"why"`
	Reasons    []rationaleBody `json:"reasons"`
	More       int             `json:"more,omitempty"`
	Ask        string          `json:"ask" doc:"Whom to ask"`
	NextChange *time.Time      `json:"next_change"`
}

// gate answers 200 or 423: whether a component stands at least at a level.
func (r room) gate(w http.ResponseWriter, q *http.Request) error {
	look, n, err := r.node(q.PathValue("component"))
	if err != nil {
		return err
	}
	query := q.URL.Query()
	least := board.DefaultMin
	if text := query.Get("min"); text != "" {
		if least, err = monitor.ParseDC(text); err != nil {
			return monitor.Invalid("min", "%q is no level; write 1 (the most critical) to 5", monitor.Cut(text, 50))
		}
	}
	unknown, err := board.ParseUnknown(query.Get("on_unknown"))
	if err != nil {
		return err
	}
	v := look.Gate(n, least, unknown)
	body := gateBody{
		Component: n.ID, Allowed: v.Allowed, Code: int(v.Level), Level: v.Level.String(), LevelName: look.Levels[v.Level].Name, Min: int(v.Min), Stale: v.Stale,
		Why: v.Why, Reasons: make([]rationaleBody, len(v.Reasons)), More: v.All - len(v.Reasons), Ask: v.Ask, NextChange: moment(v.Next),
	}
	for i, reason := range v.Reasons {
		body.Reasons[i] = toRationale(reason)
	}
	status := http.StatusOK
	if !v.Allowed {
		status = http.StatusLocked
		if wait := v.Next.Sub(r.Now()); !v.Next.IsZero() && wait > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		}
	}
	return writeJSON(w, status, body)
}

func writeJSON(w http.ResponseWriter, status int, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(status)
	_, _ = w.Write(data) // an error means that nobody is listening any more
	return nil
}

// badge draws the level of a component: 20 pixels high, the name on the left,
// the level's word on the right in its colour. It is 150 wide unless the words
// need more.
func (r room) badge(w http.ResponseWriter, q *http.Request) error {
	id, isSVG := strings.CutSuffix(q.PathValue("name"), ".svg")
	if !isSVG {
		return monitor.Missing("a badge is an SVG: /badge/%s.svg", monitor.Cut(id, 64))
	}
	look, n, err := r.node(id)
	if err != nil {
		return err
	}
	left, right := n.Title(), look.Levels[n.Level].Name
	if look.Stale(n) {
		right += "?"
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "no-cache, max-age=0")
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin") // badges are for other pages
	_, _ = fmt.Fprint(w, badgeSVG(left, right, color(n.Level), n.Level.String()))
	return nil
}

func badgeSVG(left, right, fill, title string) string {
	width := func(text string) int { return 7*utf8.RuneCountInString(text) + 12 }
	a, b := width(left), width(right)
	if a+b < 150 {
		a = 150 - b
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="20" role="img" aria-label="%s: %s"><title>%s: %s</title>`+
		`<clipPath id="r"><rect width="%d" height="20" rx="3"/></clipPath><g clip-path="url(#r)"><rect width="%d" height="20" fill="#555"/><rect x="%d" width="%d" height="20" fill="%s"/></g>`+
		`<g fill="#fff" text-anchor="middle" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11"><text x="%d" y="14">%s</text><text x="%d" y="14">%s</text></g></svg>`,
		a+b, html.EscapeString(left), html.EscapeString(right), html.EscapeString(left), title,
		a+b, a, a, b, fill, a/2, html.EscapeString(left), a+b/2, html.EscapeString(right))
}
