package histograms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"wingmirror/histogram/medusa"
	"wingmirror/monitor"
	"wingmirror/store"
	"wingmirror/web"
)

// The receiver stands in for medusa, so that what posted there can post here. It
// answers as medusa did, down to its 404 for an empty list, and so does without
// the pages' errors.

// Bounds of what is received.
const (
	maxReceived   = 1 << 20 // bytes of one request
	maxNamed      = 1000    // bytes of a name or an address
	maxRecipients = 500     // of the mails about one alert
)

// refused is an answer that is not good, in medusa's words.
type refused struct {
	status int
	text   string
}

func (r *refused) Error() string { return r.text }

var (
	errEmpty       = &refused{http.StatusNotFound, "Resource not found."}
	errUnprocessed = &refused{http.StatusUnprocessableEntity, "Unprocessable entity."}
	errNoPage      = &refused{http.StatusNotFound, "Page not found"}
)

func (d desk) receiverRoutes() []web.Route {
	const get, post, del = http.MethodGet, http.MethodPost, http.MethodDelete
	var all []web.Route
	add := func(method, pattern string, serve func(*http.Request) (any, error)) {
		r := web.Route{Method: method, Pattern: "/medusa" + pattern, Need: monitor.RoleViewer, Serve: web.Page(received(serve))}
		if method != get {
			r.Need = monitor.RoleEditor
		}
		if method == post { // what only sends takes nothing away
			r.Scope = monitor.ScopeHistograms
		}
		all = append(all, r)
	}
	redirect := func(to string) web.Endpoint {
		return web.Page(func(w http.ResponseWriter, _ *http.Request) error {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
			return nil
		})
	}
	all = append(all,
		web.Route{Method: get, Pattern: "/medusa/{$}", Need: monitor.RoleViewer, Serve: redirect("index.html")},
		web.Route{Method: get, Pattern: "/medusa/index.html", Need: monitor.RoleViewer, Serve: redirect("/received")},
		web.Route{Method: get, Pattern: "/medusa/status", Need: monitor.RoleViewer, Serve: web.Page(func(w http.ResponseWriter, _ *http.Request) error {
			_, err := io.WriteString(w, "ok")
			return err
		})},
	)
	const metrics = "/detectors/{detector}/metrics/"
	add(get, "/detectors/{$}", d.listDetectors)
	add(post, "/detectors/{$}", d.addDetector)
	add(get, "/detectors/{detector}", d.listDetectors)
	add(del, "/detectors/{detector}", d.removeDetector)
	add(get, metrics+"{$}", d.listMetrics)
	add(post, metrics+"{$}", d.addMetric)
	add(get, metrics+"{metric}", d.listMetrics)
	add(get, "/detectors/{detector}/alerts/{$}", d.listAlerts)
	add(get, metrics+"{metric}/alerts/{$}", d.listAlerts)
	add(post, metrics+"{metric}/alerts/{$}", d.addAlert)
	add(get, metrics+"{metric}/alerts/{id}", d.listAlerts)
	add(get, "/subscriptions", d.listSubscriptions)
	add(post, "/subscriptions", d.changeSubscription)
	add(get, "/{rest...}", func(*http.Request) (any, error) { return nil, errNoPage })
	return all
}

// created is the answer to a thing that was stored.
type created struct {
	ID int64 `json:"id"`
}

