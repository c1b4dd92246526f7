package integration

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"wingmirror/cmd/wingmirror/servertest"
	"wingmirror/monitor"
	"wingmirror/store"
)

var (
	killSeed  = flag.Uint64("kill-seed", 20121221, "seed of the moments at which the program is killed")
	killTimes = flag.Int("kills", 56, "how often the program is killed")
)

const (
	killedMonitors = 24
	shortestLife   = 10 * time.Millisecond // from the start of the process
	longestLife    = 1500 * time.Millisecond
	killPatience   = 4 * time.Minute // for as many incidents as kills, on a busy machine
)

const flipScript = `
for (let i = 0; i < 30000; i++) puts.length // so that runs take a while
const level = @a.entries[@a.length - 1].value
if (level === 1) throw new Warning("level 1")
if (level > 1) throw "level " + level
`

// The program is killed again and again while its monitors go from good to bad and
// back; afterwards every incident is accounted for. What must hold is written
// down in accounts, from the runs in the database and from what the receivers
// took, not from what the program says of itself.
func TestKill_EveryIncidentIsAccountedFor(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	t.Parallel()
	t.Logf("seed %d", *killSeed)
	world, source := startFlips(t)
	sinks := startSinks(t, *killSeed)
	db := filepath.Join(t.TempDir(), "wingmirror.db")
	createFlipping(t, db)
	program := filepath.Join(t.TempDir(), "wingmirror") // by this name its processes are known
	if err := os.Link(buildProgram(t), program); err != nil {
		t.Fatal(err)
	}
	args := []string{
		"serve", "--graphite", source, "--graphite-step", "1s", "--graphite-lag", "-1s", "--db", db, "--listen", "127.0.0.1:0",
		"--smtp", "smtp://" + sinks.mailAddress, "--pagerduty-endpoint", sinks.pagerURL, "--min-interval", "1s", "--log-level", "warn",
	}
	begun := time.Now()
	k := killer{sinks: sinks, dice: rand.New(rand.NewPCG(*killSeed, 1))}
	kills := 0
	for ; kills < *killTimes || sinks.triggers() < *killTimes && time.Since(begun) < killPatience; kills++ {
		k.kill(t, exec.Command(program, args...), kills)
	}
	t.Logf("killed %d times in %v", kills, time.Since(begun).Round(time.Second))
	if left := orphans(program); left > 0 {
		t.Errorf("%d processes outlived the program", left)
	}

	world.calm.Store(true)
	sinks.calmDown()
	last := start(t, program, args...)
	opened, err := store.Open(t.Context(), store.Options{Path: db, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	awaitCalm(t, opened)
	last.stop()
	t.Logf("all in all %v", time.Since(begun).Round(time.Second))
	a := newAccounts(t, opened, sinks.all())
	a.check(t)
	if len(a.incidents) < *killTimes {
		t.Errorf("only %d incidents: that proves little", len(a.incidents))
	}
}

// awaitCalm waits until no incident is open and nothing is left to tell.
func awaitCalm(t *testing.T, db *store.DB) {
	t.Helper()
	servertest.Await(t, "all is calm and everybody was told", 60*time.Second, func() error {
		open, err := db.OpenStates(t.Context())
		if err != nil {
			return err
		}
		counts, err := db.NoticeCounts(t.Context())
		if len(open) > 0 || counts[monitor.NoticePending] > 0 {
			return fmt.Errorf("%d incidents are open, notices %v", len(open), counts)
		}
		return err
	})
}

func createFlipping(t *testing.T, path string) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Path: path, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for n := range killedMonitors {
		m := monitor.Monitor{
			Name: fmt.Sprintf("flips %d", n), Schedule: "* * * * * *", Minutes: 1, Script: flipScript, Active: true,
			Targets: []string{flipTarget(n, 2+n%5, 1+n%3%2)},
			Alerts:  []string{fmt.Sprintf("pagerduty:%032x", n), fmt.Sprintf("mailto:%d@example.com", n)},
		}
		if n%4 == 0 {
			m.CatchUp = monitor.CatchUpOnce
		}
		if _, err := db.CreateMonitor(t.Context(), m, "test", time.Now()); err != nil {
			t.Fatal(err)
		}
	}
}

// killer decides when the program dies.
type killer struct {
	sinks *sinks
	dice  *rand.Rand
}

// kill starts the program and kills it: at some moment while it begins or serves,
// in the first tenth of a second in which it makes runs, or in the middle of a
// delivery, when a receiver took a notice and has not answered. The latter two come
// however long the machine takes to get there.
func (k killer) kill(t *testing.T, program *exec.Cmd, n int) {
	t.Helper()
	said, ready := &servertest.Buffer{}, &doorbell{seen: make(chan struct{})}
	program.Stderr, program.Stdout = said, ready
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = program.Wait() // its state says how
		close(ended)
	}()
	switch n % 3 {
	case 0:
		wait(ended, nil, k.moment(shortestLife, longestLife))
	case 1:
		wait(ended, ready.seen, servertest.Patience)
		second := time.Now().Truncate(time.Second).Add(time.Second)
		wait(ended, nil, time.Until(second)+k.moment(0, 100*time.Millisecond))
	case 2:
		select { // what was taken in an earlier life does not count
		case <-k.sinks.heard:
		default:
		}
		wait(ended, k.sinks.heard, servertest.Patience)
		wait(ended, nil, k.moment(0, 20*time.Millisecond))
	}
	_ = program.Process.Kill() // if it has ended, the state says so
	<-ended
	if status, ok := program.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() {
		t.Fatalf("start %d: the program ended by itself: %v\n%s", n, program.ProcessState, said)
	}
	for line := range strings.Lines(said.String()) {
		if strings.Contains(line, "level=ERROR") || strings.Contains(line, "panic") {
			t.Errorf("start %d: %s", n, line)
		}
	}
}

