package alerting_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"wingmirror/alerting"
	"wingmirror/alerting/email"
	"wingmirror/alerting/pagerduty"
	"wingmirror/monitor"
	"wingmirror/store"
)

// The crash test kills a process that records runs and delivers notices, with
// SIGKILL, at random moments, and starts it again each time. Then it accounts
// for every incident with what PagerDuty and the mail server got.

const (
	crashKills    = 50
	crashMonitors = 40
	crashKey      = "0123456789abcdef0123456789abcdef"
)

var crashStart = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// crashSees is what a monitor sees at a tick: a fixed story of trouble and calm.
func crashSees(id int64, tick int) monitor.Level {
	switch r := rand.New(rand.NewPCG(uint64(id), uint64(tick/4))).IntN(10); {
	case r < 2:
		return monitor.Critical
	case r < 3:
		return monitor.Warning
	}
	return monitor.OK
}

// TestCrashChild is the process that is killed; it runs only as such.
func TestCrashChild(t *testing.T) {
	path := os.Getenv("CRASH_DB")
	if path == "" {
		t.Skip("runs only as the child of TestCrash")
	}
	ctx := t.Context()
	db, err := store.Open(ctx, store.Options{Path: path, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	server, err := email.ParseServer(os.Getenv("CRASH_SMTP"))
	if err != nil {
		t.Fatal(err)
	}
	mails, err := email.New(email.Options{Server: server, From: "wm@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	dispatcher := alerting.NewDispatcher(alerting.DispatcherOptions{
		Outbox: db, FirstRetry: 5 * time.Millisecond, LastRetry: 50 * time.Millisecond,
		Channels: map[string]alerting.Channel{
			"mailto": mails, "pagerduty": pagerduty.New(pagerduty.Options{Endpoint: os.Getenv("CRASH_PAGERDUTY")}),
		},
	})
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { dispatcher.Run(ctx) })
	monitors, err := db.Monitors(ctx)
	if err != nil {
		t.Fatal(err)
	}
	last := os.Getenv("CRASH_LAST") != ""
	desk := alerting.NewDesk(alerting.DeskOptions{Ledger: db, Installation: db.Installation()})
	fmt.Println("ready")
	for tick := nextTick(t, db, monitors); ; tick++ {
		if !crashTick(t, db, desk, monitors, tick, last) || last {
			break
		}
		fmt.Println("tick")
	}
	for pending := int64(1); pending > 0; time.Sleep(10 * time.Millisecond) {
		counts, err := db.NoticeCounts(ctx)
		if err != nil {
			t.Fatal(err)
		}
		pending = counts[monitor.NoticePending]
	}
	stop()
	running.Wait()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// nextTick is the one after the newest that any process claimed: time goes on,
// and a claimed run that nobody made is lost.
func nextTick(t *testing.T, db *store.DB, monitors []monitor.Monitor) int {
	t.Helper()
	newest := crashStart
	for _, m := range monitors {
		runs, err := db.Runs(t.Context(), m.ID, time.Time{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(runs) > 0 && runs[0].At.After(newest) {
			newest = runs[0].At
		}
	}
	return int(newest.Sub(crashStart)/time.Second) + 1
}

// crashTick records one tick of all monitors; in the last everything is well.
func crashTick(t *testing.T, db *store.DB, desk *alerting.Desk, monitors []monitor.Monitor, tick int, last bool) bool {
	at := crashStart.Add(time.Duration(tick) * time.Second)
	var ids []int64
	for _, m := range monitors {
		ids = append(ids, m.ID)
	}
	won, err := db.Claim(t.Context(), at, ids)
	if err != nil {
		t.Error(err)
		return false
	}
	var wg sync.WaitGroup
	for _, m := range monitors {
		if _, mine := won[m.ID]; !mine {
			continue
		}
		o := monitor.Outcome{Subject: m.Subject(), At: at, Level: crashSees(m.ID, tick)}
		if last {
			o.Level = monitor.OK
		}
		if o.Level.Bad() {
			o.Message = "it is " + o.Level.String()
		}
		wg.Go(func() {
			if _, err := desk.Record(t.Context(), alerting.Finished{Monitor: m, Outcome: o}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	return !t.Failed()
}

// sinks are the two servers that notices arrive at. They fail now and then.
type sinks struct {
	mu     sync.Mutex
	events map[string][]string // PagerDuty: dedup key -> actions, in order
	mails  map[string][]string // incident -> first words of the subjects, in order
	ids    map[string]bool     // of mails; one that comes again is shown once
}

func (s *sinks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var event struct {
		Action string `json:"event_action"`
		Key    string `json:"dedup_key"`
	}
	if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if rand.IntN(10) == 0 {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	s.mu.Lock()
	s.events[event.Key] = append(s.events[event.Key], event.Action)
	s.mu.Unlock()
	w.WriteHeader(http.StatusAccepted)
	io.WriteString(w, "{}")
}

type sinkSession struct{ sinks *sinks }

func (s *sinkSession) Mail(string, *smtp.MailOptions) error { return nil }
func (s *sinkSession) Rcpt(string, *smtp.RcptOptions) error {
	if rand.IntN(10) == 0 {
		return &smtp.SMTPError{Code: 451, Message: "come back later"}
	}
	return nil
}
func (s *sinkSession) Reset()        {}
func (s *sinkSession) Logout() error { return nil }

func (s *sinkSession) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	s.sinks.mu.Lock()
	defer s.sinks.mu.Unlock()
	incident := m.Header.Get("X-Wingmirror-Incident")
	word, _, _ := strings.Cut(m.Header.Get("Subject"), " ")
	// The mail of a process that was killed may still be on its way when the next
	// process has sent it again, and the one after it.
	if id := m.Header.Get("Message-Id"); !s.sinks.ids[id] || id == "" {
		s.sinks.ids[id] = true
		s.sinks.mails[incident] = append(s.sinks.mails[incident], word)
	}
	return nil
}

func TestCrash_KilledFiftyTimesLosesAndDoublesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("kills a process 50 times")
	}
	got := &sinks{events: map[string][]string{}, mails: map[string][]string{}, ids: map[string]bool{}}
	web := httptest.NewServer(got)
	defer web.Close()
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &sinkSession{got}, nil }))
	server.Domain = "localhost"
	server.ErrorLog = quietLog{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(listener)
	defer server.Close()

	path := filepath.Join(t.TempDir(), "crash.db")
	makeCrashMonitors(t, path)
	env := append(os.Environ(), "CRASH_DB="+path, "CRASH_PAGERDUTY="+web.URL, "CRASH_SMTP=smtp://"+listener.Addr().String())
	for range crashKills {
		killSoon(t, env)
	}
	claimNextTick(t, path)
	last := exec.Command(os.Args[0], "-test.run=^TestCrashChild$", "-test.timeout=60s")
	last.Env = append(env, "CRASH_LAST=1")
	if out, err := last.CombinedOutput(); err != nil {
		t.Fatalf("the last start: %v\n%s", err, out)
	}
	account(t, path, got)
}

type quietLog struct{}

func (quietLog) Printf(string, ...any) {}
func (quietLog) Println(...any)        {}

func makeCrashMonitors(t *testing.T, path string) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Path: path, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for i := range crashMonitors {
		_, err := db.CreateMonitor(t.Context(), monitor.Monitor{
			Name: fmt.Sprint("monitor ", i), Active: true, Alerts: []string{"mailto:ops@example.com", "pagerduty:" + crashKey},
		}, "test", crashStart)
		if err != nil {
			t.Fatal(err)
		}
	}
}

// claimNextTick leaves the file as a process does that dies between claiming its
// runs and making them: those runs are lost, and the next tick must decide.
func claimNextTick(t *testing.T, path string) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Path: path, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	monitors, err := db.Monitors(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var ids []int64
	for _, m := range monitors {
		ids = append(ids, m.ID)
	}
	at := crashStart.Add(time.Duration(nextTick(t, db, monitors)) * time.Second)
	if won, err := db.Claim(t.Context(), at, ids); err != nil || len(won) != len(ids) {
		t.Fatalf("claimed %d of %d, %v", len(won), len(ids), err)
	}
}

// killSoon starts the child and kills it at a random moment: while it opens the
// file, or in the middle of its work.
func killSoon(t *testing.T, env []string) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestCrashChild$", "-test.timeout=60s")
	child.Env = env
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if rand.IntN(8) > 0 {
		// Some ticks, however long they take here, so that a slow machine tests as much.
		awaitTicks(t, out, rand.IntN(10))
	}
	time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond) // the random moment is the point
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, out)
	if err := child.Wait(); err == nil {
		t.Error("the child ended before it was killed")
	}
}

