package web

import (
	"context"
	"time"

	"wingmirror/monitor"
	"wingmirror/store"
)

// RunBody is one run in a list.
type RunBody struct {
	At       time.Time `json:"at" doc:"The scheduled time, which with the monitor identifies the run"`
	Phase    string    `json:"phase" doc:"claimed (under way), done, or lost when the program went away in the middle"`
	Version  int       `json:"version" doc:"Of the monitor that was run"`
	Level    string    `json:"level"`
	Fault    string    `json:"fault"`
	Message  string    `json:"message"`
	Decision string    `json:"decision" doc:"What alerting made of it, and why"`
	FetchMS  float64   `json:"fetch_ms"`
	Cost     costBody  `json:"cost"`
}

func toRun(r monitor.Run) RunBody {
	return RunBody{
		At: r.At.UTC(), Phase: r.Phase.String(), Version: r.Version, Level: r.Level.String(), Fault: string(r.Fault),
		Message: r.Message, Decision: r.Decision.String(), FetchMS: milliseconds(r.Fetch), Cost: toCost(r.Cost),
	}
}

type runsInput struct {
	ID     int64     `path:"id" minimum:"1"`
	Before time.Time `query:"before" doc:"Only runs before this time: the last at of the page before"`
	Limit  int       `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

type runsOutput struct {
	Body struct {
		Runs []RunBody  `json:"runs"`
		Next *time.Time `json:"next,omitempty" doc:"before of the next page; left out on the last"`
	}
}

func (s *server) apiRuns(ctx context.Context, in *runsInput) (*runsOutput, error) {
	runs, err := s.History.Runs(ctx, in.ID, in.Before, in.Limit+1)
	if err != nil {
		return nil, err
	}
	out := &runsOutput{}
	out.Body.Runs = []RunBody{}
	for i, r := range runs {
		if i == in.Limit {
			out.Body.Next = timeOrNil(runs[i-1].At)
			break
		}
		out.Body.Runs = append(out.Body.Runs, toRun(r))
	}
	return out, nil
}

type runInput struct {
	ID int64     `path:"id" minimum:"1"`
	At time.Time `path:"at" doc:"The scheduled time"`
}

type runOutput struct {
	Body struct {
		RunBody
		Kept    bool             `json:"kept" doc:"Whether output and graph are still there"`
		Output  string           `json:"output"`
		Graph   []graphLine      `json:"graph"`
		Error   *scriptErrorBody `json:"error,omitempty"`
		Window  windowBody       `json:"window"`
		Targets []targetCount    `json:"targets"`
	}
}

type targetCount struct {
	Target string `json:"target"`
	Status string `json:"status"`
	Reason string `json:"reason"`
	Series int    `json:"series"`
	Points int    `json:"points"`
}

func (s *server) apiRun(ctx context.Context, in *runInput) (*runOutput, error) {
	run, detail, err := s.History.Run(ctx, in.ID, in.At)
	if err != nil {
		return nil, err
	}
	out := &runOutput{}
	out.Body.RunBody = toRun(run)
	out.Body.Graph, out.Body.Targets = []graphLine{}, []targetCount{}
	if detail == nil {
		return out, nil
	}
	b := &out.Body
	b.Kept, b.Message, b.Output, b.Error = true, detail.Message, detail.Output, toScriptError(detail.Thrown)
	b.Graph, b.Window = toGraph(detail.Graph), windowBody{detail.Window.From, detail.Window.Until}
	for _, t := range detail.Targets {
		b.Targets = append(b.Targets, targetCount{Target: t.Target, Status: string(t.Status), Reason: t.Reason, Series: t.Series, Points: t.Points})
	}
	return out, nil
}

// PageInput asks for a page of a list that is newest first. It is exported for the
// sake of what it is embedded in.
type PageInput struct {
	Before int64 `query:"before" minimum:"0" doc:"Only those with a smaller id: next of the page before"`
	Limit  int   `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

type incidentsInput struct {
	PageInput
	Subject string `query:"subject" doc:"Only of this subject, as kind/key" example:"monitor/12"`
	Open    bool   `query:"open" doc:"Only those under way"`
}

type incidentBody struct {
	ID       int64      `json:"id"`
	Key      string     `json:"key" doc:"The dedup key of its notices"`
	Subject  string     `json:"subject" example:"monitor/12"`
	Name     string     `json:"name"`
	Level    string     `json:"level" doc:"The worst so far"`
	Fault    string     `json:"fault"`
	Message  string     `json:"message"`
	OpenedAt time.Time  `json:"opened_at"`
	ClosedAt *time.Time `json:"closed_at,omitempty"`
	Closing  string     `json:"closing" doc:"Why it closed"`
	AckedBy  string     `json:"acked_by"`
}

type incidentsOutput struct {
	Body struct {
		Incidents []incidentBody `json:"incidents"`
		Next      int64          `json:"next,omitempty" doc:"before of the next page; left out on the last"`
	}
}

func toIncident(i monitor.Incident) incidentBody {
	return incidentBody{
		ID: i.ID, Key: i.Key, Subject: i.Subject.String(), Name: i.Name, Level: i.Level.String(), Fault: string(i.Fault), Message: i.Message,
		OpenedAt: i.OpenedAt.UTC(), ClosedAt: timeOrNil(i.ClosedAt), Closing: string(i.Closing), AckedBy: i.AckedBy,
	}
}

func (s *server) apiIncidents(ctx context.Context, in *incidentsInput) (*incidentsOutput, error) {
	f := store.IncidentFilter{Open: in.Open, Before: in.Before, Limit: in.Limit + 1}
	if in.Subject != "" {
		var err error
		if f.Subject, err = monitor.ParseSubject(in.Subject); err != nil {
			return nil, monitor.Invalid("subject", "%q is not kind/key; write for example monitor/12", in.Subject)
		}
	}
	incidents, err := s.Incidents.Incidents(ctx, f)
	if err != nil {
		return nil, err
	}
	out := &incidentsOutput{}
	out.Body.Incidents = []incidentBody{}
	for n, i := range incidents {
		if n == in.Limit {
			out.Body.Next = incidents[n-1].ID
			break
		}
		out.Body.Incidents = append(out.Body.Incidents, toIncident(i))
	}
	return out, nil
}

type deliveryBody struct {
	ID          int64         `json:"id"`
	Incident    string        `json:"incident" doc:"Key of the incident, and dedup key"`
	To          string        `json:"to" doc:"Without secrets"`
	Kind        string        `json:"kind"`
	Subject     string        `json:"subject"`
	Name        string        `json:"name"`
	Level       string        `json:"level"`
	Text        string        `json:"text"`
	Status      string        `json:"status" doc:"pending, delivered or failed"`
	CreatedAt   time.Time     `json:"created_at"`
	NextAt      *time.Time    `json:"next_at,omitempty" doc:"When it is tried next"`
	DeliveredAt *time.Time    `json:"delivered_at,omitempty"`
	Error       string        `json:"error" doc:"Of the last attempt"`
	Attempts    []attemptBody `json:"attempts"`
}

type attemptBody struct {
	At      time.Time `json:"at"`
	Outcome string    `json:"outcome"`
	Error   string    `json:"error"`
	Request string    `json:"request" doc:"What went over the wire, without secrets"`
	Answer  string    `json:"answer"`
}

type deliveriesOutput struct {
	Body struct {
		Deliveries []deliveryBody `json:"deliveries"`
		Next       int64          `json:"next,omitempty" doc:"before of the next page; left out on the last"`
	}
}

func (s *server) apiDeliveries(ctx context.Context, in *PageInput) (*deliveriesOutput, error) {
	notices, err := s.Incidents.Notices(ctx, store.NoticeFilter{Before: in.Before, Limit: in.Limit + 1})
	if err != nil {
		return nil, err
	}
	out := &deliveriesOutput{}
	out.Body.Deliveries = []deliveryBody{}
	for i, n := range notices {
		if i == in.Limit {
			out.Body.Next = notices[i-1].ID
			break
		}
		_, attempts, err := s.Incidents.Notice(ctx, n.ID)
		if err != nil {
			return nil, err
		}
		out.Body.Deliveries = append(out.Body.Deliveries, toDelivery(n, attempts))
	}
	return out, nil
}

func toDelivery(n monitor.Notice, attempts []monitor.Attempt) deliveryBody {
	b := deliveryBody{
		ID: n.ID, Incident: n.Incident, To: n.Destination.Redacted(), Kind: string(n.Message.Kind), Subject: n.Message.Subject.String(),
		Name: n.Message.Name, Level: n.Message.Level.String(), Text: n.Message.Text, Status: string(n.Status), CreatedAt: n.CreatedAt.UTC(),
		NextAt: timeOrNil(n.NextAt), DeliveredAt: timeOrNil(n.DeliveredAt), Error: n.Error, Attempts: []attemptBody{},
	}
	for _, a := range attempts {
		b.Attempts = append(b.Attempts, attemptBody{At: a.At.UTC(), Outcome: string(a.Outcome), Error: a.Error, Request: a.Receipt.Request, Answer: a.Receipt.Answer})
	}
	return b
}

type versionBody struct {
	Version int         `json:"version"`
	Author  string      `json:"author"`
	SavedAt time.Time   `json:"saved_at"`
	Monitor monitorBody `json:"monitor"`

	Override *overrideBody `json:"override,omitempty" doc:"Set when it was saved although tests failed"`
}

type overrideBody struct {
	Failed []string `json:"failed" doc:"Names of the tests that failed"`
	Reason string   `json:"reason" doc:"Why it was saved all the same"`
}

type versionsOutput struct {
	Body struct {
		Versions []versionBody `json:"versions"`
		Next     int           `json:"next,omitempty" doc:"before of the next page; left out on the last"`
	}
}

type versionsInput struct {
	ID     int64 `path:"id" minimum:"1"`
	Before int   `query:"before" minimum:"0" doc:"Only versions before this one: next of the page before"`
	Limit  int   `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

func (s *server) apiVersions(ctx context.Context, in *versionsInput) (*versionsOutput, error) {
	versions, err := s.Library.Versions(ctx, in.ID, in.Before, in.Limit+1)
	if err != nil {
		return nil, err
	}
	out := &versionsOutput{}
	if len(versions) > in.Limit {
		versions = versions[:in.Limit]
		out.Body.Next = versions[in.Limit-1].Monitor.Version
	}
	out.Body.Versions = make([]versionBody, len(versions))
	for i, v := range versions {
		out.Body.Versions[i] = versionBody{Version: v.Monitor.Version, Author: v.Author, SavedAt: v.SavedAt.UTC(), Monitor: toMonitorBody(shown(ctx, v.Monitor))}
		if o := v.Override; o != nil {
			out.Body.Versions[i].Override = &overrideBody{nonNil(o.Failed), o.Reason}
		}
	}
	return out, nil
}