func (k killer) moment(least, most time.Duration) time.Duration {
	return least + time.Duration(k.dice.Int64N(int64(most-least)))
}

// wait returns when something happened, after so long, or when the program ended.
func wait(ended, happened <-chan struct{}, most time.Duration) {
	over := time.NewTimer(most)
	defer over.Stop()
	select {
	case <-happened:
	case <-over.C:
	case <-ended:
	}
}

// doorbell closes seen when the program says where its pages are.
type doorbell struct {
	said servertest.Buffer
	once sync.Once
	seen chan struct{}
}

func (w *doorbell) Write(p []byte) (int, error) {
	n, err := w.said.Write(p)
	if servertest.Address.MatchString(w.said.String()) {
		w.once.Do(func() { close(w.seen) })
	}
	return n, err
}

// orphans counts the processes of a program that are still there, where that can
// be told.
func orphans(program string) int {
	deadline := time.Now().Add(2 * time.Second)
	for {
		left := 0
		links, _ := filepath.Glob("/proc/[0-9]*/exe")
		for _, link := range links {
			if target, err := os.Readlink(link); err == nil && target == program {
				left++
			}
		}
		if left == 0 || time.Now().After(deadline) {
			return left
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// accounts is everything that is known afterwards.
type accounts struct {
	monitors  []monitor.Monitor
	runs      map[int64][]monitor.Run // that ended, oldest first
	lost      int
	incidents map[string]monitor.Incident // by key
	notices   []monitor.Notice
	told      map[string][]told // by place
}

func newAccounts(t *testing.T, db *store.DB, all []told) accounts {
	t.Helper()
	a := accounts{runs: map[int64][]monitor.Run{}, incidents: map[string]monitor.Incident{}, told: map[string][]told{}}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	a.monitors, err = db.Monitors(t.Context())
	must(err)
	for _, m := range a.monitors {
		runs, err := db.Runs(t.Context(), m.ID, time.Time{}, 1_000_000)
		must(err)
		for _, r := range slices.Backward(runs) {
			if r.Phase == monitor.Done {
				a.runs[m.ID] = append(a.runs[m.ID], r)
			} else {
				a.lost++
			}
		}
	}
	incidents, err := db.Incidents(t.Context(), store.IncidentFilter{Limit: 1_000_000})
	must(err)
	for _, i := range incidents {
		a.incidents[i.Key] = i
	}
	a.notices, err = db.Notices(t.Context(), store.NoticeFilter{Limit: 1_000_000})
	must(err)
	for _, n := range all {
		a.told[n.place] = append(a.told[n.place], n)
	}
	return a
}

func (a accounts) check(t *testing.T) {
	t.Helper()
	spans := 0
	for _, m := range a.monitors {
		spans += a.checkRuns(t, m)
		for _, place := range m.Alerts {
			a.checkTold(t, m, strings.SplitN(place, ":", 2)[1])
		}
	}
	if spans != len(a.incidents) {
		t.Errorf("%d incidents, but the runs show %d", len(a.incidents), spans)
	}
	a.checkNotices(t)
	runs, deliveries, doubles := 0, 0, 0
	for _, of := range a.runs {
		runs += len(of)
	}
	for _, of := range a.told {
		deliveries += len(of)
	}
	if doubles = deliveries - len(a.notices); doubles < 0 {
		t.Errorf("%d notices, but only %d were taken", len(a.notices), deliveries)
	}
	t.Logf("%d runs (%d more were cut off), %d incidents, %d notices, of which %d arrived twice", runs, a.lost, len(a.incidents), len(a.notices), doubles)
}

// checkRuns finds the incidents that the runs of a monitor must have led to: each
// stretch of bad runs is one, from its first run to the good run after it. It
// returns how many there are.
func (a accounts) checkRuns(t *testing.T, m monitor.Monitor) int {
	t.Helper()
	spans := 0
	var open *monitor.Incident
	for _, r := range a.runs[m.ID] {
		switch {
		case r.Fault != monitor.NoFault:
			t.Errorf("%s at %v could not tell: %s %s", m.Name, r.At, r.Fault, r.Message)
		case r.Level.Bad() && open == nil:
			spans++
			found, ok := a.incidents[r.Incident]
			if !ok || !found.OpenedAt.Equal(r.At) {
				t.Errorf("%s at %v went bad: incident %q, found %+v", m.Name, r.At, r.Incident, found)
			}
			open = &found
		case r.Level.Bad() && r.Incident != open.Key:
			t.Errorf("%s at %v: a second key %q for the incident %q", m.Name, r.At, r.Incident, open.Key)
		case !r.Level.Bad() && open != nil:
			if !open.ClosedAt.Equal(r.At) || open.Closing != monitor.ReasonResolved {
				t.Errorf("%s at %v is well again, but the incident %s closed at %v (%s)", m.Name, r.At, open.Key, open.ClosedAt, open.Closing)
			}
			open = nil
		}
	}
	if open != nil {
		t.Errorf("%s: the incident %s is still open", m.Name, open.Key)
	}
	return spans
}

// checkTold holds what arrived at one place against the incidents of its monitor:
// each is told, from trigger to resolve, under its own key and no other. What
// arrives twice arrives before the next news.
func (a accounts) checkTold(t *testing.T, m monitor.Monitor, place string) {
	t.Helper()
	byKey := map[string][]string{}
	for _, n := range a.told[place] {
		if i, ok := a.incidents[n.key]; !ok || i.Subject != m.Subject() {
			t.Errorf("%s was told %s of %q, which is no incident of %s", place, n.what, n.key, m.Name)
		}
		byKey[n.key] = append(byKey[n.key], n.what)
	}
	for key, i := range a.incidents {
		if i.Subject != m.Subject() {
			continue
		}
		news := slices.Compact(byKey[key])
		if !slices.Equal(news, []string{"trigger", "resolve"}) {
			t.Errorf("%s was told %v of %s (level %s, opened %v, closed %v)", place, byKey[key], key, i.Level, i.OpenedAt, i.ClosedAt)
		}
	}
}

// checkNotices wants one notice per incident, step and place, all delivered.
func (a accounts) checkNotices(t *testing.T) {
	t.Helper()
	type step struct {
		key, place string
		kind       monitor.NoticeKind
	}
	seen := map[step]int{}
	for _, n := range a.notices {
		seen[step{n.Incident, string(n.Destination), n.Message.Kind}]++
		if n.Status != monitor.NoticeDelivered {
			t.Errorf("notice %d, %s of %s to %s, is %s: %s", n.ID, n.Message.Kind, n.Incident, n.Destination, n.Status, n.Error)
		}
	}
	for s, n := range seen {
		if n != 1 {
			t.Errorf("%d notices for %+v", n, s)
		}
	}
}
