package email

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"image"
	"image/png"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"wingmirror/alerting"
	"wingmirror/monitor"
)

func notice(kind monitor.NoticeKind) monitor.Notice {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return monitor.Notice{
		ID: 5, Incident: "wingmirror-1a2b3c4d/monitor/7/1772366400000", IncidentID: 3, Destination: "mailto:ops+wm@example.com", CreatedAt: at,
		Message: monitor.Message{
			Kind: kind, Subject: monitor.MonitorSubject(7), Name: "Conversion <rate>", Group: "shop", Description: "See the run book.",
			Level: monitor.Critical, Was: monitor.OK, Text: "The rate has dropped below 10 %",
			At: at.Add(90 * time.Minute), OpenedAt: at, RepeatAfter: time.Hour,
			Values: []monitor.LastValue{{Label: "rate & more", Value: 9.5}}, Output: "9.5\n<b>",
			Graph: []monitor.Line{{Label: "rate", Points: []monitor.GraphPoint{{Time: 1, Value: 2}}}},
		},
	}
}

func channelTo(t *testing.T, s *mailServer, scheme, login, query string) *Channel {
	t.Helper()
	server, err := ParseServer(scheme + "://" + login + s.addr + query)
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(Options{
		Server: server, From: "Wingmirror <wm@mon.example.com>", SubjectPrefix: "[staging]", Timeout: 2 * time.Second,
		Links: alerting.Links{Base: "https://wm.example.com"}, TLS: &tls.Config{RootCAs: s.roots},
		Picture: func(monitor.Message) ([]byte, error) {
			var out bytes.Buffer
			err := png.Encode(&out, image.NewGray(image.Rect(0, 0, 2, 2)))
			return out.Bytes(), err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func deliverOne(t *testing.T, s *mailServer, c *Channel, n monitor.Notice) (received, monitor.Receipt) {
	t.Helper()
	receipt, err := c.Deliver(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.mails) == 0 {
		t.Fatal("the server got no mail")
	}
	return s.mails[len(s.mails)-1], receipt
}

func TestDeliver_ByEveryKindOfServer(t *testing.T) {
	rows := []struct {
		name          string
		kind          serverKind
		scheme, login string
		encrypted     bool
	}{
		{"plain", plain, "smtp", "", false},
		{"STARTTLS without login", starttls, "smtp", "", true},
		{"STARTTLS with login", starttls, "smtp", "wing:p%40ss%2Fword@", true},
		{"TLS from the first byte", implicit, "smtps", "wing:p%40ss%2Fword@", true},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := newServer(t, row.kind)
			got, _ := deliverOne(t, s, channelTo(t, s, row.scheme, row.login, ""), notice(monitor.NoticeFire))
			if got.tls != row.encrypted || got.from != "wm@mon.example.com" || got.to != "ops+wm@example.com" {
				t.Errorf("got mail from %q to %q, encrypted %v", got.from, got.to, got.tls)
			}
			if loggedIn := len(s.logins) == 1; loggedIn != (row.login != "") {
				t.Errorf("got logins %v", s.logins)
			}
		})
	}
}

func TestDeliver_NeverSendsAPasswordInTheClear(t *testing.T) {
	s := newServer(t, plain)
	_, err := channelTo(t, s, "smtp", "wing:p%40ss%2Fword@", "").Deliver(t.Context(), notice(monitor.NoticeFire))
	if err == nil || strings.Contains(err.Error(), "p@ss") {
		t.Errorf("got %v, want an error without the password", err)
	}
	if len(s.mails) > 0 {
		t.Error("the mail was sent without STARTTLS, although there is a password")
	}
}

func TestDeliver_RefusesACertificateItDoesNotTrust(t *testing.T) {
	s := newServer(t, starttls)
	c := channelTo(t, s, "smtp", "wing:p%40ss%2Fword@", "")
	c.o.TLS = nil
	if _, err := c.Deliver(t.Context(), notice(monitor.NoticeFire)); err == nil {
		t.Error("an unknown authority was trusted")
	}
}

// parts reads a mail into its parts by content type.
func parts(t *testing.T, data string) (*mail.Message, map[string]string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	var walk func(contentType, encoding string, body io.Reader)
	walk = func(contentType, encoding string, body io.Reader) {
		kind, params, err := mime.ParseMediaType(contentType)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(kind, "multipart/") {
			if encoding == "quoted-printable" {
				body = quotedprintable.NewReader(body)
			}
			text, err := io.ReadAll(body)
			if err != nil {
				t.Fatal(err)
			}
			all[kind] = string(text)
			return
		}
		all[kind] = params["boundary"]
		reader := multipart.NewReader(body, params["boundary"])
		for {
			part, err := reader.NextPart() // decodes quoted-printable
			if err != nil {
				return
			}
			walk(part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part)
		}
	}
	walk(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)
	return m, all
}

func TestDeliver_MailHasTextHTMLAndPicture(t *testing.T) {
	s := newServer(t, plain)
	got, receipt := deliverOne(t, s, channelTo(t, s, "smtp", "", ""), notice(monitor.NoticeFire))
	m, all := parts(t, got.data)
	decoder := mime.WordDecoder{}
	subject, err := decoder.DecodeHeader(m.Header.Get("Subject"))
	if want := "[staging] [CRITICAL] Conversion <rate>: The rate has dropped below 10 %"; err != nil || subject != want {
		t.Errorf("got subject %q, want %q", subject, want)
	}
	for _, kind := range []string{"text/plain", "text/html", "image/png"} {
		if all[kind] == "" {
			t.Errorf("the mail has no %s; it has %v", kind, slices.Collect(mapKeys(all)))
		}
	}
	text, html := all["text/plain"], all["text/html"]
	message := strings.Index(text, "The rate has dropped below 10 %")
	values := strings.Index(text, "rate & more: 9.5")
	if message < 0 || values < message {
		t.Errorf("the message comes first, then the values:\n%s", text)
	}
	for _, want := range []string{
		"An incident began: the level went from ok to critical.", "repeated every 1h until it is acknowledged",
		"https://wm.example.com/incidents/3", "https://wm.example.com/monitors/7", "Silence: https://wm.example.com/silences?monitor=7", "See the run book.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q:\n%s", want, text)
		}
	}
	for _, want := range []string{"Conversion &lt;rate&gt;", "rate &amp; more", "&lt;b&gt;", `src="cid:graph.png"`, `content="light dark"`, `href="https://wm.example.com/incidents/3"`, `href="https://wm.example.com/silences?monitor=7"`} {
		if !strings.Contains(html, want) {
			t.Errorf("the HTML lacks %q:\n%s", want, html)
		}
	}
	if !strings.Contains(got.data, "Content-Id: <graph.png>") {
		t.Errorf("the picture has no content id:\n%s", got.data)
	}
	if strings.Contains(receipt.Request, "image/png") || !strings.Contains(receipt.Request, "The rate has dropped") {
		t.Errorf("the receipt must have the text and no picture:\n%s", receipt.Request)
	}
}

