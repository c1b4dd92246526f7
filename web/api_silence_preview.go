package web

import (
	"context"
	"strconv"
	"time"

	"wingmirror/monitor"
	"wingmirror/store"
)

// A preview looks so far back, and at so many incidents.
const (
	previewDays      = 30
	previewIncidents = 5000
	previewShown     = 20 // monitors and incidents told by name
)

type previewSilenceOutput struct {
	Body silencePreview
}

// silencePreview says what a silence would do.
type silencePreview struct {
	What      string             `json:"what" doc:"The conditions in words"`
	When      string             `json:"when" doc:"The times in words"`
	Windows   []stretchBody      `json:"windows" doc:"When it is in force, at most five times from now on"`
	Matches   int                `json:"matches" doc:"How many monitors and others it matches now"`
	Monitors  []silencedMonitor  `json:"monitors" doc:"The first monitors of them, those in trouble first"`
	Others    []subjectBody      `json:"others" doc:"The first others of them: heartbeats, rules, histograms"`
	Days      int                `json:"days" doc:"How far back hidden looks"`
	Found     int                `json:"found" doc:"Incidents of those days that it matches"`
	Hidden    int                `json:"hidden" doc:"Of those, how many began while it would have been in force. One that comes once is tried as if it had been in force all those days"`
	Incidents []silencedIncident `json:"incidents" doc:"The newest that it would have hidden"`
}

type silencedMonitor struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Group string `json:"group"`
	Level string `json:"level" doc:"As the list of monitors shows it"`
}

type silencedIncident struct {
	ID       int64      `json:"id"`
	Name     string     `json:"name"`
	Level    string     `json:"level"`
	Message  string     `json:"message"`
	OpenedAt time.Time  `json:"opened_at"`
	ToldAt   *time.Time `json:"told_at,omitempty" doc:"When its window ended with the incident still open, and people would have been told; left out when they would never have heard of it"`
}

// apiPreviewSilence needs no reason and no version, so that it can follow the form.
func (s *server) apiPreviewSilence(ctx context.Context, in *createSilenceInput) (*previewSilenceOutput, error) {
	now := s.Now()
	silence, errs := in.Body.silence(now)
	if len(errs) == 0 {
		for _, e := range monitor.AllFieldErrors(monitor.ValidateSilence(silence, now)) {
			if e.Field != "reason" {
				errs = append(errs, e)
			}
		}
	}
	if len(errs) > 0 {
		return nil, errs
	}
	preview, err := s.previewSilence(ctx, silence, now)
	if err != nil {
		return nil, err
	}
	return &previewSilenceOutput{Body: preview}, nil
}

func (s *server) previewSilence(ctx context.Context, silence monitor.Silence, now time.Time) (silencePreview, error) {
	p := silencePreview{
		What: silence.Matches.String(), When: silence.When(time.UTC), Windows: toStretches(silence, now), Days: previewDays,
		Monitors: []silencedMonitor{}, Others: []subjectBody{}, Incidents: []silencedIncident{},
	}
	rows, err := s.overview(ctx)
	if err != nil {
		return p, err
	}
	known := make(map[monitor.Subject]*overviewRow, len(rows))
	for _, row := range rows {
		subject := monitor.MonitorSubject(row.ID)
		known[subject] = row
		if !silence.Matches.Covers(subject, row.Group, row.Labels) {
			continue
		}
		if p.Matches++; p.Matches <= previewShown {
			p.Monitors = append(p.Monitors, silencedMonitor{ID: row.ID, Name: row.Name, Group: row.Group, Level: row.class})
		}
	}
	others, err := s.otherWatched(ctx)
	if err != nil {
		return p, err
	}
	for _, w := range others {
		known[w.Subject] = &overviewRow{Overview: store.Overview{Group: w.Group, Labels: w.Labels}}
		if !silence.Matches.Covers(w.Subject, w.Group, w.Labels) {
			continue
		}
		if p.Matches++; len(p.Others) < previewShown {
			p.Others = append(p.Others, toSubjectBody(w))
		}
	}
	return p, s.previewHidden(ctx, silence, &p, known)
}

// previewHidden counts the incidents of the last days that the silence would
// have hidden. A monitor that is gone matches by its number only.
func (s *server) previewHidden(ctx context.Context, silence monitor.Silence, p *silencePreview, known map[monitor.Subject]*overviewRow) error {
	then := silence
	then.From, then.Until = time.Time{}, time.Time{} // as if it had always been there
	times, err := then.Times()
	if err != nil {
		return err
	}
	since := s.Now().AddDate(0, 0, -previewDays)
	return s.incidentsSince(ctx, since, func(i monitor.Incident) {
		var group string
		var labels map[string]string
		if row := known[i.Subject]; row != nil {
			group, labels = row.Group, row.Labels
		}
		if !silence.Matches.Covers(i.Subject, group, labels) {
			return
		}
		p.Found++
		active, _, until := times.At(i.OpenedAt)
		if !active {
			return
		}
		if p.Hidden++; p.Hidden > previewShown {
			return
		}
		told := silencedIncident{ID: i.ID, Name: i.Name, Level: i.Level.String(), Message: i.Message, OpenedAt: i.OpenedAt.UTC()}
		if silence.Recurring() && until.Before(s.Now()) && (i.ClosedAt.IsZero() || i.ClosedAt.After(until)) {
			told.ToldAt = timeOrNil(until)
		}
		p.Incidents = append(p.Incidents, told)
	})
}

// incidentsSince calls do for each incident that opened since a time, newest first.
func (s *server) incidentsSince(ctx context.Context, since time.Time, do func(monitor.Incident)) error {
	const page = 500
	before := int64(0)
	for seen := 0; seen < previewIncidents; seen += page {
		incidents, err := s.Incidents.Incidents(ctx, store.IncidentFilter{Before: before, Limit: page})
		if err != nil {
			return err
		}
		for _, i := range incidents {
			if i.OpenedAt.Before(since) {
				return nil
			}
			do(i)
			before = i.ID
		}
		if len(incidents) < page {
			return nil
		}
	}
	return nil
}

// subjectNames are the names of everything that is watched.
func (s *server) subjectNames(ctx context.Context, rows []*overviewRow) (map[monitor.Subject]string, error) {
	names := make(map[monitor.Subject]string, len(rows))
	for _, row := range rows {
		names[monitor.MonitorSubject(row.ID)] = row.Name
	}
	others, err := s.otherWatched(ctx)
	for _, w := range others {
		names[w.Subject] = w.Name
	}
	return names, err
}

func numberText(id int64) string { return "monitor " + strconv.FormatInt(id, 10) }
