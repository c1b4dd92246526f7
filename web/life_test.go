package web_test

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"wingmirror/monitor"
)

// fill gives the world monitors at every level with an hour of history.
func (w *world) fill() {
	scripts := map[string]string{
		"Conversion rate": "// How many of those who see the checkout buy?\nlet impressions = 0, conversions = 0, rate = 0\nwith_metrics((a, b) => {\n  impressions += a.value\n  conversions += b.value\n  rate = conversions / impressions * 100\n  graph_value(\"Conversion Rate\", a.timestamp, rate)\n})\nputs(rate)\nif (rate < 10) throw \"The conversion rate has dropped below 10%\"\n",
	}
	for _, row := range []struct {
		name, group, schedule string
		level                 monitor.Level
		fault                 monitor.Fault
		message               string
		active                bool
	}{
		{"Conversion rate", "shop/checkout", "* * * * *", monitor.Critical, "", "The conversion rate has dropped below 10%", true},
		{"Payments by provider", "shop/checkout", "* * * * *", monitor.OK, "", "", true},
		{"Queue depth", "shop/orders", "@every 20s", monitor.Warning, "", "1,240 orders wait for more than five minutes", true},
		{"Login methods", "shop/accounts", "*/5 * * * *", monitor.OK, "", "", true},
		{"Latency p99", "shop/web", "* * * * *", monitor.OK, "", "", true},
		{"Error share after deploys", "shop/web", "* * * * *", monitor.OK, "", "", true},
		{"Disk fills before Monday", "infra/disks", "@hourly", monitor.OK, "", "", true},
		{"Backups of the warehouse", "infra", "0 9 * * MON-FRI", monitor.Unknown, monitor.FaultFetch, "Graphite answered 503 to 2 of 2 targets", true},
		{"Cache hit ratio", "infra/cache", "* * * * *", monitor.OK, "", "", true},
		{"Old import job", "", "0 3 * * *", monitor.OK, "", "", false},
	} {
		script := scripts[row.name]
		if script == "" {
			script = "const worst = max(@a.values)\nputs(`worst: ${worst}`)\nif (worst > 120) throw new Warning(\"too much\")\n"
		}
		m, _ := w.CreateMonitor(context.Background(), monitor.Monitor{
			Name: row.name, Group: row.group, Schedule: row.schedule, Zone: "Europe/Berlin", Minutes: 60, Script: script, Active: row.active,
			Description: "What the shop lives on. If it drops, look at the payment provider first.",
			Labels:      map[string]string{"team": "checkout"}, Alerts: []string{"mailto:oncall@example.com", "pagerduty:0123456789abcdef0123456789abcdef"},
			Targets: []string{"sumSeries(shop.checkout.impressions)", "# how many bought", "shop.checkout.conversions"},
		}, "ada", w.now().Add(-50*time.Hour))
		w.live(m, row.level, row.fault, row.message)
	}
	second, _ := w.Monitor(context.Background(), 1)
	second.Script += "// a later thought\n"
	_, _ = w.UpdateMonitor(context.Background(), second, "grace", w.now().Add(-3*time.Hour))
	w.trouble()
}

func (w *world) live(m monitor.Monitor, level monitor.Level, fault monitor.Fault, message string) {
	w.details[m.ID] = map[int64]*monitor.Detail{}
	start := w.now().Truncate(time.Minute).Add(-40 * time.Minute)
	for i := range 41 {
		at := start.Add(time.Duration(i) * time.Minute)
		run := monitor.Run{Monitor: m.ID, At: at, Phase: monitor.Done, Version: 1, Started: at.Add(3 * time.Millisecond), Fetch: 12 * time.Millisecond, Level: monitor.OK,
			Cost: monitor.Cost{Wall: 320 * time.Microsecond, PointsIn: 120, PointsOut: 60}}
		if i > 35 || (level == monitor.Critical && i > 10 && i < 14) {
			run.Level, run.Fault, run.Message = level, fault, message
		}
		if i == 36 && level.Bad() {
			run.Decision = monitor.Decision{Reason: monitor.ReasonFired}
		}
		w.runs[m.ID] = append(w.runs[m.ID], run)
		if i == 40 || i == 36 {
			w.details[m.ID][at.UnixMilli()] = &monitor.Detail{Message: run.Message, Output: "8.61\n", Graph: rateGraph(at), Window: w.Window(at, 60),
				Targets: []monitor.TargetCount{{Target: m.Targets[0], Status: monitor.StatusOK, Series: 1, Points: 58}}}
		}
	}
	w.states[m.ID] = monitor.State{Subject: m.Subject(), Level: level, Fault: fault, Message: message, At: start.Add(40 * time.Minute), Since: start.Add(36 * time.Minute)}
}

