package histograms

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

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
	Compared          bool   // the chart is of two distributions
	Text              string // of an alert that is no chart, or a note beside one
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

// toReceivedAlert draws an alert that is a graph of two distributions or a box
// plot, and shows any other as its text. None is trusted.
func toReceivedAlert(a monitor.DetectorAlert) receivedAlert {
	out := receivedAlert{DetectorAlert: a, Title: a.MetricName}
	var graph struct {
		medusa.Alert
		Boxplot []any
	}
	if json.Unmarshal([]byte(a.Description), &graph) != nil || graph.Type != "graph" && graph.Type != "boxplot" {
		out.Text = monitor.Cut(a.Description, 1000)
		return out
	}
	out.Title, out.Axis = cmp.Or(monitor.Cut(graph.Title, 200), out.Title), monitor.Cut(graph.XLabel, 300)
	if (monitor.ValidateProbe(monitor.Probe{Name: "link", Link: graph.Link})) == nil {
		out.Link = graph.Link
	}
	if graph.Type == "boxplot" {
		return out.withBox(graph.Boxplot)
	}
	edges := cerberus.Edges("linear", graph.Buckets)
	regression := monitor.Regression{
		Before: distribution.Histogram{Edges: edges, Counts: graph.Reference}, After: distribution.Histogram{Edges: edges, Counts: graph.Series},
	}
	if regression.Before.Check() != nil || regression.After.Check() != nil {
		out.Text = monitor.Cut(a.Description, 1000)
		return out
	}
	out.Compared = true
	drawn := overlay(regression, false)
	drawn.Label = "Shares of the values by bucket, on " + a.Date + " and before"
	out.Chart = &drawn
	return out
}

// withBox draws a box plot as medusa's pages did from the row of an alert: a label,
// smallest, first quartile, third quartile, largest, and then, if they are there,
// the value in question and a note.
func (out receivedAlert) withBox(row []any) receivedAlert {
	var texts []string
	var numbers []float64
	for _, cell := range row {
		switch v := cell.(type) {
		case float64:
			numbers = append(numbers, v)
		case string:
			texts = append(texts, monitor.Cut(v, 300))
		}
	}
	if len(numbers) < 4 || len(numbers) > 5 || !slices.IsSorted(numbers[:4]) {
		out.Text = monitor.Cut(out.Description, 1000)
		return out
	}
	drawn := boxplot(numbers[:4], numbers[4:])
	out.Chart = &drawn
	if len(texts) > 0 && texts[0] == out.Date {
		texts = texts[1:]
	}
	out.Text = strings.Join(texts, "\n")
	return out
}