// awaitTicks returns when the child has done so many ticks.
func awaitTicks(t *testing.T, out io.Reader, ticks int) {
	t.Helper()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		switch text := lines.Text(); {
		case strings.HasPrefix(text, "---"):
			t.Errorf("the child ended by itself: %s", text)
		case text == "tick":
			ticks--
		}
		if ticks < 0 {
			return
		}
	}
}

// account replays the runs that were stored, and holds every incident that
// follows from them against what the two servers got.
func account(t *testing.T, path string, got *sinks) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Path: path, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	monitors, err := db.Monitors(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	due := map[string]int{} // incident -> runs in it, by a replay
	runs := 0
	for _, m := range monitors {
		history, err := db.Runs(t.Context(), m.ID, time.Time{}, 1_000_000)
		if err != nil {
			t.Fatal(err)
		}
		key := ""
		for i := len(history) - 1; i >= 0; i-- {
			run := history[i]
			if run.Phase != monitor.Done {
				continue
			}
			runs++
			switch {
			case run.Level.Bad() && key == "":
				key = run.Incident
				if due[key] > 0 {
					t.Errorf("incident %s opened twice", key)
				}
				fallthrough
			case run.Level.Bad():
				if run.Incident != key || key == "" {
					t.Errorf("monitor %d at %v: bad, in incident %q, want %q", m.ID, run.At, run.Incident, key)
				}
				due[key]++
			case key != "":
				key = ""
			}
		}
		if key != "" {
			t.Errorf("monitor %d ends in trouble", m.ID)
		}
	}
	for key := range due {
		checkIncident(t, key, "PagerDuty", got.events[key], "trigger", "resolve")
		checkIncident(t, key, "mail", got.mails[key], "", "[RESOLVED]")
	}
	for key := range got.events {
		if due[key] == 0 {
			t.Errorf("PagerDuty heard of %s, which no stored run is behind", key)
		}
	}
	for key := range got.mails {
		if due[key] == 0 {
			t.Errorf("a mail told of %s, which no stored run is behind", key)
		}
	}
	stored, err := db.Incidents(t.Context(), store.IncidentFilter{Limit: 1_000_000})
	if err != nil || len(stored) != len(due) {
		t.Errorf("%d incidents are stored, %v, and %d follow from the runs", len(stored), err, len(due))
	}
	for _, i := range stored {
		if i.ClosedAt.IsZero() {
			t.Errorf("incident %s is still open", i.Key)
		}
	}
	if len(due) < crashMonitors {
		t.Errorf("only %d incidents in %d runs: the test tests nothing", len(due), runs)
	}
	t.Logf("%d kills, %d runs, %d incidents accounted for", crashKills, runs, len(due))
}

// checkIncident wants a fire first and a resolve last. Between and beside them
// there may be repetitions: delivery is at least once.
func checkIncident(t *testing.T, key, where string, heard []string, fire, resolve string) {
	t.Helper()
	switch {
	case len(heard) == 0:
		t.Errorf("%s never heard of %s", where, key)
	case heard[0] == resolve || fire != "" && heard[0] != fire:
		t.Errorf("%s heard of %s first by %q", where, key, heard[0])
	case heard[len(heard)-1] != resolve:
		t.Errorf("%s last heard %q of %s: %v", where, heard[len(heard)-1], key, heard)
	}
}
