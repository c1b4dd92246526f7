package heartbeats

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"wingmirror/heartbeat"
	"wingmirror/monitor"
	"wingmirror/store"
)

// The crash test kills a process that takes beats, with SIGKILL, at random
// moments, and starts it again each time. Every beat that was answered must be in
// the database in the end, and counted once.

const (
	crashKills  = 12
	crashJobs   = 30
	crashSender = 8
)

// TestCrashChild is the process that is killed; it runs only as such.
func TestCrashChild(t *testing.T) {
	path := os.Getenv("CRASH_DB")
	if path == "" {
		t.Skip("runs only as the child of TestCrash")
	}
	db, err := store.Open(t.Context(), store.Options{Path: path, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	book, err := heartbeat.Open(t.Context(), heartbeat.Options{Store: db, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := heartbeat.OpenKeys(t.Context(), db, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.Import(t.Context(), []byte(importedKeys)); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	Ping{Book: book, Keys: keys, Log: slog.New(slog.DiscardHandler)}.Routes(mux)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go book.Run(t.Context())
	fmt.Println("http://" + listener.Addr().String()) // the parent reads this line
	_ = http.Serve(listener, mux)                     //nolint:gosec // it ends by being killed
}

// acknowledged are the beats that were answered, by job and run.
type acknowledged struct {
	mu   sync.Mutex
	runs map[string]map[string]bool
}

func (a *acknowledged) add(job, run string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.runs[job] == nil {
		a.runs[job] = map[string]bool{}
	}
	a.runs[job][run] = true
}

func TestCrash_LosesNoAcknowledgedBeat(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a dozen processes")
	}
	path := filepath.Join(t.TempDir(), "crash.db")
	acked := &acknowledged{runs: map[string]map[string]bool{}}
	random := rand.New(rand.NewPCG(7, 7))
	for round := range crashKills {
		crashRound(t, path, round, acked, time.Duration(30+random.IntN(250))*time.Millisecond)
	}
	db, err := store.Open(t.Context(), store.Options{Path: path, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	book, err := heartbeat.Open(t.Context(), heartbeat.Options{Store: db, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for job, runs := range acked.runs {
		v, err := book.Get(monitor.HeartbeatRef{Space: "other", Name: job})
		if err != nil {
			t.Errorf("%s was answered, and is gone: %v", job, err)
			continue
		}
		beats, err := db.Beats(t.Context(), v.Heartbeat.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		kept := map[string]bool{}
		for i, b := range beats {
			kept[b.Run] = true
			if i > 0 && beats[i-1].N != b.N+1 {
				t.Errorf("%s: beat %d follows %d", job, beats[i-1].N, b.N)
			}
		}
		if len(beats) > 0 && beats[0].N != v.State.Beats {
			t.Errorf("%s: the state counts %d beats, the newest is %d", job, v.State.Beats, beats[0].N)
		}
		for run := range runs {
			if total++; !kept[run] {
				t.Errorf("%s: beat %s was answered, and is lost", job, run)
			}
		}
	}
	t.Logf("%d beats were answered in %d lives", total, crashKills)
	if total < crashKills*crashSender {
		t.Errorf("only %d beats were answered: the test tests nothing", total)
	}
}

// crashRound starts the process, sends beats, and kills it after a while.
func crashRound(t *testing.T, path string, round int, acked *acknowledged, life time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestCrashChild$")
	child.Env = append(os.Environ(), "CRASH_DB="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatal("the child does not start")
	}
	address := lines.Text()
	var senders sync.WaitGroup
	for sender := range crashSender {
		senders.Go(func() {
			client := &http.Client{Timeout: 5 * time.Second}
			defer client.CloseIdleConnections()
			for i := 0; ; i++ {
				job, run := fmt.Sprintf("job-%d", (sender*7+i)%crashJobs), fmt.Sprintf("%d-%d-%d", round, sender, i)
				answer, err := client.Get(address + "/ping/99/" + job + "?rid=" + run)
				if err != nil {
					return
				}
				answer.Body.Close()
				if answer.StatusCode < 300 {
					acked.add(job, run)
				}
			}
		})
	}
	time.Sleep(life) // a real process dies at a real moment
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	senders.Wait()
	_ = child.Wait() // it was killed
}
