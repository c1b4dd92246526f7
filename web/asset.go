package web

import (
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

// asset serves a bundled file. Its address changes with its content, so a
// browser need never ask for it again.
func (s *server) asset(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	a, ok := s.assets[name]
	if !ok {
		return notFound("there is no asset %q; reload the page", name)
	}
	h := w.Header()
	h.Set("Content-Type", map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}[path.Ext(name)])
	h.Set("ETag", strconv.Quote(a.Hashed))
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "no-cache")
	if name == a.Hashed {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	content := a.Content
	if a.Gzipped != nil && acceptsGzip(r) {
		h.Set("Content-Encoding", "gzip")
		content = a.Gzipped
	}
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(content)))
	return nil
}

func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, quality, _ := strings.Cut(strings.TrimSpace(part), ";")
		if coding == "gzip" && strings.TrimSpace(quality) != "q=0" {
			return true
		}
	}
	return false
}

// favicon draws the mirror in the colour of a level.
func (s *server) favicon(w http.ResponseWriter, r *http.Request) error {
	colors := map[string]string{"ok": "#1b7a4b", "warning": "#d99a1c", "critical": "#b3261e", "unknown": "#59636f"}
	color, ok := colors[strings.TrimSuffix(r.PathValue("level"), ".svg")]
	if !ok {
		color = "#1b5fb8"
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path fill="%s" d="M2 9c0-3.3 2.7-6 6-6h9a5 5 0 0 1 5 5v4a7 7 0 0 1-7 7h-3l-4 3v-3a6 6 0 0 1-6-6z"/><path fill="#fff" d="M5 9.2C5 7.4 6.4 6 8.2 6H17a2 2 0 0 1 2 2v3.5a4.5 4.5 0 0 1-4.5 4.5H8a3 3 0 0 1-3-3z" opacity=".92"/><path fill="none" stroke="%s" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" d="m7.5 12 2.2-2.4 2.4 2.8 4.2-4"/></svg>`, color, color)
	return err
}