// received answers with JSON: 201 for what was created, medusa's words for what
// was refused.
func received(serve func(*http.Request) (any, error)) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		answer, err := serve(r)
		if no, ok := errors.AsType[*refused](err); ok {
			http.Error(w, no.text, no.status)
			return nil
		}
		switch {
		case errors.Is(err, monitor.ErrNotFound):
			http.Error(w, errEmpty.text, errEmpty.status)
			return nil
		case errors.Is(err, monitor.ErrConflict), errors.Is(err, monitor.ErrInvalid):
			http.Error(w, errUnprocessed.text, errUnprocessed.status)
			return nil
		case err != nil:
			return err
		case answer == nil:
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
		if page, ok := answer.(pageOf); ok {
			w.Header().Set("Link", "<"+page.next+`>; rel="next"`)
			answer = page.all
		}
		data, kind, err := written(r, answer)
		if err != nil {
			return fmt.Errorf("write answer: %w", err)
		}
		w.Header().Set("Content-Type", kind)
		if _, ok := answer.(created); ok {
			w.WriteHeader(http.StatusCreated)
		}
		_, err = w.Write(data)
		return err
	}
}

// edn is the notation that medusa spoke beside JSON.
const edn = "application/edn"

// written writes an answer in EDN when that is what is asked for, and JSON is not.
func written(r *http.Request, answer any) (data []byte, kind string, err error) {
	accept := r.Header.Get("Accept")
	if !strings.Contains(accept, edn) || strings.Contains(accept, "application/json") {
		data, err = json.Marshal(answer)
		return data, "application/json", err
	}
	if c, ok := answer.(created); ok {
		answer = map[string]any{"id": c.ID}
	}
	return []byte(medusa.WriteEDN(answer)), edn + ";charset=utf-8", nil
}

// posted reads a body, JSON or EDN by its content type, into what JSON is read into.
func posted(r *http.Request, into any) error {
	data, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxReceived))
	if err == nil && strings.HasPrefix(r.Header.Get("Content-Type"), edn) {
		var values map[string]any
		if values, err = medusa.ReadEDN(string(data)); err == nil {
			data, err = json.Marshal(values)
		}
	}
	if err != nil || json.Unmarshal(data, into) != nil {
		return errUnprocessed
	}
	return nil
}

// receivedFilter reads the path and the query.
func receivedFilter(r *http.Request, own string) (store.ReceivedFilter, error) {
	q := r.URL.Query()
	f := store.ReceivedFilter{Name: q.Get("name"), Date: q.Get("date"), From: q.Get("from"), To: q.Get("to")}
	for text, into := range map[string]*int64{r.PathValue("detector"): &f.Detector, r.PathValue("metric"): &f.Metric, r.PathValue("id"): &f.ID, q.Get("id"): &f.ID} {
		if text == "" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 1 {
			return f, errEmpty
		}
		*into = n
	}
	switch own { // the thing that is listed has its number last in the path
	case "detector":
		f.ID = max(f.ID, f.Detector)
	case "metric":
		f.ID = max(f.ID, f.Metric)
	}
	return f, nil
}

// listed turns rows into JSON objects; none is medusa's 404.
func listed[T any](rows []T, err error, object func(T) map[string]any) (any, error) {
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, errEmpty
	}
	all := make([]map[string]any, len(rows))
	for i, row := range rows {
		all[i] = object(row)
	}
	return all, nil
}

func (d desk) listDetectors(r *http.Request) (any, error) {
	f, err := receivedFilter(r, "detector")
	if err != nil {
		return nil, err
	}
	rows, err := d.Received.Detectors(r.Context(), f)
	return listed(rows, err, func(x monitor.Detector) map[string]any {
		return map[string]any{"id": x.ID, "name": x.Name, "date": x.Date, "url": x.URL}
	})
}

func (d desk) listMetrics(r *http.Request) (any, error) {
	f, err := receivedFilter(r, "metric")
	if err != nil {
		return nil, err
	}
	rows, err := d.Received.DetectorMetrics(r.Context(), f)
	return listed(rows, err, func(x monitor.DetectorMetric) map[string]any {
		return map[string]any{"id": x.ID, "detector_id": x.Detector, "name": x.Name, "description": x.Description, "date": x.Date}
	})
}

// An answer with alerts has at most so many, and hardly more bytes than these: an
// alert may be a megabyte. A header Link leads to the next ones.
const (
	mostAlerts     = 1000
	mostAlertBytes = 8 << 20
)

