package boards

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"wingmirror/board"
	"wingmirror/board/source"
	"wingmirror/monitor"
)

// olderTime is a time as the older API writes it: in UTC, with six digits of a
// second or none; null for none.
type olderTime time.Time

// MarshalJSON implements json.Marshaler.
func (t olderTime) MarshalJSON() ([]byte, error) {
	at := time.Time(t).UTC()
	switch {
	case at.IsZero():
		return []byte("null"), nil
	case at.Nanosecond()/1000 == 0:
		return []byte(at.Format(`"2006-01-02T15:04:05Z"`)), nil
	}
	return []byte(at.Format(`"2006-01-02T15:04:05.000000Z"`)), nil
}

// olderStatus is a rationale as the older API knows it.
type olderStatus struct {
	monitor.Rationale
	uuid string
}

// olderInstance is a source as the older API knows it: one that is configured,
// or one that was made through it.
type olderInstance struct {
	number    int64
	component string
	standing  board.Standing
	statuses  []olderStatus
	made      *monitor.BoardInstance // nil for a configured one
}

type simpleBody struct {
	Name        string `json:"name"`
	Contact     string `json:"contact"`
	Link        string `json:"link"`
	Defcon      int    `json:"defcon"`
	Description string `json:"description"`
}

func (q olderRequest) simple(n *board.Node) any {
	return simpleBody{n.Title(), n.Contact, n.Link, int(n.Level), n.Description}
}

type olderComponentBody struct {
	URL         string   `json:"url"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Link        string   `json:"link"`
	Contact     string   `json:"contact"`
	Plugins     []string `json:"plugins"`
}

func (q olderRequest) component(n *board.Node) any {
	body := olderComponentBody{q.url("components", n.ID), n.Title(), n.Description, n.Link, n.Contact, []string{}}
	for _, i := range q.instances() {
		if i.component == n.ID {
			body.Plugins = append(body.Plugins, q.url("plugin_instance", strconv.FormatInt(i.number, 10)))
		}
	}
	return body
}

type expandedBody struct {
	URL         string              `json:"url"`
	Plugins     []olderInstanceBody `json:"plugins"`
	Statuses    []olderStatusBody   `json:"statuses"`
	Defcon      int                 `json:"defcon"`
	Name        string              `json:"name"`
	Description string              `json:"description"`
	Link        string              `json:"link"`
	Contact     string              `json:"contact"`
}

// expanded is a component with its sources and, as statuses, what its level
// rests on: the active rationales of that level, and an override.
func (q olderRequest) expanded(n *board.Node) any {
	body := expandedBody{
		URL: q.url("components", n.ID), Plugins: []olderInstanceBody{}, Statuses: []olderStatusBody{}, Defcon: int(n.Level),
		Name: n.Title(), Description: n.Description, Link: n.Link, Contact: n.Contact,
	}
	for _, i := range q.instances() {
		if i.component == n.ID {
			one := q.instanceBody(i)
			all := []olderStatusBody{}
			for _, s := range i.statuses {
				all = append(all, q.status(s))
			}
			one.Statuses = all
			body.Plugins = append(body.Plugins, one)
		}
	}
	reasons, _ := n.Reasons(maxListed)
	if n.Override != nil {
		reasons = []monitor.Rationale{board.OverrideReason(*n.Override)}
	}
	known := q.uuids()
	for _, r := range reasons {
		if r.Level == n.Level && !(n.Override == nil && r.Component == n.ID && n.Outranked(r)) {
			body.Statuses = append(body.Statuses, q.status(olderStatus{r, cmp.Or(known[[3]string{r.Component, r.Source, r.ID}], uuidOf(r))}))
		}
	}
	return body
}

type olderStatusBody struct {
	URL         string          `json:"url"`
	Defcon      int             `json:"defcon"`
	Title       string          `json:"title"`
	Description *string         `json:"description"`
	Metadata    json.RawMessage `json:"metadata"`
	Link        string          `json:"link"`
	TimeStart   olderTime       `json:"time_start"`
	TimeEnd     olderTime       `json:"time_end"`
	Override    bool            `json:"override"`
	CreatedOn   olderTime       `json:"created_on"`
	ModifiedOn  olderTime       `json:"modified_on"`
}

// statusLasts is how long a status holds that says nothing of its end.
const statusLasts = time.Hour

// status is a rationale without an end as one that ends in an hour, since the
// older API's readers have never seen one without.
func (q olderRequest) status(s olderStatus) olderStatusBody {
	end := s.End
	if end.IsZero() {
		end = q.room.Now().Add(statusLasts)
	}
	return olderStatusBody{
		URL: q.url("status", s.uuid), Defcon: int(s.Level), Title: s.Title, Description: &s.Description, Metadata: s.Metadata, Link: cmp.Or(s.Link, "#"),
		TimeStart: olderTime(s.Start), TimeEnd: olderTime(end), Override: s.Overrides, CreatedOn: olderTime(cmp.Or(s.Seen, s.Start)), ModifiedOn: olderTime(cmp.Or(s.Changed, s.Start)),
	}
}

type olderInstanceBody struct {
	URL         string    `json:"url"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Config      any       `json:"config"` // always null: it may hold passwords
	CreatedOn   olderTime `json:"created_on"`
	ModifiedOn  olderTime `json:"modified_on"`
	Success     int64     `json:"success"`
	Failure     int64     `json:"failure"`
	SuccessOn   olderTime `json:"success_on"`
	FailureOn   olderTime `json:"failure_on"`
	Plugin      string    `json:"plugin"`
	Statuses    any       `json:"statuses"`
}

