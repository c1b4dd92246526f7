package integration

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"wingmirror/cmd/wingmirror/servertest"
	"wingmirror/store"
)

// A disk that fills up is played by a limit on the size of files, which the
// kernel enforces on every write and which can be lifted again.
func TestFullDisk_LosesRunsButNoNews(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a quarter of a minute")
	}
	t.Parallel()
	world, source := startFlips(t)
	sinks := startSinks(t, 1)
	sinks.calmDown()
	db := filepath.Join(t.TempDir(), "wingmirror.db")
	createFlipping(t, db)
	s := start(t, buildProgram(t), "serve", "--graphite", source, "--graphite-step", "1s", "--graphite-lag", "-1s", "--db", db,
		"--listen", "127.0.0.1:0", "--smtp", "smtp://"+sinks.mailAddress, "--pagerduty-endpoint", sinks.pagerURL, "--log-level", "warn")
	taken := func(atLeast int) func() error {
		return func() error {
			if n := len(sinks.all()); n < atLeast {
				return fmt.Errorf("%d notices arrived", n)
			}
			return nil
		}
	}
	servertest.Await(t, "notices arrive", 20*time.Second, taken(20))

	limitFiles(t, s.command.Process.Pid, 0)
	servertest.Await(t, "it says that it is not ready", 20*time.Second, func() error { return s.readiness(http.StatusServiceUnavailable) })
	servertest.Await(t, "the log names the disk", 20*time.Second, func() error {
		if !strings.Contains(s.Log.String(), "or is full") {
			return errors.New("not yet")
		}
		return nil
	})
	time.Sleep(4 * time.Second) // some flips go by

	limitFiles(t, s.command.Process.Pid, unix.RLIM_INFINITY)
	begun := len(sinks.all())
	servertest.Await(t, "it is ready again", 20*time.Second, func() error { return s.readiness(http.StatusOK) })
	servertest.Await(t, "more notices arrive", 20*time.Second, taken(begun+20))

	world.calm.Store(true)
	opened, err := store.Open(t.Context(), store.Options{Path: db, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	awaitCalm(t, opened)
	s.stop()
	newAccounts(t, opened, sinks.all()).check(t)
}

// limitFiles sets how large files may become that a process writes.
func limitFiles(t *testing.T, pid int, limit uint64) {
	t.Helper()
	if err := unix.Prlimit(pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: limit, Max: unix.RLIM_INFINITY}, nil); err != nil {
		t.Fatal(err)
	}
}

func (s *server) readiness(want int) error {
	response, err := http.Get(s.Base + "/readyz")
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode != want {
		return fmt.Errorf("status %d", response.StatusCode)
	}
	return nil
}
