package monitor

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Dashboard is a selection of monitors under a name that people share. It shows
// those that its filters let through, whenever it is looked at.
type Dashboard struct {
	Name      string  // one line, up to 100 characters; part of its address
	Text      string  // words that must all occur in name, group, labels or message
	Level     string  // ok, warning, critical, unknown or paused; "" for all
	Group     string  // a group, with all below it; "" for all
	Tiles     []int64 // monitors in their order; those it does not name follow
	UpdatedAt time.Time
	UpdatedBy string
}

const maxDashboardName = 100

// ValidateDashboard returns everything that is wrong with a dashboard as
// FieldErrors, or nil.
func ValidateDashboard(d Dashboard) error {
	var v validation
	v.check(d.Name != "" && d.Name == strings.TrimSpace(d.Name) && utf8.RuneCountInString(d.Name) <= maxDashboardName && !strings.ContainsAny(d.Name, "/\n\r\t"),
		"name", "%s is not a name for a dashboard: write up to %d characters on one line, without /", quoteCut(d.Name), maxDashboardName)
	v.check(d.Name != "." && d.Name != "..", "name", "%q cannot be part of an address; choose another name", d.Name)
	v.check(slices.Contains([]string{"", "ok", "warning", "critical", "unknown", "paused"}, d.Level), "level", "%q is no level; write ok, warning, critical, unknown or paused, or leave it out", d.Level)
	v.check(len(d.Text) <= 500 && len(d.Group) <= 500, "q", "the filters are longer than 500 bytes")
	v.check(len(d.Tiles) <= MaxTiles, "order", "%d monitors are more than the %d that can be put in order", len(d.Tiles), MaxTiles)
	if len(v.errs) == 0 {
		return nil
	}
	return v.errs
}

// MaxTiles is how many monitors an order of tiles can name.
const MaxTiles = 5000

// Preferences are what somebody chose for themselves.
type Preferences struct {
	Tiles  []int64  // monitors in the order of their tiles; those it does not name follow
	Alerts []string // destinations that a new monitor begins with
}
