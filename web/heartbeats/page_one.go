package heartbeats

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"wingmirror/heartbeat"
	"wingmirror/monitor"
	"wingmirror/web"
)

type oneData struct {
	heartbeat.View
	Key       string // of the API's paths, escaped
	Words     []wordPart
	Path      string
	Class     string
	CanEdit   bool
	CanPin    bool
	Schedule  string
	Body      heartbeatBody
	Calendar  string
	Timeline  *picture
	Gaps      *picture
	Values    *picture
	Runs      *picture
	Newest    []monitor.Beat
	Events    []monitor.HeartbeatEvent
	Snippets  []snippet
	Badge     string
	Groups    []groupBadge // that it is in
	Kinds     []monitor.ScheduleKind
	Measured  bool
	Threshold float64
}

const (
	newestBeats  = 25
	newestEvents = 20
)

// asWritten leads from /heartbeats/SPACE/NAME, as the subject is written
// everywhere, to the page, where the slash between them is escaped.
func asWritten(w http.ResponseWriter, r *http.Request) error {
	h := monitor.Heartbeat{Space: r.PathValue("space"), Name: r.PathValue("name")}
	http.Redirect(w, r, h.Subject().Path(), http.StatusMovedPermanently)
	return nil
}

func (s desk) onePage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.find(r.PathValue("key"))
	if err != nil {
		return err
	}
	ctx := r.Context()
	beats, err := s.Past.Beats(ctx, v.Heartbeat.ID, 0)
	if err != nil {
		return err
	}
	events, err := s.Past.HeartbeatEvents(ctx, v.Heartbeat.ID, newestEvents)
	if err != nil {
		return err
	}
	shape, err := s.Book.Shape(v.Heartbeat.Ref())
	if err != nil {
		return err
	}
	path := v.Heartbeat.Subject().Path()
	data := oneData{
		View: v, Words: wordParts(v.Learned), Key: path[len("/heartbeats/"):], Path: path, Class: classOf(v), CanEdit: s.h.May(ctx, monitor.RoleEditor),
		Schedule: scheduleText(v.Heartbeat.Schedule), Body: toBody(v, s.shown(ctx, v.Heartbeat.Alerts)),
		Timeline: drawTimeline(beats, s.h.Now()), Gaps: drawGaps(shape), Values: drawValues(beats, shape.Threshold), Runs: drawRuns(beats, shape),
		Newest: beats[:min(newestBeats, len(beats))], Events: events, Badge: s.Badges.Address(v.Heartbeat.ID), Groups: s.groupBadges(v.Heartbeat),
		Kinds: monitor.ScheduleKinds(), Measured: shape.Values, Threshold: shape.Threshold,
	}
	kind := v.Heartbeat.Schedule.Kind
	data.CanPin = data.CanEdit && (kind == "" || kind == monitor.ScheduleLearned) && len(shape.Gaps) >= 5
	if data.CanEdit {
		data.Snippets = snippets(s.Base, s.keyOf(v.Heartbeat.Space), v.Heartbeat.Name)
	}
	return s.h.Render(w, r, web.View{Page: "heartbeat", Title: v.Heartbeat.Name, Nav: "Heartbeats", Above: web.Path(), Live: true, Worst: v.State.Level, Data: data})
}

// wordPart is a piece of a sentence, or of code in it.
type wordPart struct {
	Text string
	Code bool
}

// wordParts splits a sentence where backticks enclose code.
func wordParts(text string) []wordPart {
	var parts []wordPart
	for i, piece := range strings.Split(text, "`") {
		parts = append(parts, wordPart{piece, i%2 == 1})
	}
	return parts
}

// keyOf is a key of the space to show in what is to be copied, or a word in its
// place.
func (s desk) keyOf(space string) string {
	for _, k := range s.Keys.List() {
		if k.Space == space {
			return k.Key
		}
	}
	return "KEY"
}

type bodyData struct {
	Name, Back string
	Beat       int64
	Text       string
	Binary     bool
	Bytes      int
	Raw        string
}

// bodyPage shows what a beat said in full; with raw=1 it is the bytes to save.
func (s desk) bodyPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.find(r.PathValue("key"))
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(r.PathValue("n"), 10, 64)
	if err != nil {
		return monitor.Invalid("beat", "%q is no number of a beat", monitor.Cut(r.PathValue("n"), 40))
	}
	body, err := s.Past.BeatBody(r.Context(), v.Heartbeat.ID, n)
	if err != nil {
		return fmt.Errorf("the body of beat %d is not kept (any more): %w", n, err)
	}
	path := v.Heartbeat.Subject().Path()
	if r.URL.Query().Get("raw") != "" {
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="beat-%d.txt"`, n))
		_, err := w.Write(body)
		return err
	}
	data := bodyData{Name: v.Heartbeat.Name, Back: path, Beat: n, Bytes: len(body), Binary: !utf8.Valid(body), Raw: fmt.Sprintf("%s/beats/%d?raw=1", path, n)}
	if !data.Binary {
		data.Text = string(body)
	}
	return s.h.Render(w, r, web.View{Page: "beat", Title: fmt.Sprintf("Beat %d of %s", n, v.Heartbeat.Name), Nav: "Heartbeats", Above: web.Path(web.Crumb{Label: v.Heartbeat.Name, Href: path}), Data: data})
}