// Case 25 of Rearview's own tests: a mail has all that Rearview's had.
func TestRearview_Case25MailSaysWhatWhichAndWhere(t *testing.T) {
	s := newServer(t, plain)
	n := notice(monitor.NoticeFire)
	for message, want := range map[string]string{"The rate has dropped": "The rate has dropped", "": "The monitor gave no message."} {
		n.Message.Text = message
		got, _ := deliverOne(t, s, channelTo(t, s, "smtp", "", ""), n)
		m, all := parts(t, got.data)
		decoder := mime.WordDecoder{}
		subject, err := decoder.DecodeHeader(m.Header.Get("Subject"))
		if err != nil || !strings.HasPrefix(subject, "[staging] [CRITICAL] Conversion <rate>") {
			t.Errorf("got subject %q, %v", subject, err)
		}
		for _, line := range []string{want, "CRITICAL: Conversion <rate>", "See the run book.", "Time: 2026-03-01 13:30:00 UTC", "Monitor: https://wm.example.com/monitors/7"} {
			if !strings.Contains(strings.ReplaceAll(all["text/plain"], "\r\n", "\n"), line+"\n") {
				t.Errorf("message %q: the mail lacks the line %q:\n%s", message, line, all["text/plain"])
			}
		}
	}
}

func mapKeys(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func TestDeliver_AnIncidentIsOneThread(t *testing.T) {
	s := newServer(t, plain)
	c := channelTo(t, s, "smtp", "", "")
	header := func(n monitor.Notice) mail.Header {
		got, _ := deliverOne(t, s, c, n)
		m, _ := parts(t, got.data)
		return m.Header
	}
	fire := header(notice(monitor.NoticeFire))
	again := header(notice(monitor.NoticeFire))
	root := fire.Get("Message-Id")
	if root == "" || again.Get("Message-Id") != root || fire.Get("References") != "" {
		t.Errorf("got ids %q and %q, references %q: the same mail sent twice keeps its id", root, again.Get("Message-Id"), fire.Get("References"))
	}
	for _, kind := range []monitor.NoticeKind{monitor.NoticeRepeat, monitor.NoticeResolve} {
		h := header(notice(kind))
		if h.Get("In-Reply-To") != root || h.Get("References") != root || h.Get("Message-Id") == root {
			t.Errorf("%s: got id %q in reply to %q", kind, h.Get("Message-Id"), h.Get("In-Reply-To"))
		}
	}
	other := notice(monitor.NoticeFire)
	other.Incident += "1"
	if header(other).Get("Message-Id") == root {
		t.Error("two incidents share a thread")
	}
	if fire.Get("Auto-Submitted") != "auto-generated" {
		t.Error("the mail does not say that a machine sent it")
	}
}

func TestDeliver_JudgesRefusals(t *testing.T) {
	reply := func(code int, text string) error {
		return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: text}
	}
	rows := []struct {
		name      string
		set       func(*mailServer)
		login     string
		permanent bool
		part      string
	}{
		{"no such mailbox", func(s *mailServer) { s.refuseRcpt = reply(550, "no such mailbox") }, "", true, "no such mailbox"},
		{"sender refused", func(s *mailServer) { s.refuseMail = reply(553, "sender not allowed") }, "", true, "sender not allowed"},
		{"content refused", func(s *mailServer) { s.refuseData = reply(554, "looks like spam") }, "", true, "looks like spam"},
		{"greylisted", func(s *mailServer) { s.refuseRcpt = reply(451, "come back later") }, "", false, "come back later"},
		{"mailbox full", func(s *mailServer) { s.refuseData = reply(452, "mailbox full") }, "", false, "mailbox full"},
		{"closes in DATA", func(s *mailServer) { s.closeInData = true }, "", false, "send by 127.0.0.1"},
		{"wrong password", func(*mailServer) {}, "wing:wrong@", false, "uthentication failed"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			kind := plain
			if row.login != "" {
				kind = starttls
			}
			s := newServer(t, kind)
			row.set(s)
			_, err := channelTo(t, s, "smtp", row.login, "").Deliver(t.Context(), notice(monitor.NoticeFire))
			if err == nil || !strings.Contains(err.Error(), row.part) {
				t.Fatalf("got %v, want an error with %q", err, row.part)
			}
			if _, permanent := errors.AsType[*alerting.PermanentError](err); permanent != row.permanent {
				t.Errorf("got permanent %v, want %v: %v", permanent, row.permanent, err)
			}
			if len(s.mails) > 0 {
				t.Error("a mail was taken all the same")
			}
		})
	}
}

