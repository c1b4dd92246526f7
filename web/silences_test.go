package web_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wingmirror/alerting"
	"wingmirror/monitor"
	"wingmirror/store"
	"wingmirror/web"
)

// silenced is a world with a store for silences, on a Friday in winter.
func silenced(t *testing.T) (*world, web.Options) {
	t.Helper()
	now := func() time.Time { return time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) }
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "silences.db"), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	w := newWorld(t, now)
	w.fill()
	o := w.options()
	o.Silences = db
	return w, o
}

func TestAPI_SilencesLive(t *testing.T) {
	_, o := silenced(t)
	h := handler(t, o)
	const path = "/api/v1/silences"
	for _, sc := range []scenario{
		{name: "none yet", method: "GET", path: path, status: 200, contains: []string{`"silences":[]`}},
		{name: "once, for a while", method: "POST", path: path, body: `{"monitors": [1], "duration": "2h", "reason": "deploy"}`, status: 201,
			contains: []string{`"id":1`, `"status":"active"`, `"from":"2026-11-20T12:00:00Z"`, `"until":"2026-11-20T14:00:00Z"`, `"author":"local"`, `"what":"monitor 1"`}},
		{name: "a day by the clock of the zone", method: "POST", path: path, status: 201,
			body: `{"group": "shop", "from": "2027-03-27T21:00:00Z", "duration": "1d", "timezone": "Europe/Berlin", "reason": "move"}`, contains: []string{`"until":"2027-03-28T20:00:00Z"`, `"status":"waiting"`}},
		{name: "again and again", method: "POST", path: path, status: 201,
			body:     `{"labels": {"team": "checkout"}, "schedule": "0 22 * * 5", "timezone": "Europe/Berlin", "duration": "8h", "reason": "backups"}`,
			contains: []string{`"status":"waiting"`, `"from":"2026-11-20T22:00:00+01:00","until":"2026-11-21T06:00:00+01:00"`, "At 22:00 on Friday, for 8h, Europe/Berlin"}},
		{name: "everything wrong at once", method: "POST", path: path, body: `{"schedule": "61 * * * *", "timezone": "Mars", "duration": "1h"}`, status: 422,
			contains: []string{"body.matches", "body.reason", "body.schedule", "body.timezone"}},
		{name: "no end", method: "POST", path: path, body: `{"group": "shop", "reason": "x"}`, status: 422, contains: []string{"body.until", "say when it ends"}},
		{name: "two ends", method: "POST", path: path, body: `{"group": "shop", "reason": "x", "duration": "1h", "until": "2026-11-21T00:00:00Z"}`, status: 422, contains: []string{"body.duration"}},
		{name: "never pauses", method: "POST", path: path, body: `{"group": "shop", "reason": "x", "duration": "1h", "schedule": "@hourly"}`, status: 422, contains: []string{"never end"}},
		{name: "list by status", method: "GET", path: path + "?status=active", status: 200, contains: []string{`"id":1`}, lacks: []string{`"id":2`, `"id":3`}},
		{name: "get", method: "GET", path: path + "/3", status: 200, contains: []string{`"schedule":"0 22 * * 5"`}},
		{name: "change without a version", method: "PUT", path: path + "/3", body: `{"group": "shop", "duration": "1h", "reason": "x"}`, status: 422, contains: []string{"If-Match"}},
		{name: "change", method: "PUT", path: path + "/1", header: map[string]string{"If-Match": `"1"`}, body: `{"monitors": [1], "duration": "3h", "reason": "longer"}`, status: 200, contains: []string{`"version":2`, `"until":"2026-11-20T15:00:00Z"`}},
		{name: "change an old version", method: "PUT", path: path + "/1", header: map[string]string{"If-Match": `"1"`}, body: `{"monitors": [1], "duration": "3h", "reason": "longer"}`, status: 412},
		{name: "end", method: "POST", path: path + "/3/end", status: 200, contains: []string{`"status":"over"`, `"ended_by":"local"`, `"windows":[]`}},
		{name: "end again", method: "POST", path: path + "/3/end", status: 409},
		{name: "no such silence", method: "POST", path: path + "/99/end", status: 404},
	} {
		sc.run(t, h)
	}
}

