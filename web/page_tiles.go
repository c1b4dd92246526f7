package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"wingmirror/monitor"
)

type tilesData struct {
	Query     listQuery
	Kiosk     bool
	None      bool // there is no monitor at all
	Summary   string
	Chips     []chip
	Tiles     []tile
	Pages     pages
	Keep      string // where the order of the tiles is sent; "": it cannot be changed
	Next      string // address of what a wall shows after a while; "" when all fits
	CanEdit   bool
	CanKeep   bool               // as a dashboard
	Boards    bool               // there are dashboards
	Dashboard *monitor.Dashboard // nil: all monitors
	What      string             // is shown, in words
}

// Moves reports whether tiles can be moved.
func (d tilesData) Moves() bool { return d.Keep != "" && !d.Kiosk }

// API is where the dashboard is changed.
func (d tilesData) API() string { return "/api/v1" + dashboardPath(d.Dashboard.Name) }

// Order is the order of the tiles shown, as ids with dots between.
func (d tilesData) Order() string {
	ids := make([]string, len(d.Tiles))
	for i, t := range d.Tiles {
		ids[i] = strconv.FormatInt(t.ID, 10)
	}
	return strings.Join(ids, ".")
}

type tile struct {
	monitorRow
	Picture *picture // nil when the last run drew nothing, or there was none
}

// mostTiles is how many graphs one page draws; a wall has room for no more.
const mostTiles = 60

// tilesPage shows monitors as tiles, each with the graph of its last run.
func (s *server) tilesPage(w http.ResponseWriter, r *http.Request) error {
	rows, err := s.overview(r.Context())
	if err != nil {
		return err
	}
	order, err := s.tileOrder(r)
	if err != nil {
		return err
	}
	data := tilesData{Query: parseListQuery(r.URL.Query()), CanEdit: may(r.Context(), monitor.RoleEditor)}
	data.Query.path = "/tiles"
	data.Boards = s.Dashboards != nil
	data.CanKeep = data.CanEdit && data.Boards
	data.What = selection(monitor.Dashboard{Text: data.Query.Text, Level: data.Query.Level, Group: data.Query.Group})
	if s.Preferences != nil {
		data.Keep = "/api/v1/me/tiles"
	}
	return s.tiles(w, r, data, rows, order)
}

// tiles shows the rows that the query lets through, in an order.
func (s *server) tiles(w http.ResponseWriter, r *http.Request, data tilesData, rows []*overviewRow, order []int64) error {
	q := data.Query
	data.Kiosk, data.None = r.URL.Query().Get("kiosk") == "1", len(rows) == 0
	anyLevel := q
	anyLevel.Level = ""
	data.Chips = levelChips(anyLevel.filter(rows), q)
	found := slices.Clone(q.filter(rows))
	arrange(found, order)
	data.Pages = newPages(q, len(found), mostTiles)
	if data.Kiosk && data.Pages.Parts() {
		next := q
		if next.Page++; data.Pages.Later == "" {
			next.Page = 0
		}
		data.Next = next.Kiosk()
	}
	for _, row := range slicePage(found, data.Pages.offset, mostTiles) {
		t := tile{monitorRow: s.toMonitorRow(row)}
		var err error
		if t.Picture, err = s.lastPicture(r.Context(), row.ID); err != nil {
			return err
		}
		data.Tiles = append(data.Tiles, t)
	}
	worst, summary := summarize(rows)
	var err error
	if data.Summary, err = jsonText(summary); err != nil {
		return err
	}
	title, above := "Tiles", []Crumb(nil)
	if data.Dashboard != nil {
		title, above = data.Dashboard.Name, Path(Crumb{"Dashboards", "/dashboards"})
	}
	return s.render(w, r, View{Page: "tiles", Title: title, Nav: "Monitors", Above: above, Live: true, Bare: data.Kiosk, Worst: worst, Data: data})
}

// lastPicture is the graph of a monitor's last run, or nil.
func (s *server) lastPicture(ctx context.Context, id int64) (*picture, error) {
	run, detail, err := s.History.LastRun(ctx, id)
	switch {
	case errors.Is(err, monitor.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case detail == nil || run.Phase != monitor.Done:
		return nil, nil
	}
	return newPicture(detail.Graph, detail.Window), nil
}

// arrange puts rows into an order of ids. Those that it does not name follow as
// they were.
func arrange(rows []*overviewRow, order []int64) {
	if len(order) == 0 {
		return
	}
	places := make(map[int64]int, len(order))
	for i, id := range order {
		places[id] = i - len(order) // below 0, where those without a place are
	}
	slices.SortStableFunc(rows, func(a, b *overviewRow) int { return cmp.Compare(places[a.ID], places[b.ID]) })
}

// pages says which part of a long list is shown, and leads to the others.
type pages struct {
	First, Last, All int // of those shown, from 1
	Earlier, Later   string
	offset           int
}

// Parts reports whether there is more than is shown.
func (p pages) Parts() bool { return p.Earlier != "" || p.Later != "" }

func newPages(q listQuery, all, size int) pages {
	last := max(0, (all-1)/size)
	at := min(max(q.Page, 0), last)
	p := pages{First: at*size + 1, Last: min(all, (at+1)*size), All: all, offset: at * size}
	if at > 0 {
		q.Page = at - 1
		p.Earlier = q.href()
	}
	if at < last {
		q.Page = at + 1
		p.Later = q.href()
	}
	return p
}
