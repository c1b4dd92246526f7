package web

import (
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"wingmirror/monitor"
)

// Route is one line of the table of everything that can be asked for.
type Route struct {
	Method, Pattern string
	Need            monitor.Role
	Scope           monitor.Scope // that a token needs; "" for the one that goes with the role
	Serve           Endpoint
}

func route(method, pattern string, need monitor.Role, serve Endpoint) Route {
	return Route{Method: method, Pattern: pattern, Need: need, Serve: serve}
}

// Endpoint is how a route is served: a page, or an operation of the JSON API.
type Endpoint interface{ mount(s *server, r Route) }

// Page makes an endpoint of a handler whose errors become a page, or JSON if
// that was asked for. It serves whatever it likes, not only HTML.
func Page(handler func(w http.ResponseWriter, r *http.Request) error) Endpoint { return page(handler) }

type page func(w http.ResponseWriter, r *http.Request) error

func (p page) mount(s *server, r Route) {
	s.mux.Handle(r.Method+" "+r.Pattern, s.guard(r, s.plain(p)))
}

// operation is a handler of the JSON API, described in its OpenAPI document.
type operation func(s *server, op huma.Operation)

func (o operation) mount(s *server, r Route) {
	o(s, huma.Operation{Method: r.Method, Path: r.Pattern, OperationID: operationID(r)})
}

// mount puts the whole table on the mux. The API's adapter gets a mux of its
// own, which looks up the role, so that no operation can be mounted without one.
func (s *server) mount() {
	table := s.routes()
	needs := make(map[string]Route, len(table))
	for _, r := range table {
		needs[r.Method+" "+r.Pattern] = r
	}
	s.api = humago.New(guardedMux{s, needs}, s.apiConfig())
	for _, r := range table {
		r.Serve.mount(s, r)
	}
	s.mux.Handle("/", s.guard(Route{Need: anyone}, s.plain(s.notFound)))
}

type guardedMux struct {
	s     *server
	needs map[string]Route
}

// HandleFunc mounts a handler of the API behind the role that the table names.
func (m guardedMux) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	need, ok := m.needs[pattern]
	if !ok {
		panic("web: " + pattern + " is not in the table of routes")
	}
	m.s.mux.Handle(pattern, m.s.guard(need, http.HandlerFunc(handler)))
}

// ServeHTTP makes guardedMux what the adapter wants to see.
func (m guardedMux) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.s.mux.ServeHTTP(w, r) }

// Short names for the roles, for the table.
const (
	anyone = monitor.NoRole
	viewer = monitor.RoleViewer
	editor = monitor.RoleEditor
	admin  = monitor.RoleAdmin
)

// actRoutes are those of people's decisions, where there is somebody to take them.
func (s *server) actRoutes() []Route {
	const post = http.MethodPost
	var table []Route
	if s.Desk != nil {
		table = append(table,
			route(post, "/api/v1/incidents/{id}/acknowledge", editor, Op(s.apiAcknowledge, "Take an incident on: it is not repeated any more")),
			route(post, "/api/v1/incidents/{id}/unacknowledge", editor, Op(s.apiUnacknowledge, "Take an acknowledgement back")),
			route(post, "/api/v1/incidents/{id}/notes", editor, Op(s.apiNote, "Add a note to an incident's timeline")),
			route(post, "/api/v1/incidents/{id}/close", editor, Op(s.apiCloseIncident, "Close an incident by hand")),
		)
	}
	if s.Trial != nil {
		table = append(table, route(post, "/api/v1/destinations/test", editor, Op(s.apiTrial, "Send a test notice at once")))
	}
	if s.Outbox != nil {
		table = append(table, route(post, "/api/v1/deliveries/{id}/retry", editor, Op(s.apiRetry, "Try a delivery again at once")))
	}
	return table
}

// contactRoutes are those of contact groups, where there are some to be kept.
func (s *server) contactRoutes() []Route {
	if s.Contacts == nil {
		return nil
	}
	const one = "/api/v1/contacts/{name}"
	return []Route{
		route(http.MethodGet, "/contacts", viewer, Page(s.contactsPage)),
		route(http.MethodGet, "/api/v1/contacts", viewer, Op(s.apiContacts, "List contact groups, and who is on duty")),
		route(http.MethodPost, "/api/v1/contacts", editor, Op(s.apiCreateContact, "Create a contact group", http.StatusCreated)),
		route(http.MethodPut, one, editor, Op(s.apiUpdateContact, "Replace a contact group")),
		route(http.MethodPost, one+"/rename", editor, Op(s.apiRenameContact, "Rename a contact group; whatever names it follows")),
		route(http.MethodDelete, one, editor, Op(s.apiDeleteContact, "Delete a contact group that nobody names", http.StatusNoContent)),
	}
}

