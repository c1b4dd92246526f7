package web

import (
	"testing"

	"wingmirror/monitor"
)

func TestFieldDetails_TheWholeBodyIsNamedOnce(t *testing.T) {
	for field, want := range map[string]string{"": "body", "body": "body", "edges": "body.edges"} {
		if got := fieldDetails(monitor.FieldErrors{monitor.Invalid(field, "is wrong")}, inBody)[0].Location; got != want {
			t.Errorf("field %q is located at %q, want %q", field, got, want)
		}
	}
}
