package boards

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"wingmirror/board"
	"wingmirror/board/source"
	"wingmirror/monitor"
	"wingmirror/web"
)

func (r room) pageRoutes() []web.Route {
	return []web.Route{
		r.reading("/board", web.Page(r.boardPage)),
		r.reading("/board/{component}", web.Page(r.componentPage)),
		r.reading("/board/{component}/feed.xml", web.Page(r.feed)),
		r.reading("/status/{component}/", web.Page(r.olderPage)),
		writing(http.MethodGet, "/board/{component}/edit", web.Page(r.editPage)),
		writing(http.MethodGet, "/board-new", web.Page(r.newPage)),
	}
}

// pill is a level as pages show it.
type pill struct {
	Class string // dc1 to dc5
	Text  string // DC3
	Word  string
}

func toPill(look *board.Look, dc monitor.DC) pill {
	return pill{"dc" + strconv.Itoa(int(dc)), dc.String(), look.Levels[dc].Name}
}

// branch is a component in the tree, with what stands below it.
type branch struct {
	*board.Node
	Pill     pill
	Effects  string
	Stale    bool
	Reason   string // the most important one
	From     string // the component that the reason is about, when it is another
	More     int    // further reasons
	How      string // how it counts for its parent, when not in full
	Branches []branch
	Closed   bool // all is well below, so it need not be seen
	MayAct   bool // the reader may override it
	Then     *turn
}

// turn is the next planned change of a level.
type turn struct {
	Text string // DC5 good
	At   time.Time
}

// closedFrom is the depth from which healthy branches are shown closed.
const closedFrom = 1

func toBranch(look *board.Look, n *board.Node, mayAct bool) branch {
	b := branch{Node: n, Pill: toPill(look, n.Level), Effects: look.Info(n, n.Level).Effects, Stale: look.Stale(n), MayAct: mayAct}
	if len(n.Plan) > 0 {
		next := toPill(look, n.Plan[0].Level)
		b.Then = &turn{next.Text + " " + next.Word, n.Plan[0].At}
	}
	if n.Counts.Rule != monitor.CountAll && n.Counts.Rule != "" && n.Up != nil {
		b.How = n.Counts.String()
	}
	switch reasons, all := n.Reasons(1); {
	case n.Override != nil:
		b.Reason = fmt.Sprintf("override by %s: %s", n.Override.Author, n.Override.Reason)
	case len(reasons) > 0 && reasons[0].Counted() < monitor.DC5:
		b.Reason, b.More = reasons[0].Title, all-1
		if reasons[0].Component != n.ID {
			b.From = reasons[0].Component
		}
	}
	calm := n.Level >= monitor.DC4
	for _, child := range n.Children {
		below := toBranch(look, child, mayAct)
		calm = calm && below.Level >= monitor.DC4 && (below.Closed || len(below.Branches) == 0)
		b.Branches = append(b.Branches, below)
	}
	b.Closed = calm && n.Depth >= closedFrom && len(n.Children) > 0
	return b
}

type levelCount struct {
	Pill    pill
	Count   int
	Effects string
}

type boardData struct {
	CanEdit   bool
	Tops      []branch
	All       int
	Counts    []levelCount
	StoreDown time.Time
	Problems  board.Problems // of the files
	Wall      bool
}

// boardPage shows the whole tree at a glance; with wall it fills a screen.
func (r room) boardPage(w http.ResponseWriter, q *http.Request) error {
	look := r.Board.Look()
	data := boardData{CanEdit: r.mayAct(q.Context()), All: len(look.Nodes()), StoreDown: look.StoreDown, Wall: q.URL.Query().Has("wall")}
	if data.CanEdit {
		data.Problems = look.Problems
	}
	counts := map[monitor.DC]int{}
	worst := monitor.DC5
	for _, n := range look.Nodes() {
		counts[n.Level]++
		if n.Up == nil {
			worst = worst.WorseOf(n.Level)
			data.Tops = append(data.Tops, toBranch(look, n, data.CanEdit))
		}
	}
	slices.SortStableFunc(data.Tops, func(a, b branch) int { return cmp.Compare(a.Level, b.Level) }) // what needs a look stands first
	for _, dc := range slices.Backward(monitor.DCs()) {
		data.Counts = append(data.Counts, levelCount{toPill(look, dc), counts[dc], look.Levels[dc].Effects})
	}
	return r.Render(w, q, web.View{Page: "board", Title: "Board", Nav: "Board", Live: true, Archive: true, Bare: data.Wall, Worst: worst.Level(), Data: data})
}

