package heartbeat

import (
	"errors"
	"testing"

	"wingmirror/monitor"
)

func TestCreate_NewSpacesAreNoWayAroundTheBound(t *testing.T) {
	b := &Book{o: Options{Quota: 10}, byID: map[int64]*check{}, byRef: map[monitor.HeartbeatRef]*check{}, spaces: map[string]int{}}
	for i := range maxMade {
		b.byID[int64(i)] = nil
	}
	made, err := b.create(t.Context(), Arrival{Ref: monitor.HeartbeatRef{Space: "never seen", Name: "a"}})
	if made || !errors.Is(err, monitor.ErrDenied) {
		t.Errorf("made %v, %v", made, err)
	}
}
