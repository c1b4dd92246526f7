package graphitetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"wingmirror/target"
)

// Fake is an http.Handler that answers as Graphite does, from no data. Every
// metric exists and has a value that only depends on its name and the time; a *
// in a path matches web1, web2 and web3, and braces what they list. Metrics
// whose first part is missing do not exist, those under empty have no points,
// those under stale none in the window's last half. Functions whose name starts
// with noSuch are unknown; alias, aliasSub, constantLine and sumSeries do what
// they should, and all others only change the names of their first argument's
// series. The zero value is ready; fields are set before it serves.
type Fake struct {
	Step     int64         // seconds between points; 0 is 60
	Latency  time.Duration // before each answer
	Lossy    bool          // answers as carbonapi does: failed targets are left out of a batch
	Untagged bool          // aliasSub is an unknown function
	// Forgetful keeps no Requests, for those who send too many.
	Forgetful bool
	// Intercept, if not nil, sees each request first and says whether it has
	// answered it.
	Intercept func(http.ResponseWriter, *http.Request) bool

	mu       sync.Mutex
	requests []Request
	flying   int
	most     int
}

// Request is one request that a Fake got.
type Request struct {
	Method  string
	Path    string
	Targets []string
	Form    map[string][]string
}

// Requests returns the requests so far, in the order of their arrival.
func (f *Fake) Requests() []Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Request(nil), f.requests...)
}

// MostAtOnce returns the highest number of requests that were under way together.
func (f *Fake) MostAtOnce() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.most
}

// ServeHTTP answers render, find, functions and version under any prefix.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.ParseForm() // a body that is no form has no targets
	f.enter(Request{Method: r.Method, Path: r.URL.Path, Targets: r.Form["target"], Form: r.Form})
	defer f.leave()
	if f.Latency > 0 {
		select {
		case <-time.After(f.Latency):
		case <-r.Context().Done():
			return
		}
	}
	if f.Intercept != nil && f.Intercept(w, r) {
		return
	}
	if f.Lossy {
		w.Header().Set("X-Ctx-Carbonapi-Uuid", "00000000-0000-0000-0000-000000000000")
	}
	switch path := strings.TrimSuffix(r.URL.Path, "/"); {
	case strings.HasSuffix(path, "/render"):
		f.render(w, r)
	case strings.HasSuffix(path, "/metrics/find"):
		f.find(w, r.Form.Get("query"))
	case strings.HasSuffix(path, "/functions"):
		fmt.Fprint(w, `{"alias":{"name":"alias","function":"alias(seriesList, newName)","group":"Alias","description":"Names.","module":"x",`+
			`"params":[{"name":"seriesList","type":"seriesList","required":true},{"name":"newName","type":"string","required":true}]}}`)
	case strings.HasSuffix(path, "/version"):
		fmt.Fprintln(w, "1.1.10")
	default:
		http.NotFound(w, r)
	}
}

func (f *Fake) enter(r Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.Forgetful {
		f.requests = append(f.requests, r)
	}
	f.flying++
	f.most = max(f.most, f.flying)
}

func (f *Fake) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flying--
}

