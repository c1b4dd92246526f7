package web

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"time"

	"wingmirror/monitor"
)

// Dashboards keeps named selections of monitors.
type Dashboards interface {
	Dashboards(ctx context.Context) ([]monitor.Dashboard, error)
	Dashboard(ctx context.Context, name string) (monitor.Dashboard, error)
	// CreateDashboard gives monitor.ErrConflict when the name is taken.
	CreateDashboard(ctx context.Context, d monitor.Dashboard, author string, at time.Time) (monitor.Dashboard, error)
	UpdateDashboard(ctx context.Context, d monitor.Dashboard, author string, at time.Time) (monitor.Dashboard, error)
	DeleteDashboard(ctx context.Context, name string) error
}

func (s *server) dashboardRoutes() []Route {
	if s.Dashboards == nil {
		return nil
	}
	const one = "/api/v1/dashboards/{name}"
	return []Route{
		route(http.MethodGet, "/dashboards", viewer, Page(s.dashboardsPage)),
		route(http.MethodGet, "/dashboards/{name}", viewer, Page(s.dashboardPage)),
		route(http.MethodGet, "/api/v1/dashboards", viewer, Op(s.apiDashboards, "List dashboards with the worst level in each")),
		route(http.MethodPost, "/api/v1/dashboards", editor, Op(s.apiCreateDashboard, "Create a dashboard", http.StatusCreated)),
		route(http.MethodGet, one, viewer, Op(s.apiDashboard, "Get a dashboard")),
		route(http.MethodPut, one, editor, Op(s.apiUpdateDashboard, "Replace a dashboard")),
		route(http.MethodPut, one+"/order", editor, Op(s.apiArrangeDashboard, "Put the tiles of a dashboard in order", http.StatusNoContent)),
		route(http.MethodDelete, one, editor, Op(s.apiDeleteDashboard, "Delete a dashboard; its monitors stay", http.StatusNoContent)),
	}
}

func dashboardPath(name string) string { return "/dashboards/" + url.PathEscape(name) }

// queryOf is what a dashboard selects.
func queryOf(d monitor.Dashboard) listQuery {
	return listQuery{Text: d.Text, Level: d.Level, Group: d.Group}
}

type dashboardCard struct {
	Name, Href, Class, What string
	Chips                   []chip
	Matches                 int
}

type dashboardsData struct {
	Query   listQuery
	Cards   []dashboardCard
	Summary string
}

func (s *server) dashboardCards(ctx context.Context) ([]dashboardCard, []*overviewRow, error) {
	all, err := s.Dashboards.Dashboards(ctx)
	if err != nil {
		return nil, nil, err
	}
	rows, err := s.overview(ctx)
	if err != nil {
		return nil, nil, err
	}
	cards := make([]dashboardCard, len(all))
	for i, d := range all {
		found := queryOf(d).filter(rows)
		cards[i] = dashboardCard{Name: d.Name, Href: dashboardPath(d.Name), Class: "ok", What: selection(d), Matches: len(found)}
		if len(found) > 0 {
			cards[i].Class = found[0].class // those in trouble are first
		}
		for _, c := range levelChips(found, listQuery{})[1:] {
			if c.Count > 0 {
				cards[i].Chips = append(cards[i].Chips, c)
			}
		}
	}
	return cards, rows, nil
}

// selection says in words what a dashboard shows.
func selection(d monitor.Dashboard) string {
	if d.Text == "" && d.Level == "" && d.Group == "" {
		return "all monitors"
	}
	text := "monitors"
	if d.Level != "" {
		text += " that are " + d.Level
	}
	if d.Group != "" {
		text += " in " + d.Group
	}
	if d.Text != "" {
		text += " with “" + d.Text + "”"
	}
	return text
}

// dashboardsPage shows all dashboards, each with how its monitors are.
func (s *server) dashboardsPage(w http.ResponseWriter, r *http.Request) error {
	cards, rows, err := s.dashboardCards(r.Context())
	if err != nil {
		return err
	}
	data := dashboardsData{Cards: cards}
	worst, summary := summarize(rows)
	if data.Summary, err = jsonText(summary); err != nil {
		return err
	}
	return s.render(w, r, View{Page: "dashboards", Title: "Dashboards", Nav: "Monitors", Live: true, Worst: worst, Data: data})
}

