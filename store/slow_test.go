package store

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestSlowLog_NamesSlowStatementsAndLeavesErrorsToTheCaller(t *testing.T) {
	for _, test := range []struct {
		took time.Duration
		err  error
		says string
	}{
		{2 * slowAfter, nil, "SELECT 1"},
		{0, nil, ""},
		{0, errors.New("no such table"), ""},
		{2 * slowAfter, context.Canceled, ""},
	} {
		var said bytes.Buffer
		l := slowLog{slog.New(slog.NewTextHandler(&said, nil))}
		l.Trace(t.Context(), time.Now().Add(-test.took), func() (string, int64) { return "SELECT 1", 1 }, test.err)
		if got := said.String(); (got == "") != (test.says == "") || !strings.Contains(got, test.says) {
			t.Errorf("after %v with error %v it says %q", test.took, test.err, got)
		}
	}
}
