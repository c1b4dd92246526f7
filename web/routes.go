package web

import (
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"wingmirror/monitor"
)

// route is one line of the table of everything that can be asked for.
type route struct {
	method  string
	pattern string
	need    monitor.Role
	serve   endpoint
}

// endpoint is how a route is served: a page, a JSON operation, or a plain handler.
type endpoint interface{ mount(s *server, r route) }

// page is a handler whose errors become a page, or JSON if that was asked for.
type page func(w http.ResponseWriter, r *http.Request) error

func (p page) mount(s *server, r route) {
	s.mux.Handle(r.method+" "+r.pattern, s.guard(r.need, s.plain(p)))
}

// operation is a handler of the JSON API, described in its OpenAPI document.
type operation func(s *server, op huma.Operation)

func (o operation) mount(s *server, r route) {
	o(s, huma.Operation{Method: r.method, Path: r.pattern, OperationID: operationID(r)})
}

// mount puts the whole table on the mux. The API's adapter gets a mux of its
// own, which looks up the role, so that no operation can be mounted without one.
func (s *server) mount() {
	table := s.routes()
	needs := make(map[string]monitor.Role, len(table))
	for _, r := range table {
		needs[r.method+" "+r.pattern] = r.need
	}
	s.api = humago.New(guardedMux{s, needs}, apiConfig(s.Version))
	for _, r := range table {
		r.serve.mount(s, r)
	}
	s.mux.Handle("/", s.guard(monitor.NoRole, s.plain(s.notFound)))
}

