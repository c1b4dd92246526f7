package web

import (
	"strings"
	"testing"
)

func TestReadLetter_GivesTheTextThatPeopleRead(t *testing.T) {
	const raw = "Subject: =?utf-8?q?[WARNING]_Gr=C3=B6=C3=9Fe?=\nFrom: <wingmirror@localhost>\nTo: <oncall@example.com>\n" +
		"Content-Type: multipart/related; boundary=outer\n\n--outer\nContent-Type: multipart/alternative; boundary=inner\n\n" +
		"--inner\nContent-Transfer-Encoding: quoted-printable\nContent-Type: text/plain; charset=UTF-8\n\n168 =C3=96rders wait\n\n--inner\nContent-Type: text/html\n\n<p>no</p>\n--inner--\n--outer--\n"
	for _, text := range []string{raw, strings.ReplaceAll(raw, "\n", "\r\n")} {
		got := readLetter(text)
		if got == nil || got.Subject != "[WARNING] Größe" || got.Text != "168 Örders wait" || got.To != "<oncall@example.com>" {
			t.Errorf("read %+v", got)
		}
	}
	for _, other := range []string{"", `{"event_action": "trigger"}`, "Subject: x\n\nno type", "Content-Type: multipart/mixed; boundary=x\n\n--x\n"} {
		if got := readLetter(other); got != nil {
			t.Errorf("readLetter(%q) = %+v, want nothing", other, got)
		}
	}
}
