package web

import (
	"cmp"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"wingmirror/monitor"
)

type silencesData struct {
	CanEdit bool
	Editing *monitor.Silence // the silence that the form changes; nil for a new one
	Presets []preset
	Zones   []string
	Groups  []string
	Boot    template.JS // JSON: what the form starts with
	Lists   []silenceList
}

type silenceList struct {
	ID    string
	Title string
	Rows  []silenceItem
	Empty string // what is said when there are no rows
}

type silenceItem struct {
	monitor.Silence
	Class  string // colour of the status
	Status monitor.SilenceStatus
	Named  []silencedLink
	Labels []string
	When   string
	Next   time.Time // when it ends, if it is in force, or begins; zero when it is over
	CanEnd bool
}

type silencedLink struct{ Href, Name string }

func silencePresets() []preset {
	return []preset{{"0 22 * * 5", "Fridays at 22"}, {"0 3 * * *", "nights at 3"}, {"0 0 * * 6", "Saturdays"}, {"0 6 1 * *", "the first of the month"}}
}

// silencesPage lists silences, and has the form for a new one, or with edit=ID
// for one that is there. The address may fill the form: monitor (more than
// once), group, label.
func (s *server) silencesPage(w http.ResponseWriter, r *http.Request) error {
	ctx, now := r.Context(), s.Now()
	rows, err := s.overview(ctx)
	if err != nil {
		return err
	}
	data := silencesData{CanEdit: may(ctx, monitor.RoleEditor), Presets: silencePresets(), Zones: commonZones(), Groups: groupNames(rows)}
	names, err := s.subjectNames(ctx, rows)
	if err != nil {
		return err
	}
	body, err := s.silenceForm(r, &data)
	if err != nil {
		return err
	}
	boot := map[string]any{"silence": body, "names": namesOf(body, names)}
	text, err := json.Marshal(boot)
	if err != nil {
		return err
	}
	data.Boot = template.JS(text) //nolint:gosec // json.Marshal has escaped <, > and &
	all, err := s.Silences.Silences(ctx, now, shownOver)
	if err != nil {
		return err
	}
	data.Lists = silenceLists(all, names, now, data.CanEdit)
	return s.render(w, r, View{Page: "silences", Title: "Silences", Nav: "Silences", Live: true, Data: data})
}

// silenceForm is what the form starts with.
func (s *server) silenceForm(r *http.Request, data *silencesData) (silenceBody, error) {
	q := r.URL.Query()
	if edit, err := queryID(r, "edit"); err != nil || edit > 0 {
		if err != nil {
			return silenceBody{}, err
		}
		silence, err := s.Silences.Silence(r.Context(), edit)
		if err != nil {
			return silenceBody{}, err
		}
		data.Editing = &silence
		return toSilenceBody(silence, s.Now()), nil
	}
	body := silenceBody{Monitors: []int64{}, Subjects: []string{}, Group: q.Get("group"), Labels: map[string]string{}, Windows: []stretchBody{}, Duration: "2h"}
	for _, text := range q["monitor"] {
		for one := range strings.SplitSeq(text, ",") {
			id, err := strconv.ParseInt(one, 10, 64)
			if err != nil || id < 1 {
				return body, notFound("there is no monitor %q to silence", one)
			}
			body.Monitors = append(body.Monitors, id)
		}
	}
	for _, text := range q["subject"] {
		subject, err := monitor.ParseSubject(text)
		if err != nil {
			return body, notFound("there is no %q to silence", text)
		}
		if id, err := strconv.ParseInt(subject.Key, 10, 64); err == nil && subject.Kind == monitor.KindMonitor {
			body.Monitors = append(body.Monitors, id)
			continue
		}
		body.Subjects = append(body.Subjects, text)
	}
	for _, text := range q["label"] {
		key, value, _ := strings.Cut(text, "=")
		body.Labels[key] = value
	}
	return body, nil
}

// namesOf are the names of what a silence names, by kind/key.
func namesOf(b silenceBody, names map[monitor.Subject]string) map[string]string {
	all := make(map[string]string, len(b.Monitors)+len(b.Subjects))
	for _, id := range b.Monitors {
		subject := monitor.MonitorSubject(id)
		all[subject.String()] = cmp.Or(names[subject], numberText(id))
	}
	for _, text := range b.Subjects {
		subject, _ := monitor.ParseSubject(text) // as stored, or as just read
		all[text] = cmp.Or(names[subject], text)
	}
	return all
}

func silenceLists(all []monitor.Silence, names map[monitor.Subject]string, now time.Time, canEdit bool) []silenceList {
	lists := []silenceList{
		{ID: "h-active", Title: "In force", Empty: "Nothing is silenced now."},
		{ID: "h-waiting", Title: "To come", Empty: "No silence is planned."},
		{ID: "h-over", Title: "Over", Empty: "No silence has ended yet."},
	}
	for _, silence := range all {
		row := toSilenceItem(silence, names, now)
		row.CanEnd = canEdit && row.Status != monitor.SilenceOver
		list := &lists[slices.Index([]monitor.SilenceStatus{monitor.SilenceActive, monitor.SilenceWaiting, monitor.SilenceOver}, row.Status)]
		list.Rows = append(list.Rows, row)
	}
	for _, list := range lists[:2] {
		slices.SortStableFunc(list.Rows, func(a, b silenceItem) int { return a.Next.Compare(b.Next) })
	}
	return lists
}

func toSilenceItem(silence monitor.Silence, names map[monitor.Subject]string, now time.Time) silenceItem {
	row := silenceItem{Silence: silence, When: silence.When(time.UTC), Status: monitor.SilenceOver}
	for _, id := range silence.Matches.Monitors {
		subject := monitor.MonitorSubject(id)
		row.Named = append(row.Named, silencedLink{subject.Path(), cmp.Or(names[subject], numberText(id)+", which is gone")})
	}
	for _, subject := range silence.Matches.Subjects {
		row.Named = append(row.Named, silencedLink{subject.Path(), cmp.Or(names[subject], subject.String())})
	}
	for key, value := range silence.Matches.Labels {
		row.Labels = append(row.Labels, key+"="+value)
	}
	slices.Sort(row.Labels)
	if times, err := silence.Times(); err == nil {
		row.Status = times.Status(now)
		_, _, row.Next = times.At(now)
	}
	if row.Status == monitor.SilenceActive {
		row.Class = "warning"
	}
	return row
}
