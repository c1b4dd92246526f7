package web

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"wingmirror/monitor"
)

type tilesData struct {
	Query   listQuery
	Kiosk   bool
	Summary string
	Chips   []chip
	Groups  []groupNode
	Tiles   []tile
	Matches int
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
	q := parseListQuery(r.URL.Query())
	q.path = "/tiles"
	anyLevel := q
	anyLevel.Level = ""
	found := q.filter(rows)
	data := tilesData{
		Query: q, Kiosk: r.URL.Query().Get("kiosk") == "1", Matches: len(found),
		Chips: levelChips(anyLevel.filter(rows), q), Groups: groupTree(rows, q),
	}
	arrange(found, r)
	for _, row := range slicePage(found, 0, mostTiles) {
		t := tile{monitorRow: s.toMonitorRow(row)}
		run, detail, err := s.History.LastRun(r.Context(), row.ID)
		if err != nil && !errors.Is(err, monitor.ErrNotFound) {
			return err
		}
		if err == nil && detail != nil && run.Phase == monitor.Done {
			t.Picture = newPicture(detail.Graph, detail.Window)
		}
		data.Tiles = append(data.Tiles, t)
	}
	worst, summary := summarize(rows)
	if data.Summary, err = jsonText(summary); err != nil {
		return err
	}
	return s.render(w, r, View{Page: "tiles", Title: "Tiles", Nav: "Monitors", Live: true, Bare: data.Kiosk, Worst: worst, Data: data})
}

// arrange puts rows into the reader's own order, which a cookie keeps as ids
// with dots between. Those that it does not name follow as they were.
func arrange(rows []*overviewRow, r *http.Request) {
	c, err := r.Cookie("tiles")
	if err != nil {
		return
	}
	places := map[int64]int{}
	for part := range strings.SplitSeq(c.Value, ".") {
		if id, err := strconv.ParseInt(part, 10, 64); err == nil {
			places[id] = len(places) - len(c.Value) // below 0, where those without a place are
		}
	}
	slices.SortStableFunc(rows, func(a, b *overviewRow) int { return cmp.Compare(places[a.ID], places[b.ID]) })
}
