package medusa

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"wingmirror/monitor"
)

// Recipients returns who is told of an alert about a metric: those that the
// poster names, those who subscribed to the metric or by a pattern that its name
// matches, and those who are told of everything; each once.
func Recipients(emails string, metric monitor.DetectorMetric, subscriptions []monitor.DetectorSubscription, always []string) []string {
	all := slices.Clone(always)
	for one := range strings.SplitSeq(emails, ",") {
		all = append(all, strings.TrimSpace(one))
	}
	for _, s := range subscriptions {
		pattern, err := regexp.Compile(s.Filter)
		byName := s.Metric == 0 && err == nil && pattern.MatchString(metric.Name)
		if s.Detector == metric.Detector && (s.Metric == metric.ID || byName) {
			all = append(all, s.Email)
		}
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(s string) bool { return s == "" })
}

// Mails writes the mails about an alert. base is the address of the pages.
func Mails(to []string, metric monitor.DetectorMetric, a monitor.DetectorAlert, c Changes, base string) []monitor.Mail {
	subject := "Telemetry Alert for " + metric.Name + " on " + a.Date
	body := Body(metric, a, c, base)
	mails := make([]monitor.Mail, len(to))
	for i, address := range to {
		sum := sha256.Sum256([]byte(metric.Name + "\n" + a.Date + "\n" + address))
		mails[i] = monitor.Mail{Key: fmt.Sprintf("alert/%d/%s", metric.Detector, hex.EncodeToString(sum[:12])), To: address, Subject: subject, Body: body}
	}
	return mails
}

// Body is what a mail about an alert says: what happened, where to see it and
// what is new in the code, what to do, and why the reader has it. What is not
// known of the changes is left out.
func Body(metric monitor.DetectorMetric, a monitor.DetectorAlert, c Changes, base string) string {
	var b strings.Builder
	builds := a.Date
	if r := c.Range(); r != "" {
		builds += " (" + r + ")"
	}
	fmt.Fprintf(&b, "The distribution of %s changed in the builds of %s.\n\n", metric.Name, builds)
	if metric.Description != "" {
		fmt.Fprintf(&b, "%s: %s\n\n", metric.Name, metric.Description)
	}
	fmt.Fprintf(&b, "See both distributions:\n%s\n\n", Link(base, metric, a.Date))
	if c.Link != "" {
		fmt.Fprintf(&b, "See what is new in the code:\n%s\n\n", c.Link)
	}
	var graph Alert
	if json.Unmarshal([]byte(a.Description), &graph) == nil && (strings.HasPrefix(graph.Link, "http://") || strings.HasPrefix(graph.Link, "https://")) {
		fmt.Fprintf(&b, "See how it went over time:\n%s\n\n", graph.Link)
	}
	b.WriteString("What to do: find out which change of that day caused it, file a bug about it, and reply to all so that\nthe others know. If it was expected, say so in a reply; nothing else is needed.\n\n")
	b.WriteString("You get this mail because you own the metric, or subscribed to it or to its detector.\n")
	return b.String()
}

// Link is the address of an alert's page.
func Link(base string, metric monitor.DetectorMetric, date string) string {
	q := url.Values{"detector": {fmt.Sprint(metric.Detector)}, "metric": {fmt.Sprint(metric.ID)}, "from": {date}, "to": {date}}
	return strings.TrimSuffix(base, "/") + "/received?" + q.Encode()
}