type guardedMux struct {
	s     *server
	needs map[string]monitor.Role
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
func (s *server) actRoutes() []route {
	const post = http.MethodPost
	var table []route
	if s.Desk != nil {
		table = append(table,
			route{post, "/api/v1/incidents/{id}/acknowledge", editor, op(s.apiAcknowledge, "Take an incident on: it is not repeated any more")},
			route{post, "/api/v1/incidents/{id}/unacknowledge", editor, op(s.apiUnacknowledge, "Take an acknowledgement back")},
			route{post, "/api/v1/incidents/{id}/notes", editor, op(s.apiNote, "Add a note to an incident's timeline")},
			route{post, "/api/v1/incidents/{id}/close", editor, op(s.apiCloseIncident, "Close an incident by hand")},
		)
	}
	if s.Trial != nil {
		table = append(table, route{post, "/api/v1/destinations/test", editor, op(s.apiTrial, "Send a test notice at once")})
	}
	if s.Outbox != nil {
		table = append(table, route{post, "/api/v1/deliveries/{id}/retry", editor, op(s.apiRetry, "Try a delivery again at once")})
	}
	return table
}

// contactRoutes are those of contact groups, where there are some to be kept.
func (s *server) contactRoutes() []route {
	if s.Contacts == nil {
		return nil
	}
	const one = "/api/v1/contacts/{name}"
	return []route{
		{http.MethodGet, "/contacts", viewer, page(s.contactsPage)},
		{http.MethodGet, "/api/v1/contacts", viewer, op(s.apiContacts, "List contact groups, and who is on duty")},
		{http.MethodPost, "/api/v1/contacts", editor, op(s.apiCreateContact, "Create a contact group", http.StatusCreated)},
		{http.MethodPut, one, editor, op(s.apiUpdateContact, "Replace a contact group")},
		{http.MethodDelete, one, editor, op(s.apiDeleteContact, "Delete a contact group that nobody names", http.StatusNoContent)},
	}
}

func (s *server) routes() []route {
	const get, post, put, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
	table := []route{
		{get, "/{$}", viewer, page(s.monitorsPage)},
		{get, "/tiles", viewer, page(s.tilesPage)},
		{get, "/monitors/new", editor, page(s.newMonitorPage)},
		{get, "/monitors/{id}", viewer, page(s.monitorPage)},
		{get, "/monitors/{id}/runs", viewer, page(s.runsPage)},
		{get, "/monitors/{id}/runs/{at}", viewer, page(s.runPage)},
		{get, "/monitors/{id}/versions", viewer, page(s.versionsPage)},
		{get, "/incidents", viewer, page(s.incidentsPage)},
		{get, "/incidents/{id}", viewer, page(s.incidentPage)},
		{get, "/deliveries", viewer, page(s.deliveriesPage)},
		{get, "/sources", viewer, page(s.sourcesPage)},
		{get, "/costs", viewer, page(s.costsPage)},
		{get, "/reference", viewer, page(s.referencePage)},
		{get, "/docs/api", viewer, page(s.apiDocsPage)},
		{get, "/events", viewer, page(s.events)},
		{get, "/assets/{name}", anyone, page(s.asset)},
		{get, "/favicon/{level}", anyone, page(s.favicon)},
		{get, "/favicon.ico", anyone, page(s.favicon)},

		{get, "/api/v1/monitors", viewer, op(s.apiMonitors, "List monitors with their state")},
		{post, "/api/v1/monitors", editor, op(s.apiCreateMonitor, "Create a monitor", http.StatusCreated)},
		{get, "/api/v1/monitors/{id}", viewer, op(s.apiMonitor, "Get a monitor")},
		{put, "/api/v1/monitors/{id}", editor, op(s.apiUpdateMonitor, "Replace a monitor")},
		{del, "/api/v1/monitors/{id}", editor, op(s.apiDeleteMonitor, "Delete a monitor", http.StatusNoContent)},
		{post, "/api/v1/monitors/{id}/enable", editor, op(s.apiEnable, "Let a monitor run")},
		{post, "/api/v1/monitors/{id}/disable", editor, op(s.apiDisable, "Pause a monitor")},
		{get, "/api/v1/monitors/{id}/runs", viewer, op(s.apiRuns, "List the runs of a monitor, newest first")},
		{get, "/api/v1/monitors/{id}/runs/{at}", viewer, op(s.apiRun, "Get a run with its output and graph")},
		{get, "/api/v1/monitors/{id}/versions", viewer, op(s.apiVersions, "List the saved versions of a monitor, newest first")},
		{post, "/api/v1/monitors/active", editor, op(s.apiSetActive, "Let many monitors run, or pause them: all or none", http.StatusNoContent)},
		{post, "/api/v1/test-run", editor, op(s.apiTestRun, "Run a monitor once; stores and sends nothing")},
		{post, "/api/v1/preview", viewer, op(s.apiPreview, "Fetch targets and say what each brought back")},
		{post, "/api/v1/check-script", viewer, op(s.apiCheckScript, "Parse a script")},
		{get, "/api/v1/schedule", viewer, op(s.apiSchedule, "Explain a crontab and list its next times")},
		{get, "/api/v1/source/find", viewer, op(s.apiFind, "Find metrics")},
		{get, "/api/v1/source/functions", viewer, op(s.apiFunctions, "List the functions of the metrics source")},
		{get, "/api/v1/incidents", viewer, op(s.apiIncidents, "List incidents, newest first")},
		{get, "/api/v1/deliveries", viewer, op(s.apiDeliveries, "List what was sent, newest first")},
		{get, "/api/v1/incidents/{id}", viewer, op(s.apiIncident, "Get an incident")},
		{get, "/api/v1/deliveries/{id}", viewer, op(s.apiDelivery, "Get a delivery with its attempts")},
		{get, "/api/v1/costs", viewer, op(s.apiCosts, "Rank monitors by what their runs used in the last hour")},
		{get, "/api/v1/stdlib", viewer, op(s.apiStdlib, "Describe what scripts can call")},
		{get, "/api/v1/openapi.json", viewer, page(s.openAPI)},
	}
	return slices.Concat(table, s.actRoutes(), s.contactRoutes(), s.accessRoutes(), s.silenceRoutes())
}

// Route is one line of the table of routes, for whoever checks it from outside.
type Route struct {
	Method, Pattern string
	Need            monitor.Role
}

// Routes returns the table that New would serve with these options.
func Routes(o Options) ([]Route, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	s := &server{Options: o}
	var all []Route
	for _, r := range s.routes() {
		all = append(all, Route{r.method, r.pattern, r.need})
	}
	return all, nil
}