func TestAPI_SilencePreviewTellsWhatItWouldHide(t *testing.T) {
	w, o := silenced(t)
	friday := time.Date(2026, 11, 13, 21, 30, 0, 0, time.UTC) // 22:30 in Berlin, a week ago
	old := []monitor.Incident{
		{Subject: monitor.MonitorSubject(1), Name: "too old", OpenedAt: w.now().AddDate(0, 0, -31)},
		{Subject: monitor.MonitorSubject(1), Name: "short and silenced", OpenedAt: friday, ClosedAt: friday.Add(time.Hour)},
		{Subject: monitor.MonitorSubject(3), Name: "long and silenced", OpenedAt: friday, ClosedAt: friday.Add(12 * time.Hour)},
		{Subject: monitor.MonitorSubject(9), Name: "elsewhere", OpenedAt: friday},
		{Subject: monitor.MonitorSubject(1), Name: "at noon", OpenedAt: friday.Add(14 * time.Hour)},
	}
	for i := range old {
		old[i].ID, old[i].Level = int64(i+1), monitor.Critical
	}
	w.incidents = old
	h := handler(t, o)
	const path = "/api/v1/silences/preview"
	for _, sc := range []scenario{
		{name: "a group, again and again", method: "POST", path: path, status: 200,
			body:     `{"group": "shop", "schedule": "0 22 * * 5", "timezone": "Europe/Berlin", "duration": "8h"}`,
			contains: []string{`"matches":6`, `"name":"Queue depth"`, `"found":3`, `"hidden":2`, "short and silenced", "long and silenced", `"told_at":"2026-11-14T05:00:00Z"`},
			lacks:    []string{"elsewhere", "too old", "at noon", "Backups of the warehouse"}},
		{name: "once is tried over all the days", method: "POST", path: path, body: `{"monitors": [1], "duration": "1h"}`, status: 200, contains: []string{`"matches":1`, `"found":2`, `"hidden":2`, "at noon"}, lacks: []string{"told_at"}},
		{name: "a label that nobody has", method: "POST", path: path, body: `{"labels": {"team": "x"}, "duration": "1h"}`, status: 200, contains: []string{`"matches":0`, `"monitors":[]`, `"incidents":[]`}},
		{name: "refused", method: "POST", path: path, body: `{"group": "shop", "duration": "soon"}`, status: 422, contains: []string{"body.duration"}},
		{name: "nothing was stored", method: "GET", path: "/api/v1/silences", status: 200, contains: []string{`"silences":[]`}},
	} {
		sc.run(t, h)
	}
}

func TestSilencesPage_ListsByStatusAndFillsTheForm(t *testing.T) {
	_, o := silenced(t)
	h := handler(t, o)
	for i, body := range []string{
		`{"monitors": [1, 77], "duration": "2h", "reason": "deploy <b>now</b>"}`,
		`{"group": "shop", "labels": {"team": "checkout"}, "schedule": "0 22 * * 5", "timezone": "Europe/Berlin", "duration": "8h", "reason": "backups"}`,
		`{"everything": true, "duration": "1h", "reason": "fire drill"}`,
	} {
		scenario{name: fmt.Sprint("create ", i+1), method: "POST", path: "/api/v1/silences", body: body, status: 201}.run(t, h)
	}
	scenario{name: "end", method: "POST", path: "/api/v1/silences/3/end", status: 200}.run(t, h)
	html := map[string]string{"Accept": "text/html"}
	for _, sc := range []scenario{
		{name: "list", method: "GET", path: "/silences", header: html, status: 200, lacks: []string{"<b>now</b>", " style=", "/silences/3/end"},
			contains: []string{"deploy &lt;b&gt;now", `href="/monitors/1">Conversion rate`, "monitor 77, which is gone", "At 22:00 on Friday, for 8h, Europe/Berlin", "ended by local", "/silences/1/end", `aria-current="page">Silences`}},
		{name: "prefilled", method: "GET", path: "/silences?monitor=1,3&monitor=4&group=shop&label=team%3Dweb", header: html, status: 200, contains: []string{`"monitors":[1,3,4]`, `"group":"shop"`, `"team":"web"`, `"monitor/3":"Queue depth"`}},
		{name: "change", method: "GET", path: "/silences?edit=2", header: html, status: 200, contains: []string{"Change silence 2", `data-method="PUT"`, `"schedule":"0 22 * * 5"`}},
		{name: "change what is not there", method: "GET", path: "/silences?edit=99", header: html, status: 404},
		{name: "no number", method: "GET", path: "/silences?monitor=x", header: html, status: 404},
		{name: "way from the incident", method: "GET", path: "/incidents/3", header: html, status: 200, contains: []string{`href="/silences?subject=monitor%2F1"`}},
		{name: "way from the monitor", method: "GET", path: "/monitors/2", header: html, status: 200, contains: []string{`href="/silences?monitor=2"`}},
		{name: "way from the list", method: "GET", path: "/", header: html, status: 200, contains: []string{`data-bulk="silence"`}},
	} {
		sc.run(t, h)
	}
}

