package monitor

import (
	"errors"
	"fmt"
	"testing"
)

func TestMissing_SaysNoMoreThanItsText(t *testing.T) {
	err := fmt.Errorf("show: %w", Missing("there is no monitor %d", 7))
	if !errors.Is(err, ErrNotFound) || err.Error() != "show: there is no monitor 7" {
		t.Errorf("%v", err)
	}
}