func (f *Fake) render(w http.ResponseWriter, r *http.Request) {
	from, _ := strconv.ParseInt(r.Form.Get("from"), 10, 64)
	until, err := strconv.ParseInt(r.Form.Get("until"), 10, 64)
	if err != nil || until <= from {
		http.Error(w, "Invalid parameters (Invalid empty time range)", http.StatusBadRequest)
		return
	}
	var all []series
	var failed error
	for _, text := range r.Form["target"] {
		found, err := f.evaluate(text, from, until)
		if err != nil {
			failed = err
		}
		all = append(all, found...)
	}
	if failed != nil && (!f.Lossy || len(all) == 0) {
		http.Error(w, "Invalid parameters ("+failed.Error()+"); targets: \""+strings.Join(r.Form["target"], ", ")+"\"", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	*buffer = appendJSON((*buffer)[:0], all)
	w.Write(*buffer) // nobody can be told that the connection broke
}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

func (f *Fake) find(w http.ResponseWriter, query string) {
	if strings.HasPrefix(query, "missing") {
		fmt.Fprint(w, "[]")
		return
	}
	var nodes []string
	for _, name := range expand(query) {
		nodes = append(nodes, fmt.Sprintf(`{"text":%q,"id":%q,"allowChildren":1,"expandable":1,"leaf":0}`, name[strings.LastIndexByte(name, '.')+1:], name))
	}
	fmt.Fprintf(w, "[%s]", strings.Join(nodes, ","))
}

// series is points as a value function, so that nothing is stored.
type series struct {
	name        string
	start, step int64
	count       int
	value       func(ts int64) float64
}

func (f *Fake) evaluate(text string, from, until int64) ([]series, error) {
	expr, err := target.Parse(text)
	if err != nil {
		return nil, err
	}
	return f.value(expr, from, until)
}

func (f *Fake) value(e target.Expr, from, until int64) ([]series, error) {
	if e.Kind == target.Path {
		return f.path(e.Text, from, until), nil
	}
	if e.Kind != target.Call || strings.HasPrefix(e.Text, "noSuch") || f.Untagged && e.Text == "aliasSub" {
		return nil, fmt.Errorf("unknown function: %s", e.Text)
	}
	if e.Text == "constantLine" && len(e.Args) == 1 {
		constant, err := strconv.ParseFloat(e.Args[0].Value.Text, 64)
		return []series{{e.Args[0].Value.Text, from, max((until-from)/2, 1), 3, func(int64) float64 { return constant }}}, err
	}
	if len(e.Args) == 0 {
		return nil, errors.New("missing argument")
	}
	list, err := f.value(e.Args[0].Value, from, until)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return rename(e, list)
}

func rename(e target.Expr, list []series) ([]series, error) {
	argument := func(i int) string {
		if i >= len(e.Args) || e.Args[i].Value.Kind != target.String {
			return ""
		}
		return e.Args[i].Value.Text[1 : len(e.Args[i].Value.Text)-1]
	}
	switch e.Text {
	case "sumSeries":
		sum := list[0]
		sum.name = e.String()
		sum.value = func(ts int64) float64 {
			total := 0.0
			for _, s := range list {
				total += s.value(ts)
			}
			return total
		}
		return []series{sum}, nil
	case "aliasSub":
		pattern, err := regexp.Compile(argument(1))
		if err != nil {
			return nil, err
		}
		for i := range list {
			list[i].name = pattern.ReplaceAllString(list[i].name, argument(2))
		}
	default:
		for i := range list {
			list[i].name = e.Text + "(" + list[i].name + ")"
			if e.Text == "alias" {
				list[i].name = argument(1)
			}
		}
	}
	return list, nil
}

func (f *Fake) path(path string, from, until int64) []series {
	first, _, _ := strings.Cut(path, ".")
	if first == "missing" {
		return nil
	}
	step := f.Step
	if step == 0 {
		step = 60
	}
	start := from - from%step + step
	count := int(max((until-start)/step+1, 0))
	if until < start {
		count = 0
	}
	var all []series
	for _, name := range expand(path) {
		value := Value(name)
		switch first {
		case "empty":
			value = func(int64) float64 { return math.NaN() }
		case "stale":
			full := value
			value = func(ts int64) float64 {
				if ts > (from+until)/2 {
					return math.NaN()
				}
				return full(ts)
			}
		}
		all = append(all, series{name, start, step, count, value})
	}
	return all
}

// Value returns the function that gives a metric of a Fake its values: between 0
// and 200, with one decimal.
func Value(name string) func(ts int64) float64 {
	hash := uint64(14695981039346656037)
	for i := range len(name) {
		hash = (hash ^ uint64(name[i])) * 1099511628211
	}
	base := int64(hash % 1000)
	return func(ts int64) float64 { return float64(base+ts/60*7%1000) / 10 }
}

// expand lists what a path with stars and braces matches.
func expand(path string) []string {
	if open := strings.IndexByte(path, '{'); open >= 0 {
		if length := strings.IndexByte(path[open:], '}'); length > 0 {
			var all []string
			for option := range strings.SplitSeq(path[open+1:open+length], ",") {
				all = append(all, expand(path[:open]+option+path[open+length+1:])...)
			}
			return all
		}
	}
	before, after, star := strings.Cut(path, "*")
	if !star {
		return []string{path}
	}
	var all []string
	for _, name := range []string{"web1", "web2", "web3"} {
		all = append(all, expand(before+name+after)...)
	}
	return all
}

func appendJSON(b []byte, all []series) []byte {
	b = append(b, '[')
	for i, s := range all {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, `{"target": `...)
		name, _ := json.Marshal(s.name) // a string always can be
		b = append(b, name...)
		b = append(b, `, "datapoints": [`...)
		for k := range s.count {
			if k > 0 {
				b = append(b, ", "...)
			}
			ts := s.start + int64(k)*s.step
			b = append(b, '[')
			if v := s.value(ts); math.IsNaN(v) {
				b = append(b, "null"...)
			} else {
				b = strconv.AppendFloat(b, v, 'f', -1, 64)
			}
			b = append(b, ", "...)
			b = strconv.AppendInt(b, ts, 10)
			b = append(b, ']')
		}
		b = append(b, "]}"...)
	}
	return append(b, ']')
}
