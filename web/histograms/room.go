// Package histograms is the room of distributions: a dashboard of regressions by
// date, a page for each regression and each histogram, the reminders of expiry,
// what other detectors post, and the API of all of it.
//
// Charts are drawn here as SVG, so the pages need no script of their own. The
// package computes no regression: see package histogram.
package histograms

import (
	"context"
	"net/http"
	"time"

	"wingmirror/histogram/expiry"
	"wingmirror/histogram/medusa"
	"wingmirror/monitor"
	"wingmirror/store"
	"wingmirror/web"
)

// Probes keeps definitions and periods.
type Probes interface {
	Probes(ctx context.Context) ([]monitor.Probe, error)
	Probe(ctx context.Context, name string) (monitor.Probe, error)
	SaveProbe(ctx context.Context, p monitor.Probe, author string, at time.Time) (monitor.Probe, error)
	DeleteProbe(ctx context.Context, name string) error
}

// Periods keeps what was counted.
type Periods interface {
	PutPeriods(ctx context.Context, name string, periods []monitor.HistogramPeriod, add bool, at time.Time) error
	Periods(ctx context.Context, name string, since time.Time) ([]monitor.HistogramPeriod, error)
	HistogramsLatest(ctx context.Context) (map[string]store.HistogramLatest, error)
}

// Regressions keeps what was found, and what people say of it.
type Regressions interface {
	Regressions(ctx context.Context, f store.RegressionFilter) ([]monitor.Regression, error)
	Regression(ctx context.Context, id int64) (monitor.Regression, error)
	Judge(ctx context.Context, id int64, verdict monitor.Verdict, note, by string, at time.Time) (monitor.Regression, error)
	RegressionPrecision(ctx context.Context) ([]store.Precision, error)
}

// Received keeps what other detectors post.
type Received interface {
	Detectors(ctx context.Context, f store.ReceivedFilter) ([]monitor.Detector, error)
	DetectorMetrics(ctx context.Context, f store.ReceivedFilter) ([]monitor.DetectorMetric, error)
	DetectorAlerts(ctx context.Context, f store.ReceivedFilter) ([]monitor.DetectorAlert, error)
	DetectorSubscriptions(ctx context.Context, detector int64) ([]monitor.DetectorSubscription, error)
	Receiver
}

// Receiver takes what is posted.
type Receiver interface {
	AddDetector(ctx context.Context, d monitor.Detector) (int64, error)
	AddDetectorMetric(ctx context.Context, m monitor.DetectorMetric) (int64, error)
	AddDetectorAlert(ctx context.Context, a monitor.DetectorAlert, mails []monitor.Mail, at time.Time) (int64, error)
	DeleteDetector(ctx context.Context, id int64) error
	AddDetectorSubscription(ctx context.Context, s monitor.DetectorSubscription) error
	RemoveDetectorSubscription(ctx context.Context, s monitor.DetectorSubscription) error
}

// Builds knows what is new in the builds of a day.
type Builds interface {
	Of(ctx context.Context, date string) (medusa.Changes, error)
}

// Room is the part of the house.
type Room struct {
	Probes      Probes
	Periods     Periods
	Regressions Regressions
	Received    Received
	Touch       func(name string)                                           // has the histogram looked at anew
	Retire      func(ctx context.Context, p monitor.Probe, by string) error // its incident ends with it
	Calendar    func() (expiry.Calendar, error)
	Alerts      []string // addresses that are told of every alert that is received
	Builds      Builds   // looks up what is new in the code of a day; nil: mails do not say
	Base        string   // address of these pages as people reach them, for mails
}

// Nav returns the room's entry.
func (Room) Nav() []web.NavEntry {
	return []web.NavEntry{{Label: "Histograms", Href: "/histograms", Also: []string{"/regressions", "/expiring", "/received"}}}
}

// desk is a room in its house.
type desk struct {
	Room
	web.Host
}

// Routes returns the pages and the API.
func (r Room) Routes(h web.Host) []web.Route {
	d := desk{r, h}
	const get, post, put, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
	const viewer, editor = monitor.RoleViewer, monitor.RoleEditor
	one := "/api/v1/histograms/{name}"
	routes := []web.Route{
		{Method: get, Pattern: "/histograms", Need: viewer, Serve: web.Page(d.dashboard)},
		{Method: get, Pattern: "/histograms/{name}", Need: viewer, Serve: web.Page(d.probePage)},
		{Method: get, Pattern: "/regressions/{id}", Need: viewer, Serve: web.Page(d.regressionPage)},
		{Method: get, Pattern: "/expiring", Need: viewer, Serve: web.Page(d.expiringPage)},
		{Method: get, Pattern: "/received", Need: viewer, Serve: web.Page(d.receivedPage)},

		{Method: post, Pattern: "/histograms/{name}", Need: editor, Scope: monitor.ScopeHistograms, Serve: web.Op(d.push, "Send a histogram, or an array of them")},
		{Method: get, Pattern: "/api/v1/histograms", Need: viewer, Serve: web.Op(d.apiList, "List histograms")},
		{Method: post, Pattern: "/api/v1/histograms/definitions", Need: editor, Serve: web.Op(d.apiDefinitions, "Read a definitions file of Mozilla's form, such as Histograms.json")},
		{Method: get, Pattern: one, Need: viewer, Serve: web.Op(d.apiProbe, "Get a histogram's definition and periods")},
		{Method: put, Pattern: one, Need: editor, Serve: web.Op(d.apiSave, "Define a histogram: owners, unit, which direction is better")},
		{Method: del, Pattern: one, Need: editor, Serve: web.Op(d.apiDelete, "Delete a histogram with its periods and regressions", http.StatusNoContent)},
		{Method: get, Pattern: "/api/v1/regressions", Need: viewer, Serve: web.Op(d.apiRegressions, "List regressions, the newest day first")},
		{Method: get, Pattern: "/api/v1/regressions/precision", Need: viewer, Serve: web.Op(d.apiPrecision, "Say how many regressions people called true, and how many noise")},
		{Method: get, Pattern: "/api/v1/regressions/{id}", Need: viewer, Serve: web.Op(d.apiRegression, "Get a regression")},
		{Method: post, Pattern: "/api/v1/regressions/{id}/judge", Need: editor, Serve: web.Op(d.apiJudge, "Say whether a regression is true or noise")},
		{Method: get, Pattern: "/api/v1/expiring", Need: viewer, Serve: web.Op(d.apiExpiring, "List probes that expire soon, and those that have")},
	}
	return append(routes, d.receiverRoutes()...)
}
