package main

import (
	"net/url"
	"time"

	"wingmirror/monitor"
)

// leastMemory is what a worker needs beside a script to start at all.
const leastMemory = 1 << 20

// outOfRange names every setting whose value makes no sense and that no part
// checks by itself.
func (c *config) outOfRange() monitor.FieldErrors {
	var errs monitor.FieldErrors
	check := func(ok bool, name, format string, args ...any) {
		if !ok {
			errs = append(errs, monitor.Invalid(name, format, args...))
		}
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"keep-runs", c.KeepRuns}, {"keep-incidents", c.KeepIncidents}, {"keep-audit", c.KeepAudit}, {"script-cpu", c.Sandbox.CPU},
		{"min-interval", c.Schedule.MinInterval}, {"stop-timeout", c.Schedule.StopTimeout},
	} {
		check(d.value >= 0, d.name, "%v is negative", d.value)
	}
	check(c.Inputs.Newest >= 0, "keep-inputs", "%d is negative; 0 keeps none", c.Inputs.Newest)
	check(c.Inputs.Bytes >= 0, "keep-inputs-bytes", "%d is negative; 0 sets no bound", c.Inputs.Bytes)
	check(c.Sandbox.Workers >= 0, "workers", "%d is negative; 0 takes one per core", c.Sandbox.Workers)
	check(c.Schedule.MaxRuns >= 0, "max-runs", "%d is negative", c.Schedule.MaxRuns)
	check(c.Sandbox.Memory == 0 || c.Sandbox.Memory >= leastMemory, "script-memory", "%d bytes are too few; at least %d are needed", c.Sandbox.Memory, leastMemory)
	if pages := c.Alerting.PagerDutyEndpoint; pages != "" {
		u, err := url.Parse(pages)
		check(err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "", "pagerduty-endpoint", "write a URL such as https://events.eu.pagerduty.com")
	}
	return append(errs, c.Histogram.outOfRange()...)
}