func rateGraph(at time.Time) []monitor.Line {
	rate := monitor.Line{Label: "Conversion Rate"}
	limit := monitor.Line{Label: "limit"}
	deploy := monitor.Line{Label: "drawAsInfinite(deploy 214)"}
	for i := range 60 {
		t := float64(at.Add(time.Duration(i-60) * time.Minute).Unix())
		v := 13 - 0.07*float64(i) + 1.2*math.Sin(float64(i)/3)
		if i == 20 || i == 21 {
			v = math.NaN()
		}
		rate.Points = append(rate.Points, monitor.GraphPoint{Time: t, Value: v})
		limit.Points = append(limit.Points, monitor.GraphPoint{Time: t, Value: 10})
		if i == 38 {
			deploy.Points = append(deploy.Points, monitor.GraphPoint{Time: t, Value: 1})
		}
	}
	return []monitor.Line{rate, limit, deploy}
}

func (w *world) trouble() {
	at := w.now().Add(-4 * time.Minute)
	w.incidents = []monitor.Incident{
		{ID: 1, Key: "wm-7f3a-1-1", Subject: monitor.MonitorSubject(1), Name: "Conversion rate", Level: monitor.Critical, Message: "The conversion rate has dropped below 10%", OpenedAt: at.Add(-26 * time.Minute), ClosedAt: at.Add(-22 * time.Minute), Closing: monitor.ReasonResolved},
		{ID: 2, Key: "wm-7f3a-3-2", Subject: monitor.MonitorSubject(3), Name: "Queue depth", Level: monitor.Warning, Message: "1,240 orders wait for more than five minutes", OpenedAt: at},
		{ID: 3, Key: "wm-7f3a-1-3", Subject: monitor.MonitorSubject(1), Name: "Conversion rate", Level: monitor.Critical, Message: "The conversion rate has dropped below 10%", OpenedAt: at, AckedBy: "grace", AckedAt: at.Add(time.Minute)},
	}
	for _, i := range w.incidents[1:] {
		id, _ := strconv.ParseInt(i.Subject.Key, 10, 64)
		state := w.states[id]
		state.Open = &monitor.Open{Key: i.Key, OpenedAt: i.OpenedAt, Level: i.Level}
		w.states[id] = state
		for at := range w.runs[id] {
			if run := &w.runs[id][at]; run.Decision.Reason == monitor.ReasonFired {
				run.Incident = i.Key
			}
		}
	}
	w.events[3] = []monitor.Event{
		{At: at, Type: monitor.EventOpened, Level: monitor.Critical, Text: "The conversion rate has dropped below 10%"},
		{At: at.Add(time.Second), Type: monitor.EventQueued, Level: monitor.Critical, Text: "fire to mailto:oncall@example.com", Notice: 1},
		{At: at.Add(time.Minute), Type: monitor.EventAcknowledged, Level: monitor.Critical, Author: "grace", Text: "looking at the provider"},
	}
	message := monitor.Message{Kind: monitor.NoticeFire, Subject: monitor.MonitorSubject(1), Name: "Conversion rate", Group: "shop/checkout", Level: monitor.Critical, Text: "The conversion rate has dropped below 10%", At: at, OpenedAt: at, Decision: monitor.Decision{Reason: monitor.ReasonFired}}
	for i, n := range []monitor.Notice{
		{Incident: "wm-7f3a-1-3", IncidentID: 3, Destination: "mailto:oncall@example.com", Status: monitor.NoticeDelivered, Attempts: 1, DeliveredAt: at.Add(time.Second), Message: message},
		{Incident: "wm-7f3a-1-3", IncidentID: 3, Destination: "pagerduty:0123456789abcdef0123456789abcdef", Status: monitor.NoticePending, Attempts: 1, NextAt: at.Add(5 * time.Minute), Error: "PagerDuty answered 429 Too Many Requests", Message: message},
		{Incident: "wm-7f3a-3-2", IncidentID: 2, Destination: "mailto:nobody@example.com", Status: monitor.NoticeFailed, Attempts: 1, Error: "550 5.1.1 no such user", Message: message},
	} {
		n.ID, n.CreatedAt = int64(i+1), at
		w.notices = append(w.notices, n)
		request := fmt.Sprintf("From: Wingmirror <wingmirror@example.com>\nTo: oncall@example.com\nSubject: [critical] Conversion rate\n\n%s\n\nMonitor: Conversion rate (shop/checkout)\nSince:   %s\n", message.Text, at.Format(time.RFC1123))
		outcome := monitor.AttemptDelivered
		switch n.Status {
		case monitor.NoticePending:
			outcome, request = monitor.AttemptRetry, "{\n  \"event_action\": \"trigger\",\n  \"dedup_key\": \"wm-7f3a-1-3\",\n  \"payload\": {\"severity\": \"critical\", \"summary\": \"The conversion rate has dropped below 10%\"}\n}"
		case monitor.NoticeFailed:
			outcome = monitor.AttemptRefused
		}
		w.attempts[n.ID] = []monitor.Attempt{{ID: n.ID, Notice: n.ID, At: at.Add(time.Second), Duration: 84 * time.Millisecond, Outcome: outcome, Error: n.Error, Receipt: monitor.Receipt{Request: request, Answer: "250 2.0.0 Ok: queued"}}}
	}
}