// reasonRow is a rationale on a component's page.
type reasonRow struct {
	monitor.Rationale
	Pill      pill
	Outranked bool
	Other     string // the component it is about, when it is another
}

type historyRow struct {
	monitor.BoardChange
	From, To pill
	First    bool
}

type sourceRow struct {
	board.Standing
	Text string // how it stands, in a word
	Bad  bool
}

type effectRow struct {
	Pill    pill
	Effects string
	Current bool
}

type componentData struct {
	branch
	CanEdit     bool
	Ask         string
	Reasons     []reasonRow
	LeftOut     int
	Coming      []reasonRow
	EffectRows  []effectRow
	SourceRows  []sourceRow
	History     []historyRow
	Older       string
	Levels      []pill
	Told        []pill // levels that somebody can want to hear of
	Subscribers []boardSubscriptionBody
	StoreDown   time.Time
	Without     pill // its level without the override
	Badge       string
	Markdown    string
	GateURL     string
	Origin      string // what a browser replaces by where it found the page; "" when addresses are known
	Now         time.Time
}

// maxShown is how many rationales a page shows.
const maxShown = 100

// componentPage shows one component with all that its level rests on.
func (r room) componentPage(w http.ResponseWriter, q *http.Request) error {
	look, n, err := r.node(q.PathValue("component"))
	if err != nil {
		return err
	}
	data := componentData{branch: toBranch(look, n, r.mayAct(q.Context())), CanEdit: r.mayAct(q.Context()), StoreDown: look.StoreDown, Without: toPill(look, n.Computed), Now: r.Now()}
	above := web.Path()
	for up := n; up != nil; up = up.Up {
		if up != n {
			above = append([]web.Crumb{{Label: up.Title(), Href: "/board/" + up.ID}}, above...)
		}
		if data.Ask == "" {
			data.Ask = up.Contact
		}
	}
	data.Reasons, data.LeftOut = reasonRows(look, n)
	for _, up := range n.Upcoming {
		data.Coming = append(data.Coming, reasonRow{Rationale: up, Pill: toPill(look, up.Level)})
	}
	for _, o := range n.Overrides {
		if r.Now().Before(o.From) {
			data.Coming = append(data.Coming, reasonRow{Rationale: board.OverrideReason(o), Pill: toPill(look, o.Level)})
		}
	}
	for _, dc := range monitor.DCs() {
		data.Levels = append(data.Levels, toPill(look, dc))
		if dc != monitor.DC5 {
			data.Told = append(data.Told, toPill(look, dc))
		}
		data.EffectRows = append(data.EffectRows, effectRow{toPill(look, dc), look.Info(n, dc).Effects, dc == n.Level})
	}
	for _, s := range n.Sources {
		data.SourceRows = append(data.SourceRows, toSourceRow(s))
	}
	if err := r.history(q, look, n, &data); err != nil {
		return err
	}
	base := r.base(q)
	page := base + "/board/" + n.ID
	if r.Base == "" {
		data.Origin = base
	}
	data.Badge, data.GateURL = "/badge/"+n.ID+".svg", base+"/gate/"+n.ID+"?min=4"
	data.Markdown = fmt.Sprintf("[![%s](%s/badge/%s.svg)](%s)", n.Title(), base, n.ID, page)
	if data.CanEdit {
		for _, s := range r.Board.Subscriptions(n.ID) {
			data.Subscribers = append(data.Subscribers, toSubscription(s))
		}
	}
	return r.Render(w, q, web.View{Page: "component", Title: n.Title(), Nav: "Board", Above: above, Live: true, Worst: n.Level.Level(), Data: data})
}

