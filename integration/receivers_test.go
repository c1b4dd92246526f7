package integration

import (
	"encoding/json"
	"io"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
)

// letter is a mail as it arrived.
type letter struct{ to, subject, body string }

// mailbox is a real SMTP server on loopback that keeps what it is sent.
type mailbox struct {
	address string
	mu      sync.Mutex
	letters []letter
}

func startMailbox(t *testing.T) *mailbox {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	box := &mailbox{address: listener.Addr().String()}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{box: box}, nil }))
	server.Domain = "localhost"
	go server.Serve(listener) // ends with Close below
	t.Cleanup(func() { server.Close() })
	return box
}

// about returns the subjects of all mails to an address, in their order.
func (b *mailbox) about(to string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var subjects []string
	for _, l := range b.letters {
		if l.to == to {
			subjects = append(subjects, l.subject)
		}
	}
	return subjects
}

func (b *mailbox) body(to string, i int) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range b.letters {
		if l.to == to {
			if i == 0 {
				return l.body
			}
			i--
		}
	}
	return ""
}

type session struct {
	box *mailbox
	to  string
}

func (s *session) Mail(string, *smtp.MailOptions) error      { return nil }
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error { s.to = to; return nil }
func (s *session) Reset()                                    {}
func (s *session) Logout() error                             { return nil }

func (s *session) Data(r io.Reader) error {
	message, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject"))
	if err != nil {
		return err
	}
	body, err := io.ReadAll(message.Body)
	if err != nil {
		return err
	}
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	s.box.letters = append(s.box.letters, letter{to: s.to, subject: oneLine(subject), body: string(body)})
	return nil
}

// event is what PagerDuty's Events API v2 was sent.
type event struct {
	RoutingKey  string `json:"routing_key"`
	EventAction string `json:"event_action"`
	DedupKey    string `json:"dedup_key"`
	Payload     struct {
		Summary  string `json:"summary"`
		Severity string `json:"severity"`
	} `json:"payload"`
}

// pager stands in for PagerDuty.
type pager struct {
	url    string
	mu     sync.Mutex
	events []event
}

func startPager(t *testing.T) *pager {
	t.Helper()
	p := &pager{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var e event
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil || !strings.HasSuffix(r.URL.Path, "/v2/enqueue") {
			http.Error(w, "no event", http.StatusBadRequest)
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.events = append(p.events, e)
		w.WriteHeader(http.StatusAccepted)
		_ = json.NewEncoder(w).Encode(map[string]string{"status": "success", "message": "Event processed", "dedup_key": e.DedupKey})
	}))
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

// about returns the events of a routing key, in their order.
func (p *pager) about(key string) []event {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found []event
	for _, e := range p.events {
		if e.RoutingKey == key {
			found = append(found, e)
		}
	}
	return found
}
