package web_test

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wingmirror/account"
	"wingmirror/alerting"
	"wingmirror/monitor"
	"wingmirror/store"
	"wingmirror/web"
)

// groups keeps contact groups in a real store.
type groups struct{ *store.DB }

func (g groups) OnDuty(name string, at time.Time) string { return g.duty().OnDuty(name, at) }

func (g groups) Resolve(destinations []string, at time.Time) []string {
	return g.duty().Resolve(destinations, at)
}

func (g groups) duty() *alerting.Contacts {
	c := &alerting.Contacts{}
	if all, err := g.ContactGroups(context.Background()); err != nil || c.Set(all) != nil {
		return &alerting.Contacts{}
	}
	return c
}

func withContacts(t *testing.T, o web.Options) web.Options {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "contacts.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	o.Contacts = groups{db}
	return o
}

const managers = `{"name": "managers", "members": ["mailto:boss@example.com\npagerduty:0123456789ABCDEF0123456789abcdef\n"]}`

func TestAPI_ContactsLive(t *testing.T) {
	w := newWorld(t, func() time.Time { return time.Date(2026, 7, 4, 12, 0, 0, 0, time.UTC) }) // a Saturday
	h := handler(t, withContacts(t, w.options()))
	ops := `{"name": "ops", "description": "on call", "members": ["mailto:a@example.com"], "hours": "monday-fri 8:00-18:00", "timezone": "Europe/Berlin",
		"otherwise": "managers", "escalate_after": "15m", "escalate_to": "managers"}`
	for _, sc := range []scenario{
		{name: "none", method: "GET", path: "/api/v1/contacts", status: 200, contains: []string{`"contacts":[]`}},
		{name: "a monitor cannot name one", method: "POST", path: "/api/v1/monitors", status: 422,
			body: `{"name": "x", "schedule": "@hourly", "alerts": ["mailto:a@example.com", "group:ops"]}`, contains: []string{"body.alerts[1]", "none yet"}},
		{name: "before the one it hands over to", method: "POST", path: "/api/v1/contacts", body: ops, status: 422, contains: []string{"body.otherwise", "body.escalate_to"}},
		{name: "several members in one text", method: "POST", path: "/api/v1/contacts", body: managers, status: 201,
			contains: []string{`"members":["mailto:boss@example.com","pagerduty:0123456789abcdef0123456789abcdef"]`, `"version":1`, `"on_duty":"managers"`}},
		{name: "create", method: "POST", path: "/api/v1/contacts", body: ops, status: 201, contains: []string{`"hours":"Mon-Fri 08:00-18:00"`, `"on_duty":"managers"`, `"escalate_after":"15m"`, `"updated_by":"local"`}},
		{name: "the name is taken", method: "POST", path: "/api/v1/contacts", body: ops, status: 409},
		{name: "everything wrong at once", method: "POST", path: "/api/v1/contacts", status: 422,
			body: `{"name": "Ops!", "members": ["x"], "timezone": "Nowhere", "escalate_to": "mangers"}`, contains: []string{"body.name", "body.members[0]", "body.timezone", "did you mean managers", "body.escalate_after"}},
		{name: "hours and time that cannot be read", method: "POST", path: "/api/v1/contacts", status: 422,
			body: `{"name": "x", "members": ["mailto:a@example.com"], "hours": "Mo 8-18", "escalate_after": "soon"}`, contains: []string{"body.hours", "body.escalate_after"}},
		{name: "a monitor names it", method: "POST", path: "/api/v1/monitors", status: 201, body: `{"name": "Orders", "schedule": "@hourly", "alerts": ["group:ops"]}`},
		{name: "a monitor misspells it", method: "POST", path: "/api/v1/monitors", status: 422, body: `{"name": "Orders", "schedule": "@hourly", "alerts": ["group:opps"]}`, contains: []string{"did you mean ops?"}},
		{name: "replace without a version", method: "PUT", path: "/api/v1/contacts/ops", body: ops, status: 422, contains: []string{"body.version"}},
		{name: "replace", method: "PUT", path: "/api/v1/contacts/ops?version=1", body: `{"members": ["mailto:b@example.com"]}`, status: 200, contains: []string{`"version":2`, `"on_duty":"ops"`, `"hours":""`}},
		{name: "replace an old version", method: "PUT", path: "/api/v1/contacts/ops?version=1", body: ops, status: 409, contains: []string{"load it again"}},
		{name: "replace what is not there", method: "PUT", path: "/api/v1/contacts/dev?version=1", body: `{"members": ["mailto:b@example.com"]}`, status: 404},
		{name: "list", method: "GET", path: "/api/v1/contacts", status: 200, contains: []string{`"name":"managers"`, `"name":"ops"`}},
		{name: "rename to a name that is taken", method: "POST", path: "/api/v1/contacts/ops/rename", body: `{"name": "managers"}`, status: 409},
		{name: "rename to no name", method: "POST", path: "/api/v1/contacts/ops/rename", body: `{"name": "Ops!"}`, status: 422, contains: []string{"body.name"}},
		{name: "rename", method: "POST", path: "/api/v1/contacts/ops/rename", body: `{"name": "shop"}`, status: 200, contains: []string{`"name":"shop"`, `"former":["ops"]`, `"version":3`}},
		{name: "rename what is not there", method: "POST", path: "/api/v1/contacts/dev/rename", body: `{"name": "x"}`, status: 404},
		{name: "a monitor may still say the old name", method: "POST", path: "/api/v1/monitors", status: 201, body: `{"name": "Orders 2", "schedule": "@hourly", "alerts": ["group:ops"]}`},
		{name: "would notify its members", method: "POST", path: "/api/v1/test-run", status: 200, body: `{"monitor": {"name": "x", "script": "throw \"bad\"", "alerts": ["mailto:x@example.com", "group:shop"]}}`,
			contains: []string{`"notices":[{"to":"mailto:x@example.com","what":"fire"},{"to":"mailto:b@example.com","what":"fire","via":"group:shop"}]`}},
		{name: "delete", method: "DELETE", path: "/api/v1/contacts/managers", status: 204},
		{name: "delete again", method: "DELETE", path: "/api/v1/contacts/managers", status: 404},
	} {
		sc.run(t, h)
	}
}

