// Package web serves the pages and the JSON API. All routes stand in one table
// (routes.go) with the role that each needs; handlers parse, call and render,
// and return their errors, which one table (error.go) turns into answers.
//
// The package keeps nothing and decides nothing: whatever it shows or changes
// goes through the small interfaces of ports.go. Wire types (wire_*.go) are its
// own, so that domain types carry no tags. Pages run without inline script or
// style under a strict Content-Security-Policy.
package web

import (
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"wingmirror/account"
	"wingmirror/monitor"
	"wingmirror/stdlib"
	"wingmirror/ui"
)

// Options are what the pages and the API stand on. All but the last group are required.
type Options struct {
	Monitors  Monitors
	Library   Library
	History   History
	Incidents Incidents
	Tester    Tester
	Scripts   ScriptChecker
	Fetcher   Fetcher
	Source    Source
	Now       func() time.Time
	Log       *slog.Logger

	Past          Past            // nil: recorded runs cannot be made again
	Labels        Labels          // nil: incidents are not labelled
	Tests         Tests           // nil: unit tests are not run when a monitor is saved
	Overrides     Overrides       // nil: only the audit log knows of overridden tests
	Desk          Desk            // nil: incidents can be looked at only
	Outbox        Outbox          // nil: nothing can be sent again by hand
	Silences      Silences        // nil: there are none, and no page of them
	Holder        Holder          // nil: nothing is marked as silenced
	Trial         Trial           // nil: destinations cannot be tried
	Contacts      Contacts        // nil: there are no contact groups
	Defaults      monitor.Policy  // of the installation, for what a monitor leaves open
	Dashboards    Dashboards      // nil: there are none
	Announcements Announcements   // nil: nobody can put anything on top of the pages
	Preferences   Preferences     // nil: nobody has their own
	Subjects      Subjects        // nil: only monitors are known by name
	Rooms         []Room          // parts of the pages from packages below this one
	Access        *account.Access // nil: everybody is an admin
	Schedule      Schedule        // nil: next runs are not shown
	Events        Events          // nil: pages do not update by themselves; a Bell is also rung after saves
	Reference     []stdlib.Entry  // what scripts can call
	Rules         monitor.Rules   // bounds on monitors
	SourceURL     string          // where the metrics come from, without secrets; for the sources page
	Demo          bool            // alerts are caught, not sent: the pages say so
	Version       string          // of the program, for the API's document
}

func (o Options) validate() error {
	for name, missing := range map[string]bool{
		"Monitors": o.Monitors == nil, "Library": o.Library == nil, "History": o.History == nil, "Incidents": o.Incidents == nil,
		"Tester": o.Tester == nil, "Scripts": o.Scripts == nil, "Fetcher": o.Fetcher == nil, "Source": o.Source == nil,
		"Now": o.Now == nil, "Log": o.Log == nil,
	} {
		if missing {
			return fmt.Errorf("web: Options.%s is missing", name)
		}
	}
	return nil
}

type server struct {
	Options
	mux    *http.ServeMux
	api    huma.API
	pages  map[string]*template.Template
	assets map[string]ui.Asset
}

// New returns the handler of all pages and of the API.
func New(o Options) (http.Handler, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	s := &server{Options: o, mux: http.NewServeMux()}
	var err error
	if s.assets, err = ui.Assets(); err != nil {
		return nil, err
	}
	if s.pages, err = ui.Templates(s.templateFuncs()); err != nil {
		return nil, err
	}
	s.mount()
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(s.crossOrigin))
	return s.logged(s.recovered(secured(protection.Handler(s.authenticated(s.mux))))), nil
}
