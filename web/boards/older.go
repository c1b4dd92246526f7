package boards

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"wingmirror/account"
	"wingmirror/board"
	"wingmirror/monitor"
	"wingmirror/web"
)

// The older tool's REST API, for those who read and write it already: the same
// paths, fields and codes. docs/board.md lists where it differs, and why.

// olderLists are the lists of the older API, in the order of its index.
func olderLists() []string {
	return []string{"defcon", "simple", "components", "status", "plugin", "plugin_instance"}
}

func (r room) olderRoutes() []web.Route {
	open := func(method, pattern string, serve func(http.ResponseWriter, *http.Request) error) web.Route {
		return web.Route{Method: method, Pattern: pattern, Need: monitor.NoRole, Serve: web.Page(serve)}
	}
	routes := []web.Route{open(http.MethodGet, "/api/{$}", r.olderIndex)}
	for _, list := range olderLists() {
		serve := r.olderList(list)
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions} {
			routes = append(routes, open(method, "/api/"+list+"/", serve))
		}
		routes = append(routes, open(http.MethodGet, "/api/"+list+".json", serve))
	}
	return routes
}

// refusal is an answer of the older API that is no success.
type refusal struct {
	status int
	body   any
}

// Error implements error.
func (f *refusal) Error() string { return fmt.Sprintf("%d: %v", f.status, f.body) }

func detail(status int, text string) *refusal {
	return &refusal{status, map[string]string{"detail": text}}
}

func olderNotFound() *refusal { return detail(http.StatusNotFound, "Not found.") }

// fields is what is wrong with a body, by field.
type fields map[string][]string

func (f fields) add(field, text string) { f[field] = append(f[field], text) }

func (f fields) refusal() error {
	if len(f) == 0 {
		return nil
	}
	return &refusal{http.StatusBadRequest, f}
}

// olderRequest is one request of the older API.
type olderRequest struct {
	*http.Request
	room room
	look *board.Look
	who  account.Identity
	list string
	id   string // "" asks for the list
	base string
}

func (q olderRequest) url(list, id string) string {
	return q.base + "/api/" + list + "/" + url.PathEscape(id) + "/"
}

// admit finds out who asks, and refuses who may not.
func (r room) admit(q *http.Request) (account.Identity, error) {
	who, err := r.identity(q)
	given := q.Header.Get("Authorization") != ""
	reads := q.Method == http.MethodGet || q.Method == http.MethodHead || q.Method == http.MethodOptions
	role, scope := monitor.RoleEditor, monitor.ScopeWrite
	if reads {
		role, scope = monitor.RoleViewer, monitor.ScopeGate
	}
	if err == nil {
		err = who.Check(role, scope)
	}
	switch {
	case err == nil, reads && r.Open:
		return who, nil
	case given && errors.Is(err, account.ErrLogin):
		return who, detail(http.StatusForbidden, "Invalid username/password.")
	case errors.Is(err, account.ErrLogin):
		return who, detail(http.StatusForbidden, "Authentication credentials were not provided.")
	case errors.Is(err, monitor.ErrDenied):
		return who, detail(http.StatusForbidden, "You do not have permission to perform this action.")
	}
	return who, err
}

func (r room) olderIndex(w http.ResponseWriter, q *http.Request) error {
	return r.olderAnswer(w, q, "", func(olderRequest) (int, any, error) {
		var out strings.Builder
		out.WriteString("{")
		for i, list := range olderLists() {
			if i > 0 {
				out.WriteString(",")
			}
			fmt.Fprintf(&out, "%q:%q", list, r.base(q)+"/api/"+list+"/")
		}
		out.WriteString("}")
		return http.StatusOK, rawJSON(out.String()), nil
	})
}

// rawJSON is JSON as it is, in the order in which it was written.
type rawJSON string

// MarshalJSON implements json.Marshaler.
func (r rawJSON) MarshalJSON() ([]byte, error) { return []byte(r), nil }

func (r room) olderList(list string) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, q *http.Request) error {
		return r.olderAnswer(w, q, list, r.olderServe)
	}
}

// olderAnswer finds out what is asked for and writes what serve says.
func (r room) olderAnswer(w http.ResponseWriter, q *http.Request, list string, serve func(olderRequest) (int, any, error)) error {
	status, body, err := r.olderAsk(q, list, serve)
	if refused, ok := errors.AsType[*refusal](err); ok {
		if refused.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", "GET, HEAD, OPTIONS")
		}
		return writeJSON(w, refused.status, refused.body)
	}
	if err != nil {
		return err
	}
	if status == http.StatusNoContent {
		w.WriteHeader(status)
		return nil
	}
	return writeJSON(w, status, body)
}