func (d desk) listAlerts(r *http.Request) (any, error) {
	f, err := receivedFilter(r, "alert")
	if err != nil {
		return nil, err
	}
	q := r.URL.Query()
	for name, into := range map[string]*int{"limit": &f.Limit, "offset": &f.Skip} {
		if text := q.Get(name); text != "" {
			if *into, err = strconv.Atoi(text); err != nil || *into < 0 {
				return nil, errUnprocessed
			}
		}
	}
	if f.Limit == 0 || f.Limit > mostAlerts {
		f.Limit = mostAlerts
	}
	wanted := f.Limit
	f.Limit, f.Bytes = wanted+1, mostAlertBytes // one more shows whether there are more
	rows, err := d.Received.DetectorAlerts(r.Context(), f)
	if err != nil {
		return nil, err
	}
	next := ""
	if answered := min(len(rows), wanted); len(rows) > wanted || alertBytes(rows) > mostAlertBytes-maxReceived { // the next one may have been too much
		q.Set("offset", strconv.Itoa(f.Skip+answered))
		next, rows = "?"+q.Encode(), rows[:answered]
	}
	all, err := listed(rows, nil, func(x monitor.DetectorAlert) map[string]any {
		return map[string]any{"id": x.ID, "date": x.Date, "description": x.Description, "metric_id": x.Metric, "metric_name": x.MetricName, "detector_id": x.Detector}
	})
	if err != nil || next == "" {
		return all, err
	}
	return pageOf{all, next}, nil
}

func alertBytes(rows []monitor.DetectorAlert) int {
	n := 0
	for _, row := range rows {
		n += len(row.Description)
	}
	return n
}

// pageOf is an answer that has a next part.
type pageOf struct {
	all  any
	next string // relative address
}

// fields reads an object of exactly the given keys, all of them text.
func fields(r *http.Request, keys ...string) (map[string]string, error) {
	var body map[string]string
	if err := posted(r, &body); err != nil {
		return nil, err
	}
	slices.Sort(keys)
	if !slices.Equal(slices.Sorted(maps.Keys(body)), keys) || len(body["name"]) > maxNamed || len(body["url"]) > maxNamed {
		return nil, errUnprocessed
	}
	return body, nil
}

func (d desk) today() string { return d.Now().UTC().Format(time.DateOnly) }

func (d desk) addDetector(r *http.Request) (any, error) {
	body, err := fields(r, "name", "url")
	if err != nil {
		return nil, err
	}
	id, err := d.Received.AddDetector(r.Context(), monitor.Detector{Name: body["name"], URL: body["url"], Date: d.today()})
	return created{id}, err
}

func (d desk) addMetric(r *http.Request) (any, error) {
	f, err := receivedFilter(r, "")
	if err != nil {
		return nil, err
	}
	body, err := fields(r, "name", "description")
	if err != nil {
		return nil, err
	}
	id, err := d.Received.AddDetectorMetric(r.Context(), monitor.DetectorMetric{Detector: f.Detector, Name: body["name"], Description: body["description"], Date: d.today()})
	return created{id}, err
}

// addAlert stores an alert together with the mails that tell of it, so that none
// is lost when no mail server answers.
func (d desk) addAlert(r *http.Request) (any, error) {
	ctx := r.Context()
	f, err := receivedFilter(r, "")
	if err != nil {
		return nil, err
	}
	body, err := fields(r, "date", "description", "emails")
	if err != nil {
		return nil, err
	}
	if _, err := time.Parse(time.DateOnly, body["date"]); err != nil {
		return nil, errUnprocessed
	}
	metrics, err := d.Received.DetectorMetrics(ctx, store.ReceivedFilter{ID: f.Metric, Detector: f.Detector})
	if err != nil || len(metrics) == 0 {
		return nil, errors.Join(err, errEmpty)
	}
	subscriptions, err := d.Received.DetectorSubscriptions(ctx, f.Detector)
	if err != nil {
		return nil, err
	}
	alert := monitor.DetectorAlert{Date: body["date"], Description: body["description"], Metric: f.Metric}
	to := medusa.Recipients(body["emails"], metrics[0], subscriptions, d.Alerts)
	if len(to) > maxRecipients {
		return nil, errUnprocessed
	}
	mails := medusa.Mails(to, metrics[0], alert, d.changes(ctx, alert, len(to) > 0), d.Base)
	id, err := d.Received.AddDetectorAlert(ctx, alert, mails, d.Now())
	if err == nil {
		d.Changed()
	}
	return created{id}, err
}

