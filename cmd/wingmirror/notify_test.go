package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"
)

const testRoutingKey = "0123456789abcdef0123456789abcdef"

func TestNotify_ShowsWhatPagerDutyWasSentAndAnswered(t *testing.T) {
	var actions []string
	pager := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		for _, action := range []string{"trigger", "resolve"} {
			if strings.Contains(string(body), `"`+action+`"`) {
				actions = append(actions, action)
			}
		}
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprint(w, `{"status":"success"}`)
	}))
	defer pager.Close()
	code, out, errs := invoke(t, nil, "notify", "test", "pagerduty:"+testRoutingKey, "--pagerduty-endpoint", pager.URL)
	if code != exitOK {
		t.Fatalf("exit %d: %s", code, errs)
	}
	for _, want := range []string{`>   "event_action": "trigger"`, "< 202 Accepted", `< {"status":"success"}`, "was taken"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if strings.Contains(out+errs, testRoutingKey) {
		t.Errorf("the key is printed:\n%s%s", out, errs)
	}
	if got := strings.Join(actions, " "); got != "trigger resolve" {
		t.Errorf("events: %s", got)
	}
}

func TestNotify_SendsAMail(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	box := &testBox{}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return box, nil }))
	server.Domain = "localhost"
	go server.Serve(listener) // ends with Close below
	defer server.Close()
	address := "smtp://" + listener.Addr().String()
	code, out, errs := invoke(t, map[string]string{"WINGMIRROR_SMTP": address}, "notify", "test", "mailto:me@example.com", "--subject-prefix", "[shop]")
	if code != exitOK || !strings.Contains(out, "> Subject: [shop] [TEST]") || !strings.Contains(box.text, "Subject: [shop] [TEST]") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	if strings.Contains(out, "<html") {
		t.Errorf("more than the head is printed:\n%s", out)
	}
}

type testBox struct{ text string }

func (b *testBox) Mail(string, *smtp.MailOptions) error { return nil }
func (b *testBox) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (b *testBox) Reset()                               {}
func (b *testBox) Logout() error                        { return nil }

func (b *testBox) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	b.text = string(text)
	return err
}

func TestNotify_FailuresSayWhy(t *testing.T) {
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"status":"invalid event","message":"Event object is invalid","errors":["no such key"]}`)
	}))
	defer refusing.Close()
	for _, test := range []struct {
		code int
		says string
		args []string
	}{
		{exitUsage, "give one destination", nil},
		{exitUsage, "write mailto:ADDRESS", []string{"me"}},
		{1, "no mail server is configured", []string{"mailto:me@example.com"}},
		{1, "connection refused", []string{"mailto:me@example.com", "--smtp", "smtp://127.0.0.1:1"}},
		{1, "no such key", []string{"pagerduty:" + testRoutingKey, "--pagerduty-endpoint", refusing.URL}},
	} {
		code, out, errs := invoke(t, nil, append([]string{"notify", "test"}, test.args...)...)
		if code != test.code || !strings.Contains(errs, test.says) || strings.Contains(out, "was taken") {
			t.Errorf("%v: exit %d, want %d with %q\n%s%s", test.args, code, test.code, test.says, out, errs)
		}
	}
}
