package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"wingmirror/account"
	"wingmirror/monitor"
)

// Preferences keeps what people chose for themselves. User 0 is whoever comes
// without a name.
type Preferences interface {
	Preferences(ctx context.Context, user int64) (monitor.Preferences, error)
	SavePreferences(ctx context.Context, user int64, p monitor.Preferences) error
}

func (s *server) preferenceRoutes() []Route {
	if s.Preferences == nil {
		return nil
	}
	return []Route{
		route(http.MethodGet, "/api/v1/me/preferences", viewer, Op(s.apiPreferences, "Get what you chose for yourself")),
		route(http.MethodPut, "/api/v1/me/tiles", viewer, Op(s.apiArrange, "Put your tiles in order", http.StatusNoContent)),
		route(http.MethodPut, "/api/v1/me/alerts", editor, Op(s.apiDefaultAlerts, "Choose what the alerts of a new monitor begin with", http.StatusNoContent)),
	}
}

// preferences are those of whoever asks; none where nothing keeps them.
func (s *server) preferences(ctx context.Context) (monitor.Preferences, error) {
	if s.Preferences == nil {
		return monitor.Preferences{}, nil
	}
	return s.Preferences.Preferences(ctx, account.From(ctx).UserID)
}

// tileOrder is the order of tiles of whoever asks: a user's own, or without a
// name that of the browser, in a cookie of ids with dots between.
func (s *server) tileOrder(r *http.Request) ([]int64, error) {
	if account.From(r.Context()).UserID > 0 {
		p, err := s.preferences(r.Context())
		return p.Tiles, err
	}
	c, err := r.Cookie("tiles")
	if err != nil {
		return nil, nil //nolint:nilerr // no cookie is no order
	}
	return orderIn(c.Value), nil
}

func orderIn(cookie string) []int64 {
	var order []int64
	for part := range strings.SplitSeq(cookie, ".") {
		if id, err := strconv.ParseInt(part, 10, 64); err == nil {
			order = append(order, id)
		}
	}
	return order
}

// mostCookie is how long a cookie's value may be, in bytes, that every browser keeps.
const mostCookie = 3500

func orderCookie(order []int64) *http.Cookie {
	var text strings.Builder
	for _, id := range order {
		if text.Len() > mostCookie {
			break
		}
		if text.Len() > 0 {
			text.WriteByte('.')
		}
		text.WriteString(strconv.FormatInt(id, 10))
	}
	return &http.Cookie{Name: "tiles", Value: text.String(), Path: "/", MaxAge: 365 * 24 * 3600, SameSite: http.SameSiteLaxMode}
}

// rearranged puts the tiles of one page, in their new order, in place of the
// first of them, and leaves all others in theirs.
func rearranged(order, page []int64) []int64 {
	at := slices.IndexFunc(order, func(id int64) bool { return slices.Contains(page, id) })
	if at < 0 {
		at = len(order)
	}
	isShown := func(id int64) bool { return slices.Contains(page, id) }
	return slices.Concat(order[:at], page, slices.DeleteFunc(slices.Clone(order[at:]), isShown))
}

type orderBody struct {
	Order []int64 `json:"order" maxItems:"5000" doc:"Ids of the monitors shown, in their order; all others stay where they are"`
}

type arrangeInput struct {
	Cookie string `cookie:"tiles" doc:"The order of this browser, where nobody is logged in"`
	Body   orderBody
}

type arrangeOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie" doc:"The order, where nobody is logged in"`
}

func (s *server) apiArrange(ctx context.Context, in *arrangeInput) (*arrangeOutput, error) {
	user := account.From(ctx).UserID
	if user == 0 {
		return &arrangeOutput{SetCookie: *orderCookie(rearranged(orderIn(in.Cookie), in.Body.Order))}, nil
	}
	p, err := s.preferences(ctx)
	if err != nil {
		return nil, err
	}
	p.Tiles = rearranged(p.Tiles, in.Body.Order)
	p.Tiles = p.Tiles[:min(len(p.Tiles), monitor.MaxTiles)]
	return &arrangeOutput{}, s.Preferences.SavePreferences(ctx, user, p)
}

type defaultAlertsInput struct {
	Body struct {
		Alerts []string `json:"alerts" nullable:"true" doc:"Destinations, as in a monitor; empty for none"`
	}
}

func (s *server) apiDefaultAlerts(ctx context.Context, in *defaultAlertsInput) (*struct{}, error) {
	_, errs := monitor.ParseDestinations(in.Body.Alerts)
	unknown, err := s.unknownGroups(ctx, in.Body.Alerts)
	if err != nil {
		return nil, err
	}
	if errs = append(errs, unknown...); len(errs) > 0 {
		return nil, errs
	}
	p, err := s.preferences(ctx)
	if err != nil {
		return nil, err
	}
	p.Alerts = in.Body.Alerts
	return &struct{}{}, s.Preferences.SavePreferences(ctx, account.From(ctx).UserID, p)
}

type preferencesOutput struct {
	Body struct {
		Tiles  []int64  `json:"tiles" doc:"Ids of monitors in the order of their tiles; empty where nobody is logged in"`
		Alerts []string `json:"alerts" doc:"What the alerts of a new monitor begin with"`
	}
}

func (s *server) apiPreferences(ctx context.Context, _ *struct{}) (*preferencesOutput, error) {
	p, err := s.preferences(ctx)
	out := &preferencesOutput{}
	out.Body.Tiles, out.Body.Alerts = nonNil(p.Tiles), nonNil(shownAlerts(ctx, p.Alerts))
	return out, err
}