func TestDeliver_GivesUpOnAServerThatHangs(t *testing.T) {
	s := newServer(t, plain)
	s.hang = make(chan struct{})
	defer close(s.hang)
	c := channelTo(t, s, "smtp", "", "")
	c.o.Timeout = 200 * time.Millisecond
	_, err := c.Deliver(t.Context(), notice(monitor.NoticeFire))
	if _, permanent := errors.AsType[*alerting.PermanentError](err); err == nil || permanent {
		t.Errorf("got %v, want an error that is tried again", err)
	}
}

func TestDeliver_SilentServerIsLeftAtTheDeadline(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	c := channelTo(t, &mailServer{addr: listener.Addr().String()}, "smtp", "", "")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := c.Deliver(ctx, notice(monitor.NoticeFire)); err == nil {
		t.Error("a server that says nothing took a mail")
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestDeliver_SubjectsAreOneLine(t *testing.T) {
	s := newServer(t, plain)
	n := notice(monitor.NoticeFire)
	n.Message.Name = "a\r\nBcc: victim@example.com"
	n.Message.Text = strings.Repeat("ü", 500)
	got, _ := deliverOne(t, s, channelTo(t, s, "smtp", "", ""), n)
	m, _ := parts(t, got.data)
	if m.Header.Get("Bcc") != "" {
		t.Error("a name made a header")
	}
	decoder := mime.WordDecoder{}
	if subject, err := decoder.DecodeHeader(m.Header.Get("Subject")); err != nil || len(subject) > maxSubject {
		t.Errorf("got subject of %d bytes, %v", len(subject), err)
	}
}

func TestParseServer_ReadsAddresses(t *testing.T) {
	rows := []struct{ text, address string }{
		{"smtp://mail.example.com", "mail.example.com:25"},
		{"smtp://u:p@mail.example.com", "mail.example.com:587"},
		{"smtps://u:p@mail.example.com", "mail.example.com:465"},
		{"smtp://[::1]:2525?starttls=never", "[::1]:2525"},
	}
	for _, row := range rows {
		if s, err := ParseServer(row.text); err != nil || s.Address() != row.address {
			t.Errorf("ParseServer(%q) = %v, %v, want %s", row.text, s, err, row.address)
		}
	}
	for _, text := range []string{
		"", "mail.example.com", "http://x", "smtp://", "smtp://u@host", "smtp://host:99999", "smtp://host/x",
		"smtp://host?starttls=maybe", "smtp://host?tls=1", "smtp://u:secret word@host",
	} {
		_, err := ParseServer(text)
		if !errors.Is(err, monitor.ErrInvalid) || strings.Contains(err.Error(), "secret") {
			t.Errorf("ParseServer(%q): got %v, want ErrInvalid without the password", text, err)
		}
	}
}

func TestNew_RefusesASenderThatIsNoAddress(t *testing.T) {
	if _, err := New(Options{From: "nobody"}); !errors.Is(err, monitor.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}
