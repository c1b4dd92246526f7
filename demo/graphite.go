package demo

import (
	"fmt"
	"net/http"
	"time"
)

// Options configure a demonstration Graphite.
type Options struct {
	Now  func() time.Time // required; no point is newer than it
	Seed uint64           // of the series; equal seeds give equal series
}

// Bounds of one request. A month of one series at its native step has 259,200
// points.
const (
	maxForm    = 1 << 20 // bytes of a request's form
	maxTargets = 1000
	maxPoints  = 4_000_000 // read from series or made by functions, over all targets
	maxRange   = 800 * day // seconds between a window's ends, as a request or a function asks for it
	maxRenders = 4         // renders under way at once; more wait
)

const (
	minute = 60
	hour   = 60 * minute
	day    = 24 * hour
	week   = 7 * day
)

// graphite is the handler's state, of which nothing changes after it is made.
type graphite struct {
	now     func() time.Time
	metrics []metric // sorted by path
	renders chan struct{}
}

// NewGraphite returns a handler that answers the requests of Graphite's HTTP
// API that a client of metrics makes: /render (json, raw, csv), /metrics/find,
// /metrics/expand, /metrics/index.json, /functions, /version and /tags. It may be
// used by many requests at once.
func NewGraphite(o Options) http.Handler {
	registerFunctions()
	g := &graphite{now: o.Now, metrics: newShop(o.Seed).metrics(), renders: make(chan struct{}, maxRenders)}
	mux := http.NewServeMux()
	for path, handle := range map[string]http.HandlerFunc{
		"/render":             g.render,
		"/metrics/find":       g.find,
		"/metrics/expand":     g.expand,
		"/metrics/index.json": g.index,
		"/functions":          listFunctions,
		"/version":            version,
		"/tags":               noTags,
	} {
		mux.HandleFunc(path, handle)
		mux.HandleFunc(path+"/{$}", handle)
	}
	mux.HandleFunc("/metrics", g.find)
	mux.HandleFunc("/functions/{name}", showFunction)
	mux.HandleFunc("/tags/{path...}", noTags)
	return mux
}

// version names the version of graphite-web's API that the function library
// keeps to, as carbonapi itself does.
func version(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "1.1.0") }

// noTags answers every question about tags: no series here has any.
func noTags(w http.ResponseWriter, _ *http.Request) { writeJSON(w, []string{}) }

// form reads the parameters of a GET or a form POST, as Graphite merges them.
// It answers the request itself when it returns false.
func form(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		http.Error(w, fmt.Sprintf("Invalid parameters (%v)", err), http.StatusBadRequest)
		return false
	}
	return true
}
