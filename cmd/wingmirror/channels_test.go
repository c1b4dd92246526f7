package main

import (
	"strings"
	"testing"
)

func TestServer_RefusesAnAddressThatItsServiceDoesNotTake(t *testing.T) {
	s := launch(t, "demo")
	monitor := map[string]any{"name": "m", "schedule": "@daily", "script": "0", "alerts": []string{"mailto:a@b.c", "shoutrrr+discord://s3cretkey"}}
	err := s.Call("POST", "/api/v1/monitors", monitor, nil)
	if err == nil || !strings.Contains(err.Error(), "body.alerts[1]") || strings.Contains(err.Error(), "s3cretkey") {
		t.Errorf("a monitor: %v", err)
	}
	group := map[string]any{"name": "ops", "members": []string{"shoutrrr+discord://s3cretkey"}}
	if err := s.Call("POST", "/api/v1/contacts", group, nil); err == nil || !strings.Contains(err.Error(), "body.members[0]") {
		t.Errorf("a group: %v", err)
	}
}
