package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wingmirror/monitor"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// openAt opens the database in a file, and closes it when the test ends.
func openAt(t testing.TB, path string) *DB {
	t.Helper()
	db, err := Open(t.Context(), Options{Path: path, Now: func() time.Time { return start }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func openNew(t testing.TB) *DB {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "test.db"))
}

// newMonitor stores an active monitor.
func newMonitor(t testing.TB, db *DB, name string) monitor.Monitor {
	t.Helper()
	m, err := db.CreateMonitor(t.Context(), monitor.Monitor{
		Name: name, Schedule: "* * * * *", Targets: []string{"a.b", "# note"}, Script: "1",
		Alerts: []string{"mailto:ops@example.com"}, Active: true,
	}, "ann", start)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestOpen_MakesAFileForItsOwnerOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	openAt(t, path)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("got permissions %o, want 600", got)
	}
}

func TestOpen_KeepsItsInstallation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "strange name?#%.db")
	db, err := Open(t.Context(), Options{Path: path, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	first := db.Installation()
	if len(first) != 8 {
		t.Errorf("got installation %q, want 8 digits", first)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if got := openAt(t, path).Installation(); got != first {
		t.Errorf("got installation %q after opening again, want %q", got, first)
	}
}

func TestOpen_HoldsItsPragmasOnEveryConnection(t *testing.T) {
	db := openNew(t)
	for _, pragma := range []struct{ name, want string }{
		{"journal_mode", "wal"}, {"foreign_keys", "1"}, {"synchronous", "1"}, {"busy_timeout", "5000"},
	} {
		var got string
		if err := db.write.Raw("PRAGMA " + pragma.name).Row().Scan(&got); err != nil || got != pragma.want {
			t.Errorf("got %s = %q, %v, want %q", pragma.name, got, err, pragma.want)
		}
	}
	if err := db.read.Exec(`DELETE FROM monitors`).Error; err == nil {
		t.Error("a reading connection could write")
	}
}

func TestOpen_RefusesANewerSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	db, err := Open(t.Context(), Options{Path: path, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.write.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)`).Error; err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	wantUnavailable(t, path, "newer Wingmirror")
}

func TestOpen_SaysWhatIsWrongWithTheFile(t *testing.T) {
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.db")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("this is not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	wantUnavailable(t, garbage, "is not an SQLite database")
	wantUnavailable(t, filepath.Join(dir, "no", "such", "dir.db"), "does not exist")
	wantUnavailable(t, dir, "directory")
}

func TestOpen_LeavesTheDatabaseOfAnotherProgramAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "theirs.db")
	other, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.Exec(`CREATE TABLE users (id INTEGER)`); err != nil {
		t.Fatal(err)
	}
	wantUnavailable(t, path, "another program")
	var tables int
	if err := other.QueryRow(`SELECT COUNT(*) FROM sqlite_master`).Scan(&tables); err != nil || tables != 1 {
		t.Errorf("the file has %d tables now, %v", tables, err)
	}
}

func TestOpen_SaysThatTheFileIsDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	db, err := Open(t.Context(), Options{Path: path, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 4096; i < len(data); i++ {
		data[i] = 0xff
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	wantUnavailable(t, path, "is damaged")
}

func TestOpen_SaysThatTheFileIsLocked(t *testing.T) {
	t.Parallel() // it waits for the busy timeout
	path := filepath.Join(t.TempDir(), "test.db")
	other, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.SetMaxOpenConns(1)
	if _, err := other.Exec(`PRAGMA locking_mode = EXCLUSIVE; CREATE TABLE theirs (a); BEGIN EXCLUSIVE`); err != nil {
		t.Fatal(err)
	}
	wantUnavailable(t, path, "locked by another program")
}

func wantUnavailable(t *testing.T, path, part string) {
	t.Helper()
	db, err := Open(context.Background(), Options{Path: path, Now: time.Now})
	if err == nil {
		db.Close()
		t.Fatalf("%s opened", path)
	}
	if !errors.Is(err, monitor.ErrUnavailable) || !strings.Contains(err.Error(), part) {
		t.Errorf("got %v, want ErrUnavailable with %q", err, part)
	}
}

func TestCommit_SaysThatTheDiskIsFull(t *testing.T) {
	db := openNew(t)
	m := newMonitor(t, db, "a")
	var pages int
	if err := db.write.Raw(`PRAGMA page_count`).Row().Scan(&pages); err != nil {
		t.Fatal(err)
	}
	if err := db.write.Exec(`PRAGMA max_page_count = 1`).Error; err != nil { // SQLite takes what is used already
		t.Fatal(err)
	}
	var err error
	for i := range 10_000 {
		if err = db.Commit(t.Context(), commitOf(m, start.Add(time.Duration(i)*time.Minute), monitor.OK, int64(min(i, 1)))); err != nil {
			break
		}
	}
	if !errors.Is(err, monitor.ErrUnavailable) || !strings.Contains(err.Error(), "is full") {
		t.Fatalf("got %v, want ErrUnavailable that says the disk is full", err)
	}
	if err := db.write.Exec(`PRAGMA max_page_count = 100000`).Error; err != nil {
		t.Fatal(err)
	}
	if err := db.Commit(t.Context(), commitOf(m, start.Add(1e6*time.Minute), monitor.OK, 1)); err != nil {
		t.Errorf("got %v once there is room again", err)
	}
}

// commitOf is a run that changed nothing: steady once the state is stored.
func commitOf(m monitor.Monitor, at time.Time, level monitor.Level, version int64) monitor.Commit {
	return monitor.Commit{
		Run:    &monitor.Run{Monitor: m.ID, At: at, Version: m.Version, Started: at, Level: level},
		Detail: &monitor.Detail{Output: "hello\n", Graph: []monitor.Line{{Label: "x", Points: []monitor.GraphPoint{{Time: 1, Value: 2}}}}},
		State:  monitor.State{Subject: m.Subject(), Version: version, Level: level, Observed: level, Since: start, Runs: 1, At: at},
		Steady: version > 0,
	}
}
