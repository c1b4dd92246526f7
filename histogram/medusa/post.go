// Package medusa speaks with medusa, the service that cerberus's regressions
// were posted to: as the poster here, with the same requests; its mails and its
// look-ups are in the other files, for a receiver that takes medusa's place.
package medusa

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"wingmirror/histogram/cerberus"
	"wingmirror/monitor"
)

// DetectorName is what cerberus called itself, also as its address.
const DetectorName = "Histogram Regression Detector"

// Poster posts to one medusa.
type Poster struct {
	Base    string                         // such as http://medusa.example.com:8080
	Token   string                         // of a Wingmirror that stands in for one; "" for none
	HTTP    *http.Client                   // nil: one that gives up after 30 s
	Ignored []string                       // metrics whose regressions are not posted
	Link    func(date, name string) string // page of a regression; nil: that of Mozilla's telemetry
	Report  func(text string)
}

// errMissing is that there is nothing of that name.
var errMissing = errors.New("there is none")

// Post registers the detector and all defined probes, and then posts all
// regressions. One that is there already is said, and the rest goes on; any other
// error ends it.
func (p Poster) Post(ctx context.Context, definitions cerberus.Definitions, regressions cerberus.Regressions) error {
	detector, err := p.register(ctx, "/detectors/", DetectorName, map[string]string{"name": DetectorName, "url": DetectorName})
	if err != nil {
		return err
	}
	metrics := "/detectors/" + detector + "/metrics/"
	for _, name := range definitions.Names() {
		if _, err := p.register(ctx, metrics, name, map[string]string{"name": name, "description": definitions[name].Text}); err != nil {
			return err
		}
	}
	for _, date := range regressions.Dates() {
		for _, name := range sortedNames(regressions[date]) {
			if slices.Contains(p.Ignored, name) {
				p.say("%s of %s is not posted: it is ignored", name, date)
				continue
			}
			if err := p.alert(ctx, metrics, date, name, regressions[date][name]); err != nil {
				return err
			}
		}
	}
	return nil
}

func sortedNames(all map[string]cerberus.Regression) []string {
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (p Poster) say(format string, args ...any) {
	if p.Report != nil {
		p.Report(fmt.Sprintf(format, args...))
	}
}

func (p Poster) alert(ctx context.Context, metrics, date, name string, r cerberus.Regression) error {
	metric, err := p.register(ctx, metrics, name, map[string]string{"name": name, "description": r.Description})
	if err != nil {
		return err
	}
	alert := AlertOf(date, name, r)
	if p.Link != nil {
		alert.Link = p.Link(date, name)
	}
	description, err := json.Marshal(alert)
	if err != nil {
		return fmt.Errorf("write alert of %s: %w", name, err)
	}
	body := map[string]string{"date": date, "description": string(description), "emails": strings.Join(r.Emails, ",")}
	err = p.do(ctx, http.MethodPost, metrics+metric+"/alerts/", body, nil)
	if errors.Is(err, monitor.ErrConflict) {
		p.say("%s of %s had been posted already", name, date)
		return nil
	}
	if err == nil {
		p.say("%s of %s is posted", name, date)
	}
	return err
}

// Alert is the description of an alert that is a graph.
type Alert struct {
	Type           string    `json:"type"`
	Title          string    `json:"title"`
	Link           string    `json:"link"`
	XLabel         string    `json:"x_label"`
	YLabel         string    `json:"y_label"`
	Buckets        []float64 `json:"buckets"`
	Series         []float64 `json:"series"`
	SeriesLabel    string    `json:"series_label"`
	Reference      []float64 `json:"reference_series"`
	ReferenceLabel string    `json:"reference_series_label"`
}

// AlertOf describes a regression as cerberus did.
func AlertOf(date, name string, r cerberus.Regression) Alert {
	return Alert{
		Type: "graph", Title: name, XLabel: r.Description, YLabel: "Normalized Frequency Count", Buckets: r.Buckets,
		Link:   "http://telemetry.mozilla.org/new-pipeline/dist.html#!measure=" + name + "&product=Firefox&start_date=" + date + "&end_date=" + date + "&table=0&use_submission_date=0",
		Series: r.Regression, SeriesLabel: date, Reference: r.Reference, ReferenceLabel: "Previous build-id",
	}
}

// register returns the id of the thing of that name in a list, and makes it if
// it is not there.
func (p Poster) register(ctx context.Context, list, name string, body map[string]string) (string, error) {
	var found []struct {
		ID   int64
		Name string
	}
	err := p.do(ctx, http.MethodGet, list+"?name="+url.QueryEscape(name), nil, &found)
	if err != nil && !errors.Is(err, errMissing) {
		return "", err
	}
	for _, one := range found { // the other side compares with LIKE, to which _ is any character
		if one.Name == name {
			return strconv.FormatInt(one.ID, 10), nil
		}
	}
	var made struct{ ID int64 }
	err = p.do(ctx, http.MethodPost, list, body, &made)
	return strconv.FormatInt(made.ID, 10), err
}

func (p Poster) do(ctx context.Context, method, path string, body, into any) error {
	var content io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("write request: %w", err)
		}
		content = bytes.NewReader(data)
	}
	address := strings.TrimSuffix(p.Base, "/") + path
	request, err := http.NewRequestWithContext(ctx, method, address, content)
	if err != nil {
		return monitor.Invalid("medusa", "%q is no address: %v", p.Base, err)
	}
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if p.Token != "" {
		request.Header.Set("Authorization", "Bearer "+p.Token)
	}
	client := p.HTTP
	if client == nil {
		client = &http.Client{Timeout: 30 * time.Second}
	}
	answer, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("%w: %w", monitor.ErrUnavailable, err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(io.LimitReader(answer.Body, 16<<20))
	switch {
	case err != nil:
		return fmt.Errorf("%s %s: %w: %w", method, address, monitor.ErrUnavailable, err)
	case answer.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%s %s: %w", method, address, errMissing)
	case answer.StatusCode == http.StatusUnprocessableEntity:
		return fmt.Errorf("%s %s: %w: it was refused: %s", method, address, monitor.ErrConflict, monitor.Cut(string(data), 200))
	case answer.StatusCode >= 300:
		return fmt.Errorf("%s %s: %w: it answered %s: %s", method, address, monitor.ErrUnavailable, answer.Status, monitor.Cut(string(data), 200))
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s %s: %w: the answer is not the JSON that was expected: %w", method, address, monitor.ErrUnavailable, err)
	}
	return nil
}
