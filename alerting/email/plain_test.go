package email

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"wingmirror/alerting"
)

var remindedAt = time.Date(2026, 5, 20, 8, 30, 0, 0, time.UTC)

func TestSend_IsAPlainMailToOne(t *testing.T) {
	for _, row := range []struct {
		kind          serverKind
		scheme, login string
	}{{plain, "smtp", ""}, {starttls, "smtp", "wing:p%40ss%2Fword@"}, {implicit, "smtps", "wing:p%40ss%2Fword@"}} {
		s := newServer(t, row.kind)
		c := channelTo(t, s, row.scheme, row.login, "")
		body := "* GC_MS läuft in Version 50 aus\n.\nZeile nach dem Punkt\n"
		if err := c.Send(t.Context(), "ann@example.com", "Telemetry Histogram\r\nBcc: evil@example.com", body, remindedAt); err != nil {
			t.Fatal(err)
		}
		if len(s.mails) != 1 {
			t.Fatalf("the server got %d mails", len(s.mails))
		}
		got := s.mails[0]
		if got.to != "ann@example.com" || got.from != "wm@mon.example.com" || got.tls != (row.kind != plain) {
			t.Errorf("from %s to %s, encrypted %v", got.from, got.to, got.tls)
		}
		m, text := parts(t, got.data)
		for header, want := range map[string]string{"Auto-Submitted": "auto-generated", "Bcc": "", "To": "<ann@example.com>"} {
			if m.Header.Get(header) != want {
				t.Errorf("%s is %q, want %q", header, m.Header.Get(header), want)
			}
		}
		if at, err := m.Header.Date(); err != nil || !at.Equal(remindedAt) {
			t.Errorf("dated %v, %v", at, err)
		}
		if plain := strings.ReplaceAll(text["text/plain"], "\r\n", "\n"); strings.TrimSpace(plain) != strings.TrimSpace(body) || len(text) != 1 {
			t.Errorf("got %q", text)
		}
	}
}

func TestSend_TellsWhatIsRefusedForGood(t *testing.T) {
	reply := func(code int, text string) error {
		return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: text}
	}
	for name, row := range map[string]struct {
		to        string
		refusal   error
		permanent bool
		part      string
	}{
		"no address":      {"ann at example", nil, true, "ann at example"},
		"no such mailbox": {"ann@example.com", reply(550, "no such mailbox"), true, "no such mailbox"},
		"greylisted":      {"ann@example.com", reply(451, "come back later"), false, "come back later"},
	} {
		s := newServer(t, plain)
		s.refuseRcpt = row.refusal
		err := channelTo(t, s, "smtp", "", "").Send(t.Context(), row.to, "s", "b", remindedAt)
		if err == nil || !strings.Contains(err.Error(), row.part) {
			t.Errorf("%s: got %v", name, err)
			continue
		}
		if _, permanent := errors.AsType[*alerting.PermanentError](err); permanent != row.permanent {
			t.Errorf("%s: permanent is %v: %v", name, permanent, err)
		}
	}
}
