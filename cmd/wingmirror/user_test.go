package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
)

// typed runs the program with what somebody types or pipes into it.
func typed(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(context.Background(), process{
		args: args, getenv: func(string) (string, bool) { return "", false },
		stdin: strings.NewReader(stdin), stdout: &out, stderr: &errs,
	})
	return code, out.String(), errs.String()
}

func TestUser_FromTheFirstToTheLast(t *testing.T) {
	db := filepath.Join(t.TempDir(), "w.db")
	for _, step := range []struct {
		stdin, args string
		code        int
		says        string
	}{
		{"", "user list", exitUsage, "there is no database"},
		{"short\n", "user add Ann", exitUsage, "at least 15 characters"},
		{"", "user add Ann", exitUsage, "standard input is empty"},
		{"a heron waits by the weir\n", "user add Ann", exitOK, "added the admin ann"},
		{"a heron waits by the weir\r\nignored", "user add bob --role editor", exitOK, "added the editor bob"},
		{"a heron waits by the weir", "user add bob", exitFailure, "there is a user bob already"},
		{"x", "user add bob --role emperor", exitUsage, "none of viewer, editor, admin"},
		{"", "user add eve@example.com --no-password", exitOK, "added the viewer eve@example.com"},
		{"", "user list", exitOK, "OpenID provider, not yet"},
		{"", "user edit bob", exitUsage, "say what to change"},
		{"", "user edit bob --name Rob --disable", exitOK, "changed rob"},
		{"", "user list", exitOK, "disabled"},
		{"", "user remove bob", exitUsage, "there is no user bob"},
		{"", "user edit rob --enable --disable", exitUsage, "exclude each other"},
		{"seven kettles, one spoon\n", "user password ROB", exitOK, "logged out everywhere"},
		{"", "user token rob --name ci --scope admin", exitUsage, "admin needs the role admin"},
		{"", "user token rob --name ci --scope ping,gate --expires 1h", exitOK, "wm_"},
		{"", "user token rob --list", exitOK, "ping,gate"},
		{"", "user token rob --list --revoke 1", exitUsage, "exclude each other"},
		{"", "user token ann --revoke 1", exitUsage, "ann has no token 1"},
		{"", "user token rob --revoke 1", exitOK, "revoked token 1 (ci)"},
		{"", "user remove ann", exitFailure, "ann is the last admin"},
		{"", "user remove rob", exitOK, "removed rob"},
		{"", "user remove", exitUsage, "takes 1 arguments (NAME), got 0"},
		{"", "user lst", exitUsage, "did you mean list?"},
	} {
		args := strings.Fields(step.args)
		if len(args) > 2 || args[1] == "list" {
			args = append(args, "--db", db)
		}
		code, out, errs := typed(t, step.stdin, args...)
		if code != step.code || !strings.Contains(out+errs, step.says) {
			t.Errorf("%s: exit %d, want %d with %q\n%s%s", step.args, code, step.code, step.says, out, errs)
		}
	}
}

func TestUser_ATokenIsAloneOnStandardOutput(t *testing.T) {
	db := filepath.Join(t.TempDir(), "w.db")
	if code, _, errs := typed(t, "a heron waits by the weir", "user", "add", "ann", "--db", db); code != exitOK {
		t.Fatal(errs)
	}
	_, out, errs := typed(t, "", "user", "token", "ann", "--name", "ci", "--scope", "read", "--db", db)
	if len(out) != 50 || !strings.HasPrefix(out, "wm_") || !strings.Contains(errs, "cannot be shown again") {
		t.Errorf("got %q and %q", out, errs)
	}
}