// dashboardPage shows the monitors of a dashboard as tiles, in its order.
func (s *server) dashboardPage(w http.ResponseWriter, r *http.Request) error {
	d, err := s.Dashboards.Dashboard(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	rows, err := s.overview(r.Context())
	if err != nil {
		return err
	}
	q := parseListQuery(r.URL.Query())
	q.path = dashboardPath(d.Name)
	data := tilesData{Query: q, Dashboard: &d, What: selection(d)}
	if data.CanEdit = may(r.Context(), monitor.RoleEditor); data.CanEdit {
		data.Keep = data.API() + "/order"
	}
	return s.tiles(w, r, data, queryOf(d).filter(rows), d.Tiles)
}

// dashboardBody is a dashboard as it is sent and received.
type dashboardBody struct {
	Name      string     `json:"name" required:"false" doc:"One line; part of its address" example:"Night shift"`
	Text      string     `json:"q" required:"false" doc:"Words that must all occur in name, group, labels or message"`
	Level     string     `json:"level" required:"false" doc:"ok, warning, critical, unknown or paused; empty for all"`
	Group     string     `json:"group" required:"false" doc:"Only monitors in this group and below" example:"shop/web"`
	Order     []int64    `json:"order" required:"false" nullable:"true" doc:"Ids of monitors in their order; those not named follow"`
	UpdatedAt *time.Time `json:"updated_at,omitempty" readOnly:"true" required:"false"`
	UpdatedBy string     `json:"updated_by,omitempty" readOnly:"true" required:"false"`
}

func toDashboardBody(d monitor.Dashboard) dashboardBody {
	return dashboardBody{Name: d.Name, Text: d.Text, Level: d.Level, Group: d.Group, Order: nonNil(d.Tiles), UpdatedAt: timeOrNil(d.UpdatedAt), UpdatedBy: d.UpdatedBy}
}

func (b dashboardBody) dashboard() monitor.Dashboard {
	return monitor.Dashboard{Name: b.Name, Text: b.Text, Level: b.Level, Group: b.Group, Tiles: b.Order}
}

type dashboardItem struct {
	Name    string `json:"name"`
	Worst   string `json:"worst" doc:"The worst level among its monitors; ok when it has none"`
	Matches int    `json:"matches" doc:"How many monitors it shows"`
}

type dashboardsOutput struct {
	Body struct {
		Dashboards []dashboardItem `json:"dashboards"`
		Next       string          `json:"next,omitempty" doc:"after of the next part; left out on the last"`
	}
}

func (s *server) apiDashboards(ctx context.Context, in *monitor.Part[string]) (*dashboardsOutput, error) {
	cards, _, err := s.dashboardCards(ctx)
	if err != nil {
		return nil, err
	}
	out := &dashboardsOutput{}
	out.Body.Dashboards = []dashboardItem{}
	cards, out.Body.Next = monitor.PartAfter(cards, func(c dashboardCard) string { return c.Name }, in.After, in.Limit)
	for _, c := range cards {
		out.Body.Dashboards = append(out.Body.Dashboards, dashboardItem{Name: c.Name, Worst: c.Class, Matches: c.Matches})
	}
	return out, nil
}

type dashboardInput struct {
	Name string `path:"name"`
}

type dashboardOutput struct{ Body dashboardBody }

func (s *server) apiDashboard(ctx context.Context, in *dashboardInput) (*dashboardOutput, error) {
	d, err := s.Dashboards.Dashboard(ctx, in.Name)
	return &dashboardOutput{toDashboardBody(d)}, err
}

func (s *server) apiCreateDashboard(ctx context.Context, in *struct{ Body dashboardBody }) (*dashboardOutput, error) {
	d, err := s.Dashboards.CreateDashboard(ctx, in.Body.dashboard(), author(ctx), s.Now())
	return s.savedDashboard(ctx, "dashboard.create", d, err)
}

type updateDashboardInput struct {
	Name string `path:"name"`
	Body dashboardBody
}

func (s *server) apiUpdateDashboard(ctx context.Context, in *updateDashboardInput) (*dashboardOutput, error) {
	if in.Body.Name = cmp.Or(in.Body.Name, in.Name); in.Body.Name != in.Name {
		return nil, monitor.Invalid("name", "a dashboard keeps its name, because it is its address; create another one and delete this")
	}
	d, err := s.Dashboards.UpdateDashboard(ctx, in.Body.dashboard(), author(ctx), s.Now())
	return s.savedDashboard(ctx, "dashboard.update", d, err)
}

type arrangeDashboardInput struct {
	Name string `path:"name"`
	Body orderBody
}

func (s *server) apiArrangeDashboard(ctx context.Context, in *arrangeDashboardInput) (*struct{}, error) {
	d, err := s.Dashboards.Dashboard(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	d.Tiles = rearranged(d.Tiles, in.Body.Order)
	d.Tiles = d.Tiles[:min(len(d.Tiles), monitor.MaxTiles)]
	d, err = s.Dashboards.UpdateDashboard(ctx, d, author(ctx), s.Now())
	_, err = s.savedDashboard(ctx, "dashboard.update", d, err)
	return &struct{}{}, err
}

func (s *server) apiDeleteDashboard(ctx context.Context, in *dashboardInput) (*struct{}, error) {
	err := s.Dashboards.DeleteDashboard(ctx, in.Name)
	_, err = s.savedDashboard(ctx, "dashboard.delete", monitor.Dashboard{Name: in.Name}, err)
	return &struct{}{}, err
}

func (s *server) savedDashboard(ctx context.Context, action string, d monitor.Dashboard, err error) (*dashboardOutput, error) {
	if err != nil {
		return nil, err
	}
	s.record(ctx, action, "dashboard/"+d.Name, "")
	s.changed()
	return &dashboardOutput{toDashboardBody(d)}, nil
}
