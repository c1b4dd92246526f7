package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wingmirror/store"
)

func TestBackup_CopiesTheDatabaseOnce(t *testing.T) {
	dir := t.TempDir()
	path, to := filepath.Join(dir, "w.db"), filepath.Join(dir, "copy.db")
	db, err := store.Open(t.Context(), store.Options{Path: path, Now: time.Now, Serve: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if code, out, errs := invoke(t, nil, "backup", "--db", path, to); code != exitOK || !strings.Contains(out, to) {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	for want, args := range map[int][]string{
		exitUsage:   {"backup", "--db", path},
		exitFailure: {"backup", "--db", path, to},
	} {
		if code, _, errs := invoke(t, nil, args...); code != want || !strings.HasPrefix(errs, "wingmirror: ") {
			t.Errorf("%v: exit %d, want %d: %s", args, code, want, errs)
		}
	}
	if code, _, errs := invoke(t, nil, "backup", "--db", filepath.Join(dir, "none.db"), to+"2"); code != exitUsage || !strings.Contains(errs, "there is no database") {
		t.Errorf("exit %d: %s", code, errs)
	}
}