func reasonRows(look *board.Look, n *board.Node) ([]reasonRow, int) {
	reasons, all := n.Reasons(maxShown)
	outranking := slices.ContainsFunc(n.Rationales, func(r monitor.Rationale) bool { return r.Overrides })
	var rows []reasonRow
	for _, reason := range reasons {
		row := reasonRow{Rationale: reason, Pill: toPill(look, reason.Level), Outranked: n.Override != nil || outranking && (reason.Component != n.ID || !reason.Overrides)}
		if reason.Component != n.ID {
			row.Other = reason.Component
		}
		rows = append(rows, row)
	}
	return rows, all - len(reasons)
}

func toSourceRow(s board.Standing) sourceRow {
	row := sourceRow{Standing: s, Text: "answers"}
	switch {
	case s.Failing():
		row.Text, row.Bad = "fails", true
	case s.Pending:
		row.Text, row.Bad = "not heard yet", true
	case s.Unheard:
		row.Text = "not heard since the start"
	}
	return row
}

// pageOfHistory is how many changes one page shows.
const pageOfHistory = 20

// history is that of the memory, and further back that of the database.
func (r room) history(q *http.Request, look *board.Look, n *board.Node, data *componentData) error {
	changes := r.Board.Recent(n.ID)
	if before, err := strconv.ParseInt(q.URL.Query().Get("before"), 10, 64); err == nil && before > 0 {
		if changes, err = r.Records.BoardChanges(q.Context(), n.ID, before, pageOfHistory); err != nil {
			return err
		}
	}
	changes = changes[:min(len(changes), pageOfHistory)]
	for _, c := range changes {
		data.History = append(data.History, historyRow{c, toPill(look, c.From), toPill(look, c.To), c.From == monitor.NoDC})
	}
	if len(changes) == pageOfHistory && changes[pageOfHistory-1].ID > 0 {
		data.Older = "/board/" + n.ID + "?before=" + strconv.FormatInt(changes[pageOfHistory-1].ID, 10)
	}
	return nil
}

// olderPage keeps the older tool's links alive.
func (r room) olderPage(w http.ResponseWriter, q *http.Request) error {
	http.Redirect(w, q, "/board/"+url.PathEscape(q.PathValue("component")), http.StatusMovedPermanently)
	return nil
}

type editData struct {
	componentConfigBody
	New     bool
	Parents []*board.Node
	Effects []effectField
	Labels  string
	Alerts  string
	Types   []typeInfo
}

type effectField struct{ Level, Name, Usual, Text string }

type typeInfo struct{ Name, About string }

func (r room) newPage(w http.ResponseWriter, q *http.Request) error {
	parent := q.URL.Query().Get("parent")
	return r.edit(w, q, "New component", editData{New: true, componentConfigBody: componentConfigBody{Parent: parent, Counts: string(monitor.CountAll)}})
}

func (r room) editPage(w http.ResponseWriter, q *http.Request) error {
	_, n, err := r.node(q.PathValue("component"))
	if err != nil {
		return err
	}
	return r.edit(w, q, "Change "+n.Title(), editData{componentConfigBody: toConfig(n.Component)})
}

func (r room) edit(w http.ResponseWriter, q *http.Request, title string, data editData) error {
	above := web.Path()
	if !data.New {
		above = web.Path(web.Crumb{Label: cmp.Or(data.Name, data.ID), Href: "/board/" + data.ID})
	}
	look := r.Board.Look()
	data.Parents = look.Nodes()
	for _, dc := range monitor.DCs() {
		data.Effects = append(data.Effects, effectField{dc.String(), look.Levels[dc].Name, look.Levels[dc].Effects, data.componentConfigBody.Effects[dc.String()]})
	}
	var labels []string
	for key, value := range data.componentConfigBody.Labels {
		labels = append(labels, key+"="+value)
	}
	slices.Sort(labels)
	data.Labels, data.Alerts = strings.Join(labels, ", "), strings.Join(data.componentConfigBody.Alerts, "\n")
	for _, name := range pluginNames() {
		data.Types = append(data.Types, typeInfo{name, source.About(name)})
	}
	return r.Render(w, q, web.View{Page: "component-edit", Title: title, Nav: "Board", Above: above, Data: data})
}
