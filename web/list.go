package web

import (
	"cmp"
	"context"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"wingmirror/alerting"
	"wingmirror/monitor"
	"wingmirror/store"
)

// overviewRow is one monitor in the list.
type overviewRow struct {
	store.Overview
	class string         // level as shown: a paused monitor is "paused"
	rank  int            // of the class, see trouble
	hold  *alerting.Hold // the silence in force, or nil
}

// overview returns all monitors, those in trouble first and then by group and name.
func (s *server) overview(ctx context.Context) ([]*overviewRow, error) {
	all, err := s.Library.Overview(ctx)
	if err != nil {
		return nil, err
	}
	stored, now := make([]overviewRow, len(all)), s.Now()
	rows := make([]*overviewRow, len(all))
	for i, o := range all {
		class := class(o.Active, o.Level, o.Fault)
		hold := s.hold(monitor.Message{Subject: monitor.MonitorSubject(o.ID), Group: o.Group, Labels: o.Labels}, now)
		stored[i] = overviewRow{Overview: o, class: class, rank: trouble(class), hold: hold}
		rows[i] = &stored[i]
	}
	slices.SortFunc(rows, func(a, b *overviewRow) int {
		if a.rank != b.rank {
			return b.rank - a.rank
		}
		if c := strings.Compare(a.Group, b.Group); c != 0 {
			return c
		}
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return rows, nil
}

// hold is the silence in force about a subject, or nil.
func (s *server) hold(about monitor.Message, at time.Time) *alerting.Hold {
	if s.Holder == nil {
		return nil
	}
	return s.Holder.Hold(about, at)
}

// next is when the monitor runs next; the zero time when it does not.
func (s *server) next(o *overviewRow) time.Time {
	if s.Schedule == nil || !o.Active {
		return time.Time{}
	}
	return s.Schedule.NextRun(o.ID)
}

// class is the level as people see it: a fault shows as unknown even while the
// last known level is in force below it, unless that is a bad one.
func class(active bool, level monitor.Level, fault monitor.Fault) string {
	switch {
	case !active:
		return "paused"
	case !level.Bad() && fault != monitor.NoFault:
		return monitor.Unknown.String()
	}
	return level.String()
}

// trouble orders classes: what asks for attention comes first, whatever else is sorted by.
func trouble(class string) int {
	switch class {
	case "critical":
		return 4
	case "warning":
		return 3
	case "unknown":
		return 2
	case "ok":
		return 1
	}
	return 0
}

// says reports whether a word, in lower case, occurs in what people know of the monitor.
func (o *overviewRow) says(word string) bool {
	for _, text := range []string{o.Name, o.Group, o.Message} {
		if strings.Contains(strings.ToLower(text), word) {
			return true
		}
	}
	for key, value := range o.Labels {
		if strings.Contains(strings.ToLower(key+"="+value), word) {
			return true
		}
	}
	return false
}

// listQuery is what a list's address says is wanted. All of it is in the
// address, so that every view can be kept and sent to somebody.
type listQuery struct {
	Text  string
	Level string
	Group string
	All   bool // more than the first rows
	Page  int  // of what does not fit on one, from 0
	path  string
}

func parseListQuery(q url.Values) listQuery {
	page, err := strconv.Atoi(q.Get("page"))
	if err != nil || page < 1 {
		page = 1
	}
	return listQuery{Text: strings.TrimSpace(q.Get("q")), Level: q.Get("level"), Group: q.Get("group"), All: q.Get("all") == "1", Page: page - 1}
}

func (q listQuery) href() string {
	v := url.Values{}
	for key, value := range map[string]string{"q": q.Text, "level": q.Level, "group": q.Group} {
		if value != "" {
			v.Set(key, value)
		}
	}
	if q.All {
		v.Set("all", "1")
	}
	if q.Page > 0 {
		v.Set("page", strconv.Itoa(q.Page+1))
	}
	path := cmp.Or(q.path, "/")
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// List and Tiles are the addresses of the same monitors in the other form.
func (q listQuery) List() string {
	q.path, q.Page = "", 0
	return q.href()
}

// Tiles is the address of the same monitors as tiles.
func (q listQuery) Tiles() string {
	q.path, q.All, q.Page = "/tiles", false, 0
	return q.href()
}

// Form is where the form of the list sends its fields.
func (q listQuery) Form() string { return cmp.Or(q.path, "/") }

// Leave is the address of the same page out of the full screen.
func (q listQuery) Leave() string { return q.href() }

// Kiosk is the address of the tiles for a screen on a wall.
func (q listQuery) Kiosk() string {
	address := q.href()
	if strings.Contains(address, "?") {
		return address + "&kiosk=1"
	}
	return address + "?kiosk=1"
}

func (q listQuery) filter(rows []*overviewRow) []*overviewRow {
	words := strings.Fields(strings.ToLower(q.Text))
	if len(words) == 0 && q.Level == "" && q.Group == "" {
		return rows
	}
	var found []*overviewRow
	for _, row := range rows {
		inGroup := q.Group == "" || row.Group == q.Group || strings.HasPrefix(row.Group, q.Group+"/")
		hasAll := !slices.ContainsFunc(words, func(word string) bool { return !row.says(word) })
		if inGroup && hasAll && (q.Level == "" || row.class == q.Level) {
			found = append(found, row)
		}
	}
	return found
}

// groupNode is one entry of the tree of groups.
type groupNode struct {
	ID, Label, Href, Worst string
	Count                  int
	Current                bool
	Open                   bool // something below is wrong or chosen, so what is below is shown
	Below                  []*groupNode
}

// groupTree makes the tree of all groups, each with the worst level below it.
func groupTree(rows []*overviewRow, q listQuery) []*groupNode {
	worst, count := map[string]string{}, map[string]int{}
	for _, row := range rows {
		path := row.Group
		for path != "" {
			count[path]++
			if w, seen := worst[path]; !seen || row.rank > trouble(w) {
				worst[path] = row.class
			}
			cut := strings.LastIndexByte(path, '/')
			path = path[:max(cut, 0)]
		}
	}
	if len(count) == 0 {
		return nil
	}
	top := "ok"
	if len(rows) > 0 {
		top = rows[0].class
	}
	q.Page = 0
	all := q
	all.Group = ""
	root := &groupNode{Label: "All groups", Href: all.href(), Worst: top, Count: len(rows), Current: q.Group == ""}
	tree, nodes := []*groupNode{root}, map[string]*groupNode{}
	for _, path := range slices.Sorted(maps.Keys(count)) {
		here := q
		here.Group = path
		cut := strings.LastIndexByte(path, '/')
		nodes[path] = &groupNode{
			ID: "g-" + url.PathEscape(path), Label: path[cut+1:], Href: here.href(), Worst: worst[path], Count: count[path],
			Current: q.Group == path, Open: trouble(worst[path]) > trouble("ok") || strings.HasPrefix(q.Group, path+"/"),
		}
		if up := nodes[path[:max(cut, 0)]]; up != nil {
			up.Below = append(up.Below, nodes[path])
		} else {
			tree = append(tree, nodes[path])
		}
	}
	return tree
}

// chip is one filter by level with its count.
type chip struct {
	Label, Level, Href string
	Count              int
	Current            bool
}

func levelChips(rows []*overviewRow, q listQuery) []chip {
	counts := map[string]int{}
	for _, row := range rows {
		counts[row.class]++
	}
	q.Page = 0
	all := q
	all.Level = ""
	chips := []chip{{Label: "all", Href: all.href(), Count: len(rows), Current: q.Level == ""}}
	for _, level := range []string{"critical", "warning", "unknown", "ok", "paused"} {
		here := q
		here.Level = level
		if q.Level == level {
			here.Level = ""
		}
		chips = append(chips, chip{Label: level, Level: level, Href: here.href(), Count: counts[level], Current: q.Level == level})
	}
	return chips
}

// slicePage cuts a page out of a list.
func slicePage[T any](list []T, offset, limit int) []T {
	offset = min(max(offset, 0), len(list))
	return list[offset:min(len(list), offset+limit)]
}
