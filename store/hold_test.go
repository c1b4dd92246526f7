package store

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wingmirror/monitor"
)

func serveAt(t *testing.T, path string) (*DB, error) {
	t.Helper()
	return Open(t.Context(), Options{Path: path, Now: time.Now, Serve: true})
}

func TestOpen_ADatabaseHasOneServer(t *testing.T) {
	t.Parallel() // it waits for a lock
	path := filepath.Join(t.TempDir(), "test.db")
	first, err := serveAt(t, path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := serveAt(t, path); !errors.Is(err, monitor.ErrUnavailable) || !strings.Contains(err.Error(), "another Wingmirror server") {
		t.Errorf("got %v, want it to say that another server is there", err)
	}
	command, err := Open(t.Context(), Options{Path: path, Now: time.Now})
	if err != nil {
		t.Fatalf("a command cannot work beside the server: %v", err)
	}
	if err := command.Close(); err != nil {
		t.Error(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	next, err := serveAt(t, path)
	if err != nil {
		t.Fatalf("after the first has closed: %v", err)
	}
	if err := next.Close(); err != nil {
		t.Error(err)
	}
}

func TestOpen_TheSchemaDoesNotChangeUnderAServer(t *testing.T) {
	t.Parallel() // it waits for a lock
	path := filepath.Join(t.TempDir(), "test.db")
	server, err := serveAt(t, path)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if err := server.write.Exec(`DELETE FROM goose_db_version WHERE version_id = (SELECT MAX(version_id) FROM goose_db_version)`).Error; err != nil {
		t.Fatal(err)
	}
	wantUnavailable(t, path, "another Wingmirror server")
}

// TestHoldChild is the server that is killed; it runs only as such.
func TestHoldChild(t *testing.T) {
	path := os.Getenv("HOLD_DB")
	if path == "" {
		t.Skip("runs only as the child of TestOpen_AKilledServerLeavesNoLock")
	}
	db, err := serveAt(t, path)
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout.WriteString("held\n")
	// It lives as long as whoever started it. Waiting for nothing at all would be a
	// deadlock, for which the runtime ends a process when it gets to look.
	io.Copy(io.Discard, os.Stdin) //nolint:errcheck // only its end matters
	db.Close()
}

func TestOpen_AKilledServerLeavesNoLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "test.db")
	child := exec.Command(os.Args[0], "-test.run=^TestHoldChild$") //nolint:gosec // this test itself
	child.Env = append(os.Environ(), "HOLD_DB="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	life, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer life.Close()
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Process.Kill() //nolint:errcheck // it may be dead already
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "held\n" {
		t.Fatalf("got %q, %v", line, err)
	}
	wantHeld := func(want bool) {
		t.Helper()
		db, err := serveAt(t, path)
		if held := errors.Is(err, monitor.ErrUnavailable); held != want {
			t.Errorf("got %v, held should be %v", err, want)
		}
		if err == nil {
			db.Close()
		}
	}
	wantHeld(true)
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	child.Wait() //nolint:errcheck // it was killed
	wantHeld(false)
}
