package boards

import (
	"fmt"
	"html"
	"net/http"
	"strings"
	"unicode/utf8"

	"wingmirror/monitor"
)

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