func (s *server) routes() []Route {
	const get, post, put, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
	table := []Route{
		route(get, "/{$}", viewer, Page(s.monitorsPage)),
		route(get, "/tiles", viewer, Page(s.tilesPage)),
		route(get, "/monitors/new", editor, Page(s.newMonitorPage)),
		route(get, "/monitors/{id}", viewer, Page(s.monitorPage)),
		route(get, "/monitors/{id}/runs", viewer, Page(s.runsPage)),
		route(get, "/monitors/{id}/runs/{at}", viewer, Page(s.runPage)),
		route(get, "/monitors/{id}/versions", viewer, Page(s.versionsPage)),
		route(get, "/incidents", viewer, Page(s.incidentsPage)),
		route(get, "/incidents/{id}", viewer, Page(s.incidentPage)),
		route(get, "/deliveries", viewer, Page(s.deliveriesPage)),
		route(get, "/sources", viewer, Page(s.sourcesPage)),
		route(get, "/costs", viewer, Page(s.costsPage)),
		route(get, "/reference", viewer, Page(s.referencePage)),
		route(get, "/docs/api", viewer, Page(s.apiDocsPage)),
		route(get, "/events", viewer, Page(s.events)),
		route(get, "/assets/{name}", anyone, Page(s.asset)),
		route(get, "/favicon/{level}", anyone, Page(s.favicon)),
		route(get, "/favicon.ico", anyone, Page(s.favicon)),

		route(get, "/api/v1/monitors", viewer, Op(s.apiMonitors, "List monitors with their state")),
		route(post, "/api/v1/monitors", editor, Op(s.apiCreateMonitor, "Create a monitor", http.StatusCreated)),
		route(get, "/api/v1/monitors/{id}", viewer, Op(s.apiMonitor, "Get a monitor")),
		route(put, "/api/v1/monitors/{id}", editor, Op(s.apiUpdateMonitor, "Replace a monitor")),
		route(del, "/api/v1/monitors/{id}", editor, Op(s.apiDeleteMonitor, "Delete a monitor", http.StatusNoContent)),
		route(post, "/api/v1/monitors/{id}/enable", editor, Op(s.apiEnable, "Let a monitor run")),
		route(post, "/api/v1/monitors/{id}/disable", editor, Op(s.apiDisable, "Pause a monitor")),
		route(get, "/api/v1/monitors/{id}/runs", viewer, Op(s.apiRuns, "List the runs of a monitor, newest first")),
		route(get, "/api/v1/monitors/{id}/runs/{at}", viewer, Op(s.apiRun, "Get a run with its output and graph")),
		route(get, "/api/v1/monitors/{id}/versions", viewer, Op(s.apiVersions, "List the saved versions of a monitor, newest first")),
		route(post, "/api/v1/monitors/active", editor, Op(s.apiSetActive, "Let many monitors run, or pause them: all or none", http.StatusNoContent)),
		route(post, "/api/v1/test-run", editor, Op(s.apiTestRun, "Run a monitor once; stores and sends nothing")),
		route(post, "/api/v1/preview", viewer, Op(s.apiPreview, "Fetch targets and say what each brought back")),
		route(post, "/api/v1/check-script", viewer, Op(s.apiCheckScript, "Parse a script")),
		route(get, "/api/v1/subjects", viewer, Op(s.apiSubjects, "List everything that is watched: monitors, heartbeats, rules, histograms")),
		route(get, "/api/v1/schedule", viewer, Op(s.apiSchedule, "Explain a crontab and list its next times")),
		route(get, "/api/v1/source/find", viewer, Op(s.apiFind, "Find metrics")),
		route(get, "/api/v1/source/functions", viewer, Op(s.apiFunctions, "List the functions of the metrics source")),
		route(get, "/api/v1/incidents", viewer, Op(s.apiIncidents, "List incidents, newest first")),
		route(get, "/api/v1/deliveries", viewer, Op(s.apiDeliveries, "List what was sent, newest first")),
		route(get, "/api/v1/incidents/{id}", viewer, Op(s.apiIncident, "Get an incident")),
		route(get, "/api/v1/deliveries/{id}", viewer, Op(s.apiDelivery, "Get a delivery with its attempts")),
		route(get, "/api/v1/costs", viewer, Op(s.apiCosts, "Rank monitors by what their runs used in the last hour, day or week")),
		route(get, "/api/v1/stdlib", viewer, Op(s.apiStdlib, "Describe what scripts can call")),
		route(get, "/api/v1/openapi.json", viewer, Page(s.openAPI)),
	}
	return slices.Concat(table, s.actRoutes(), s.contactRoutes(), s.accessRoutes(), s.silenceRoutes(), s.announcementRoutes(), s.dashboardRoutes(), s.preferenceRoutes(), s.roomRoutes())
}

// Routes returns the table that New would serve with these options.
func Routes(o Options) ([]Route, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	s := &server{Options: o}
	return s.routes(), nil
}
