package web

import (
	"reflect"
	"testing"

	"wingmirror/account"
	"wingmirror/monitor"
)

func TestSchemaName_KeepsTheNamesOfTheHouse(t *testing.T) {
	for want, v := range map[string]any{"MonitorBody": monitorBody{}, "Policy": &monitor.Policy{}, "Identity": account.Identity{}, "Given": struct{}{}} {
		if got := schemaName(reflect.TypeOf(v), "Given"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