// changes looks up what is new in the code of the alert's day. What cannot be had
// is left out of the mails, and the log says so.
func (d desk) changes(ctx context.Context, a monitor.DetectorAlert, asked bool) medusa.Changes {
	if d.Builds == nil || !asked {
		return medusa.Changes{}
	}
	c, err := d.Builds.Of(ctx, a.Date)
	if err != nil {
		d.Log().Warn("mails about an alert do not link to the changes in the code", "day", a.Date, "error", err)
	}
	return c
}

// removeDetector removes a detector with all that it posted.
func (d desk) removeDetector(r *http.Request) (any, error) {
	f, err := receivedFilter(r, "detector")
	if err != nil {
		return nil, err
	}
	if err = d.Received.DeleteDetector(r.Context(), f.ID); err == nil {
		d.Record(r.Context(), "histogram.detector.delete", "detector/"+strconv.FormatInt(f.ID, 10), "")
		d.Changed()
	}
	return nil, err
}

func (d desk) listSubscriptions(r *http.Request) (any, error) {
	rows, err := d.Received.DetectorSubscriptions(r.Context(), 0)
	email := r.URL.Query().Get("email")
	rows = slices.DeleteFunc(rows, func(s monitor.DetectorSubscription) bool { return email != "" && s.Email != email })
	return listed(rows, err, func(s monitor.DetectorSubscription) map[string]any {
		return map[string]any{"email": s.Email, "detector-id": s.Detector, "metric-id": s.Metric, "metrics-filter": s.Filter}
	})
}

type subscriptionBody struct {
	Op       string `json:"op"`
	Email    string `json:"email"`
	Detector int64  `json:"detector-id"`
	Metric   int64  `json:"metric-id"`
	Filter   string `json:"metrics-filter"`
}

// changeSubscription subscribes an address to a metric, or to the metrics of a
// detector whose names match a regular expression, or takes that back.
func (d desk) changeSubscription(r *http.Request) (any, error) {
	var body subscriptionBody
	if err := posted(r, &body); err != nil {
		return nil, err
	}
	_, badAddress := mail.ParseAddress(body.Email)
	_, badPattern := regexp.Compile(body.Filter)
	if badAddress != nil || badPattern != nil || body.Metric == 0 && body.Filter == "" || len(body.Filter) > 1000 {
		return nil, errUnprocessed
	}
	if some, err := d.Received.Detectors(r.Context(), store.ReceivedFilter{ID: body.Detector}); err != nil || body.Detector == 0 || len(some) == 0 {
		return nil, errors.Join(err, errEmpty)
	}
	s := monitor.DetectorSubscription{Email: body.Email, Detector: body.Detector, Metric: body.Metric, Filter: body.Filter}
	var err error
	switch body.Op {
	case "subscribe":
		err = d.Received.AddDetectorSubscription(r.Context(), s)
	case "unsubscribe":
		err = d.Received.RemoveDetectorSubscription(r.Context(), s)
	default:
		err = errUnprocessed
	}
	if err == nil {
		d.Record(r.Context(), "histogram."+body.Op, "detector/"+strconv.FormatInt(body.Detector, 10), body.Email)
	}
	return map[string]any{"result": "ok"}, err
}