func (q olderRequest) instance(i olderInstance) any { return q.instanceBody(i) }

func (q olderRequest) instanceBody(i olderInstance) olderInstanceBody {
	urls := []string{}
	for _, s := range i.statuses {
		urls = append(urls, q.url("status", s.uuid))
	}
	s := i.standing
	body := olderInstanceBody{
		URL: q.url("plugin_instance", strconv.FormatInt(i.number, 10)), Name: s.Name, CreatedOn: olderTime(s.CreatedAt), Success: s.Successes, Failure: s.Failures,
		SuccessOn: olderTime(s.SuccessAt), FailureOn: olderTime(s.FailureAt), Plugin: q.url("plugin", s.Type), Statuses: urls,
	}
	body.ModifiedOn = olderTime(later(s.CreatedAt, later(s.SuccessAt, s.FailureAt)))
	if i.made != nil {
		body.Name, body.Description, body.Plugin = i.made.Name, i.made.Description, q.url("plugin", i.made.Plugin)
		body.CreatedOn, body.ModifiedOn = olderTime(i.made.CreatedAt), olderTime(i.made.UpdatedAt)
	}
	return body
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// pluginNames are the types of sources.
func pluginNames() []string { return source.Types() }

func (q olderRequest) plugin(name string) any {
	return struct {
		URL         string `json:"url"`
		Name        string `json:"name"`
		Description string `json:"description"`
		Link        string `json:"link"`
		Module      string `json:"py_module"`
	}{q.url("plugin", name), string(name[0]-'a'+'A') + name[1:], source.About(name), q.base + "/board", name}
}

// instances are all sources in the order of their numbers.
func (q olderRequest) instances() []olderInstance {
	var all []olderInstance
	for _, n := range q.look.Nodes() {
		for _, s := range n.Sources {
			i := olderInstance{number: s.Number, component: n.ID, standing: s}
			for _, r := range slices.Concat(n.Rationales, n.Upcoming) {
				if r.Source == s.Name {
					i.statuses = append(i.statuses, olderStatus{r, source.StoredID(r.ID, strconv.FormatInt(s.Number, 10))})
				}
			}
			all = append(all, i)
		}
	}
	statuses, made := q.room.Board.Pushed()
	byID := make(map[string]monitor.Rationale, len(statuses))
	for _, r := range statuses {
		byID[r.ID] = r
	}
	for _, m := range made {
		i := olderInstance{number: m.Number, component: m.Component, made: &m}
		for _, id := range m.Statuses {
			if r, ok := byID[id]; ok {
				i.statuses = append(i.statuses, olderStatus{r, id})
			}
		}
		all = append(all, i)
	}
	slices.SortFunc(all, func(a, b olderInstance) int { return cmp.Compare(a.number, b.number) })
	return all
}

// uuidOf is the UUID of what belongs to no source: overrides and pushes.
func uuidOf(r monitor.Rationale) string {
	return source.StatusID(fmt.Sprintf("%s %s %s %s", r.Component, r.Source, r.ID, r.Start.UTC().Format(time.RFC3339))).String()
}

// uuids are the UUIDs of all that sources brought, by component, source and ID.
func (q olderRequest) uuids() map[[3]string]string {
	all := map[[3]string]string{}
	for _, i := range q.instances() {
		for _, s := range i.statuses {
			name := i.standing.Name
			if i.made != nil {
				name = i.made.Name
			}
			all[[3]string{i.component, name, s.ID}] = s.uuid
		}
	}
	return all
}

// statuses are all rationales, the oldest first.
func (q olderRequest) statuses() []olderStatus {
	seen := map[string]bool{}
	var all []olderStatus
	add := func(s olderStatus) {
		if !seen[s.uuid] {
			seen[s.uuid] = true
			all = append(all, s)
		}
	}
	for _, i := range q.instances() {
		for _, s := range i.statuses {
			add(s)
		}
	}
	pushed, _ := q.room.Board.Pushed()
	for _, r := range pushed {
		add(olderStatus{r, r.ID})
	}
	for _, n := range q.look.Nodes() {
		for _, r := range n.Rationales {
			if r.Source == "push" {
				add(olderStatus{r, uuidOf(r)})
			}
		}
		for _, o := range n.Overrides {
			r := board.OverrideReason(o)
			add(olderStatus{r, uuidOf(r)})
		}
	}
	slices.SortStableFunc(all, func(a, b olderStatus) int { return cmp.Or(a.Seen.Compare(b.Seen), cmp.Compare(a.uuid, b.uuid)) })
	return all
}