func TestContactsPage_ShowsWhoIsOnDutyAndKeysOnlyToEditors(t *testing.T) {
	_, o, tokens := guarded(t)
	h := handler(t, withContacts(t, o))
	as := func(who string) map[string]string {
		return map[string]string{"Authorization": "Bearer " + tokens[who], "Accept": "text/html"}
	}
	const key = "0123456789abcdef0123456789abcdef"
	for _, sc := range []scenario{
		{name: "empty", method: "GET", path: "/contacts", header: as("editor"), status: 200, contains: []string{"No contact groups yet", "New group"}},
		{name: "a viewer may not", method: "POST", path: "/api/v1/contacts", header: as("viewer"), body: managers, status: 403},
		{name: "an editor may", method: "POST", path: "/api/v1/contacts", header: as("editor"), body: managers, status: 201},
		{name: "as an editor", method: "GET", path: "/contacts", header: as("editor"), status: 200, contains: []string{"group:managers", "on duty", key, "PUT /api/v1/contacts/managers?version=1"}},
		{name: "as a viewer", method: "GET", path: "/contacts", header: as("viewer"), status: 200, contains: []string{"group:managers", "pagerduty:…cdef", "mailto:boss@example.com"}, lacks: []string{key, "<form class=\"form\""}},
		{name: "by the API as a viewer", method: "GET", path: "/api/v1/contacts", header: as("viewer"), status: 200, contains: []string{"pagerduty:…cdef"}, lacks: []string{key}},
		{name: "a group cannot be tried", method: "POST", path: "/api/v1/destinations/test", header: as("editor"), body: `{"to": "group:managers"}`, status: 422, contains: []string{"members"}},
	} {
		sc.run(t, h)
	}
	entries, err := o.Access.Audit(account.With(context.Background(), account.Operator()), monitor.AuditQuery{Limit: 1})
	if err != nil || len(entries) != 1 || entries[0].Action != "contact.create" || entries[0].Subject != "contact/managers" || entries[0].Actor == "" {
		t.Errorf("audit log: %+v, %v", entries, err)
	}
}

func TestContacts_WithoutThemThereIsNoPage(t *testing.T) {
	w := newWorld(t, time.Now)
	h := handler(t, w.options())
	if out := get(h, "/contacts"); out.Code != http.StatusNotFound {
		t.Errorf("got %d", out.Code)
	}
	if out := get(h, "/"); strings.Contains(out.Body.String(), `href="/contacts"`) {
		t.Error("the navigation leads to a page that is not there")
	}
}