func (r room) olderAsk(q *http.Request, list string, serve func(olderRequest) (int, any, error)) (int, any, error) {
	if format := q.URL.Query().Get("format"); format != "" && format != "json" && format != "api" {
		return 0, nil, olderNotFound()
	}
	rest := strings.Trim(strings.TrimPrefix(strings.TrimSuffix(q.URL.Path, ".json"), "/api/"+list), "/")
	if strings.Contains(rest, "/") {
		return 0, nil, olderNotFound()
	}
	who, err := r.admit(q)
	if err != nil {
		return 0, nil, err
	}
	q = q.WithContext(account.With(q.Context(), who))
	return serve(olderRequest{Request: q, room: r, look: r.Board.Look(), who: who, list: list, id: rest, base: r.base(q)})
}

func (r room) olderServe(q olderRequest) (int, any, error) {
	switch q.Method {
	case http.MethodGet, http.MethodHead:
		body, err := q.get()
		return http.StatusOK, body, err
	case http.MethodOptions:
		return http.StatusOK, q.options(), nil
	}
	return q.write()
}

func (q olderRequest) options() any {
	kind := "List"
	if q.id != "" {
		kind = "Instance"
	}
	name := strings.ToUpper(q.list[:1]) + strings.ReplaceAll(q.list[1:], "_", " ")
	return map[string]any{
		"name": name + " " + kind, "description": "", "renders": []string{"application/json"},
		"parses": []string{"application/json", "application/x-www-form-urlencoded", "multipart/form-data"},
	}
}

// get returns one thing, or a page of a list.
func (q olderRequest) get() (any, error) {
	switch q.list {
	case "simple", "components", "defcon":
		return getFrom(q, q.nodes(), func(n *board.Node) string { return n.ID }, map[string]func(*board.Node) any{
			"simple": q.simple, "components": q.component, "defcon": q.expanded,
		}[q.list])
	case "status":
		return getFrom(q, q.statuses(), func(s olderStatus) string { return s.uuid }, func(s olderStatus) any { return q.status(s) })
	case "plugin":
		return getFrom(q, pluginNames(), func(name string) string { return name }, q.plugin)
	}
	return getFrom(q, q.instances(), func(i olderInstance) string { return strconv.FormatInt(i.number, 10) }, q.instance)
}

// getFrom returns the one that was asked for, or a page of all.
func getFrom[T any](q olderRequest, all []T, id func(T) string, body func(T) any) (any, error) {
	if q.id != "" {
		at := slices.IndexFunc(all, func(one T) bool { return id(one) == q.id })
		if at < 0 {
			return nil, olderNotFound()
		}
		return body(all[at]), nil
	}
	limit, offset := q.number("limit"), q.number("offset")
	if limit == 0 {
		limit = defaultPage
	}
	from := min(offset, len(all))
	until := min(from+limit, len(all))
	results := []any{}
	for _, one := range all[from:until] {
		results = append(results, body(one))
	}
	var next, previous any
	if offset+limit < len(all) {
		next = q.page(limit, offset+limit)
	}
	if offset > 0 {
		previous = q.page(limit, offset-limit)
	}
	return struct {
		Count    int `json:"count"`
		Next     any `json:"next"`
		Previous any `json:"previous"`
		Results  any `json:"results"`
	}{len(all), next, previous, results}, nil
}

const defaultPage = 10

// number is a number of the query; what is none counts as 0.
func (q olderRequest) number(key string) int {
	n, err := strconv.Atoi(q.URL.Query().Get(key))
	if err != nil || n < 0 || n > 1e9 {
		return 0
	}
	return n
}

// page is the address of another page of the list.
func (q olderRequest) page(limit, offset int) string {
	query := q.URL.Query()
	query.Set("limit", strconv.Itoa(limit))
	query.Del("offset")
	if offset > 0 {
		query.Set("offset", strconv.Itoa(offset))
	}
	return q.base + q.URL.Path + "?" + query.Encode()
}

// nodes are all components in the order of their IDs.
func (q olderRequest) nodes() []*board.Node {
	nodes := slices.Clone(q.look.Nodes())
	slices.SortFunc(nodes, func(a, b *board.Node) int { return cmp.Compare(a.ID, b.ID) })
	return nodes
}