func TestSilences_AskForTheirRoleAndAreRecorded(t *testing.T) {
	_, o, tokens := guarded(t)
	_, with := silenced(t)
	o.Silences, o.Now = with.Silences, with.Now
	h := handler(t, o)
	as := func(who string) map[string]string {
		return map[string]string{"Authorization": "Bearer " + tokens[who], "Accept": "application/json, text/html"}
	}
	const path, body = "/api/v1/silences", `{"group": "shop", "duration": "2h", "reason": "deploy"}`
	for _, sc := range []scenario{
		{name: "viewer silences", method: "POST", path: path, body: body, header: as("viewer"), status: 403},
		{name: "stranger looks", method: "GET", path: path, header: map[string]string{"Accept": "application/json"}, status: 401},
		{name: "editor silences", method: "POST", path: path, body: body, header: as("editor"), status: 201, contains: []string{`"author":"editor by token test"`}},
		{name: "viewer ends", method: "POST", path: path + "/1/end", header: as("viewer"), status: 403},
		{name: "viewer looks", method: "GET", path: path, header: as("viewer"), status: 200, contains: []string{`"id":1`}},
		{name: "viewer previews", method: "POST", path: path + "/preview", body: body, header: as("viewer"), status: 200},
		{name: "viewer's page has no form", method: "GET", path: "/silences", header: as("viewer"), status: 200, contains: []string{"deploy"}, lacks: []string{`id="silence"`, "/silences/1/end"}},
		{name: "editor changes", method: "PUT", path: path + "/1", body: strings.Replace(body, "{", `{"version": 1, `, 1), header: as("editor"), status: 200},
		{name: "editor ends", method: "POST", path: path + "/1/end", header: as("editor"), status: 200},
		{name: "log", method: "GET", path: "/api/v1/audit", header: as("admin"), status: 200,
			contains: []string{`"action":"silence.create"`, `"action":"silence.update"`, `"action":"silence.end"`, `"subject":"silence/1"`, "version 2: everything in group shop, from 2026-11-20 12:00:00 UTC"}},
	} {
		sc.run(t, h)
	}
}

// holdOne is a silence of one monitor.
type holdOne int64

func (h holdOne) Hold(about monitor.Message, at time.Time) *alerting.Hold {
	if about.Subject != monitor.MonitorSubject(int64(h)) {
		return nil
	}
	return &alerting.Hold{Until: at.Add(time.Hour), Note: "silence 4 by <ann>: deploy"}
}

func TestPages_MarkWhatIsSilenced(t *testing.T) {
	w, o := silenced(t)
	o.Holder = holdOne(1)
	h := handler(t, o)
	const mark = `title="silence 4 by &lt;ann&gt;: deploy">silenced, ends <time`
	for _, sc := range []scenario{
		{name: "list", method: "GET", path: "/", status: 200, contains: []string{mark}},
		{name: "tiles", method: "GET", path: "/tiles", status: 200, contains: []string{mark}},
		{name: "the monitor, with who and why", method: "GET", path: "/monitors/1", status: 200, contains: []string{`>silence 4 by &lt;ann&gt;: deploy</span>, ends <time`}},
		{name: "another monitor", method: "GET", path: "/monitors/2", status: 200, lacks: []string{"silence 4"}},
		{name: "API", method: "GET", path: "/api/v1/monitors", status: 200, contains: []string{`"silenced":{"until":"2026-11-20T13:00:00Z","note":"silence 4 by <ann>: deploy"}`}},
	} {
		sc.run(t, h)
	}
	if n := strings.Count(get(h, "/").Body.String(), ">silenced, ends"); n != 1 || len(w.monitors) < 2 {
		t.Errorf("%d of %d monitors are marked, want 1", n, len(w.monitors))
	}
}
