package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"wingmirror/monitor"
)

func TestBackup_IsWholeWhileAServerWrites(t *testing.T) {
	dir := t.TempDir()
	path, to := filepath.Join(dir, "test.db"), filepath.Join(dir, "copy.db")
	db := openAt(t, path)
	m := newMonitor(t, db, "a")
	recordRuns(t, db, m, 50)
	stop := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := 50; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			if err := db.Commit(t.Context(), commitOf(m, start.Add(time.Duration(i)*time.Minute), monitor.OK, 1)); err != nil {
				t.Error(err)
				return
			}
		}
	})
	size, err := Backup(t.Context(), path, to)
	close(stop)
	writing.Wait()
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(to)
	if err != nil || info.Size() != size || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want %d bytes for the owner only", info, err, size)
	}
	if _, err := Backup(t.Context(), path, to); !errors.Is(err, monitor.ErrConflict) {
		t.Errorf("over a file that is there: %v", err)
	}
	restored := openAt(t, to)
	runs, err := restored.Runs(t.Context(), m.ID, time.Time{}, 1000)
	state, stateErr := restored.State(t.Context(), m.Subject())
	if err != nil || stateErr != nil || len(runs) < 50 || !state.At.Equal(runs[0].At) {
		t.Errorf("got %d runs, %v, the newest at %v, and a state of %v, %v", len(runs), err, runs[0].At, state.At, stateErr)
	}
	if restored.Installation() != db.Installation() {
		t.Error("the copy is of another installation")
	}
}

func TestBackup_SaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "test.db")
	openAt(t, path)
	other := filepath.Join(dir, "other.db")
	if err := os.WriteFile(other, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path, to string
		want     error
	}{
		"no database":   {filepath.Join(dir, "none.db"), filepath.Join(dir, "a.db"), monitor.ErrInvalid},
		"no directory":  {path, filepath.Join(dir, "none", "a.db"), monitor.ErrUnavailable},
		"not a databse": {other, filepath.Join(dir, "b.db"), monitor.ErrUnavailable},
	} {
		if _, err := Backup(t.Context(), c.path, c.to); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		if left, _ := filepath.Glob(c.to + "*"); len(left) > 0 {
			t.Errorf("%s: %v are left", name, left)
		}
	}
}
