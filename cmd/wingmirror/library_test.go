package main

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wingmirror/monitor"
	"wingmirror/sandbox"
)

// shelf is a pool that refuses helpers with a syntax error.
type shelf struct{ files []sandbox.File }

func (s *shelf) SetLibrary(_ context.Context, files []sandbox.File) error {
	for _, f := range files {
		if strings.Contains(f.Source, "((") {
			return monitor.FieldErrors{{Field: f.Name, Message: "unexpected end", Line: 1, Column: 2}}
		}
	}
	s.files = files
	return nil
}

func TestLibrary_ChangesTakeEffectAndBadOnesAreRefused(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("b.js", "var b = 1")
	write("notes.txt", "not a helper")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var log bytes.Buffer
		pool := &shelf{}
		go library{dir: dir, pool: pool, log: slog.New(slog.NewTextHandler(&log, nil))}.follow(ctx, nil)
		pass := func() { time.Sleep(libraryEvery); synctest.Wait() }
		pass()
		write("a.js", "var a = 1")
		pass()
		if len(pool.files) != 2 || pool.files[0].Name != "a.js" {
			t.Fatalf("in force: %v", pool.files)
		}
		write("a.js", "((")
		pass()
		pass()
		if pool.files[0].Source != "var a = 1" {
			t.Errorf("a file that does not compile is in force")
		}
		if n := strings.Count(log.String(), "refused"); n != 1 || !strings.Contains(log.String(), "a.js") {
			t.Errorf("refused %d times:\n%s", n, &log)
		}
		cancel()
		synctest.Wait()
	})
}

func TestCheck_UsesHelpersOfADirectory(t *testing.T) {
	dir := filepath.Dir(writeFile(t, "twice.js", "function twice(x) { return 2 * x }"))
	code, out, errs := invoke(t, nil, "check", writeFile(t, "m.js", "puts(twice(21))"), "--stdlib", dir)
	if code != 0 || !strings.HasPrefix(out, "42\n") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	bad := filepath.Dir(writeFile(t, "bad.js", "var x = 1\nfunction ("))
	code, _, errs = invoke(t, nil, "check", writeFile(t, "m.js", "puts(1)"), "--stdlib", bad)
	if code != exitUsage || !strings.Contains(errs, "bad.js:2:10: ") {
		t.Errorf("exit %d: %s", code, errs)
	}
}
