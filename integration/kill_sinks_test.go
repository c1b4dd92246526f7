package integration

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"wingmirror/graphite/graphitetest"
)

// flips is a Graphite whose metrics go from good to bad and back: flip.N.P.L is
// 0 for P seconds, and then for P seconds at each of the levels up to L. Metrics
// of different N do so at different times.
type flips struct{ calm atomic.Bool } // calm: all is good from now on

func startFlips(t *testing.T) (*flips, string) {
	t.Helper()
	f := &flips{}
	server := httptest.NewServer(&graphitetest.Fake{Intercept: f.answer, Latency: 15 * time.Millisecond})
	t.Cleanup(server.Close)
	return f, server.URL
}

func flipTarget(n, period, levels int) string { return fmt.Sprintf("flip.%d.%d.%d", n, period, levels) }

// flipForm is a target as the client asks for it when it asks for several: with
// something in front of the name, by which it knows the series again.
var flipForm = regexp.MustCompile(`^(?:aliasSub\()?(flip[.\d]+)(?:,"\^","(.*)"\))?$`)

func (f *flips) answer(w http.ResponseWriter, r *http.Request) bool {
	if !strings.HasSuffix(strings.TrimSuffix(r.URL.Path, "/"), "/render") {
		return false
	}
	until, err := strconv.ParseInt(r.Form.Get("until"), 10, 64)
	if err != nil {
		return false
	}
	type series struct {
		Target     string     `json:"target"`
		Datapoints [][2]int64 `json:"datapoints"`
	}
	var all []series
	for _, target := range r.Form["target"] {
		parts := flipForm.FindStringSubmatch(target)
		if parts == nil {
			return false
		}
		var n, period, levels int64
		if _, err := fmt.Sscanf(parts[1], "flip.%d.%d.%d", &n, &period, &levels); err != nil {
			return false
		}
		s := series{Target: parts[2] + parts[1]}
		for at := until - 3; at <= until; at++ {
			value := (at + n) / period % (levels + 1)
			if f.calm.Load() {
				value = 0
			}
			s.Datapoints = append(s.Datapoints, [2]int64{value, at})
		}
		all = append(all, s)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(all) // nobody can be told that the connection broke
	return true
}

// told is a notice as it arrived.
type told struct {
	place string // the routing key, or the address
	key   string // of the incident
	what  string // trigger, acknowledge or resolve
}

// sinks are a PagerDuty and a mail server that are slow, and at times broken, as
// real ones are. A notice counts as taken when they have decided to take it,
// whether or not anybody hears the answer.
type sinks struct {
	pagerURL, mailAddress string

	mu    sync.Mutex
	dice  *rand.Rand
	calm  bool // nothing fails any more
	taken []told
	heard chan struct{} // has a token when one was taken that has not been answered
}

func startSinks(t *testing.T, seed uint64) *sinks {
	t.Helper()
	s := &sinks{dice: rand.New(rand.NewPCG(seed, 2)), heard: make(chan struct{}, 1)}
	pager := httptest.NewServer(http.HandlerFunc(s.page))
	t.Cleanup(pager.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &sinkSession{sinks: s}, nil }))
	server.Domain, server.ErrorLog = "localhost", log.New(io.Discard, "", 0) // who is killed says no goodbye
	go server.Serve(listener)                                                // ends with Close below
	t.Cleanup(func() { server.Close() })
	s.pagerURL, s.mailAddress = pager.URL, listener.Addr().String()
	return s
}

// take decides about one notice: how long it takes, and whether it is taken.
func (s *sinks) take(n told) bool {
	s.mu.Lock()
	delay := time.Duration(s.dice.IntN(30)) * time.Millisecond
	ok := s.calm || s.dice.IntN(40) > 0
	if ok {
		s.taken = append(s.taken, n)
		select {
		case s.heard <- struct{}{}:
		default:
		}
	}
	s.mu.Unlock()
	time.Sleep(delay)
	return ok
}

func (s *sinks) all() []told {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]told(nil), s.taken...)
}

// triggers counts the incidents that a receiver was told of.
func (s *sinks) triggers() int {
	keys := map[string]bool{}
	for _, n := range s.all() {
		keys[n.key] = true
	}
	return len(keys)
}

func (s *sinks) calmDown() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calm = true
}

func (s *sinks) page(w http.ResponseWriter, r *http.Request) {
	var e event
	if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
		http.Error(w, "no event", http.StatusBadRequest)
		return
	}
	if !s.take(told{e.RoutingKey, e.DedupKey, e.EventAction}) {
		http.Error(w, "try again", http.StatusBadGateway)
		return
	}
	w.WriteHeader(http.StatusAccepted)
	_ = json.NewEncoder(w).Encode(map[string]string{"status": "success", "message": "Event processed", "dedup_key": e.DedupKey})
}

type sinkSession struct {
	sinks *sinks
	to    string
}

func (s *sinkSession) Mail(string, *smtp.MailOptions) error      { return nil }
func (s *sinkSession) Rcpt(to string, _ *smtp.RcptOptions) error { s.to = to; return nil }
func (s *sinkSession) Reset()                                    {}
func (s *sinkSession) Logout() error                             { return nil }

func (s *sinkSession) Data(r io.Reader) error {
	message, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, message.Body); err != nil {
		return err // it broke in the middle, so it was not taken
	}
	n := told{s.to, message.Header.Get("X-Wingmirror-Incident"), "trigger"}
	if strings.Contains(message.Header.Get("Subject"), "RESOLVED") {
		n.what = "resolve"
	}
	if !s.sinks.take(n) {
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "try again"}
	}
	return nil
}
