package board

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"wingmirror/monitor"
)

func newBoundedBoard(t *testing.T) *Board {
	t.Helper()
	m := &memory{}
	b, err := New(t.Context(), Options{Opener: opener{}, Checker: opener{}, Records: m, Journal: m, Acts: m, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPush_HoldsABoundedNumber(t *testing.T) {
	b := newBoundedBoard(t)
	push := func(id string) error {
		now := b.o.Now()
		_, err := b.Push(t.Context(), monitor.Rationale{ID: id, Level: monitor.DC3, Title: "x", Start: now, End: now.Add(time.Hour)})
		return err
	}
	for i := range maxPushes {
		b.pushes[pushKey{"", fmt.Sprint(i)}] = monitor.Rationale{}
	}
	if err := push("one more"); !errors.Is(err, monitor.ErrDenied) {
		t.Errorf("one more: %v", err)
	}
	if err := push("7"); err != nil {
		t.Errorf("in place of one: %v", err)
	}
}

func TestPush_HasLittleMetadata(t *testing.T) {
	b := newBoundedBoard(t)
	now := b.o.Now()
	_, err := b.Push(t.Context(), monitor.Rationale{
		ID: "a", Level: monitor.DC3, Title: "x", Start: now, End: now.Add(time.Hour), Metadata: []byte(`"` + strings.Repeat("x", 20_000) + `"`),
	})
	if !errors.Is(err, monitor.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}
