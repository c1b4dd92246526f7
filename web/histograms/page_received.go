package histograms

import (
	"encoding/json"
	"net/http"
	"strconv"

	"wingmirror/distribution"
	"wingmirror/histogram/cerberus"
	"wingmirror/histogram/medusa"
	"wingmirror/monitor"
	"wingmirror/store"
	"wingmirror/web"
)

type receivedData struct {
	Detectors      []monitor.Detector
	Detector       int64
	Name, From, To string
	Alerts         []receivedAlert
	Subscriptions  []monitor.DetectorSubscription
}

type receivedAlert struct {
	monitor.DetectorAlert
	Title, Link, Axis string
	Chart             *chart
	Text              string // of an alert that is no graph
}

// shownReceived is how many alerts the page shows at once.
const shownReceived = 40

// receivedPage lists what other detectors posted.
func (d desk) receivedPage(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	data := receivedData{Name: q.Get("name"), From: q.Get("from"), To: q.Get("to")}
	data.Detector, _ = strconv.ParseInt(q.Get("detector"), 10, 64) // anything else is all of them
	metric, _ := strconv.ParseInt(q.Get("metric"), 10, 64)
	var err error
	if data.Detectors, err = d.Received.Detectors(ctx, store.ReceivedFilter{}); err != nil {
		return err
	}
	filter := store.ReceivedFilter{Detector: data.Detector, Metric: metric, From: data.From, To: data.To, Limit: shownReceived}
	if data.Name != "" {
		filter.Name = "%" + data.Name + "%"
	}
	alerts, err := d.Received.DetectorAlerts(ctx, filter)
	if err != nil {
		return err
	}
	for _, a := range alerts {
		data.Alerts = append(data.Alerts, toReceivedAlert(a))
	}
	if data.Subscriptions, err = d.Received.DetectorSubscriptions(ctx, data.Detector); err != nil {
		return err
	}
	return d.Render(w, r, web.View{Page: "received", Title: "Received alerts", Nav: "Histograms", Live: true, Data: data})
}

// toReceivedAlert draws an alert that is a graph of two distributions, and shows
// any other as its text. Neither is trusted.
func toReceivedAlert(a monitor.DetectorAlert) receivedAlert {
	out := receivedAlert{DetectorAlert: a, Title: a.MetricName}
	var graph medusa.Alert
	if json.Unmarshal([]byte(a.Description), &graph) != nil || graph.Type != "graph" {
		out.Text = monitor.Cut(a.Description, 1000)
		return out
	}
	out.Title, out.Axis = monitor.Cut(graph.Title, 200), monitor.Cut(graph.XLabel, 300)
	if (monitor.ValidateProbe(monitor.Probe{Name: "link", Link: graph.Link})) == nil {
		out.Link = graph.Link
	}
	edges := cerberus.Edges("linear", graph.Buckets)
	regression := monitor.Regression{
		Before: distribution.Histogram{Edges: edges, Counts: graph.Reference}, After: distribution.Histogram{Edges: edges, Counts: graph.Series},
	}
	if regression.Before.Check() != nil || regression.After.Check() != nil {
		out.Text = monitor.Cut(a.Description, 1000)
		return out
	}
	drawn := overlay(regression, false)
	drawn.Label = "Shares of the values by bucket, on " + a.Date + " and before"
	out.Chart = &drawn
	return out
}
