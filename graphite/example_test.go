package graphite_test

import (
	"context"
	"fmt"

	"wingmirror/graphite"
	"wingmirror/graphite/graphitetest"
	"wingmirror/monitor"
)

func ExampleClient_Fetch() {
	client, err := graphite.New(graphite.Options{
		URL:       "http://graphite.example.com",
		Transport: graphitetest.Transport(&graphitetest.Fake{}), // instead of a network
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	window := monitor.Window{From: 1795240800, Until: 1795244400}
	for _, fetched := range client.Fetch(context.Background(), window, []string{"app.*.rate", "missing.metric", "sumSeries(a"}) {
		reason := ""
		if fetched.Reason != "" {
			reason = ": " + fetched.Reason
		}
		fmt.Printf("%s: %s with %d series%s\n", fetched.Target, fetched.Status, len(fetched.Series), reason)
	}
	// Output:
	// app.*.rate: ok with 3 series
	// missing.metric: missing with 0 series
	// sumSeries(a: failed with 0 series: column 10: the ( of sumSeries is never closed: add )
}
