package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// silenceAgainst runs a silence command with an environment.
func silenceAgainst(environment map[string]string, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(context.Background(), process{
		args:   append([]string{"silence"}, args...),
		getenv: func(name string) (string, bool) { v, ok := environment[name]; return v, ok },
		stdin:  strings.NewReader(""), stdout: &out, stderr: &errs,
	})
	return code, out.String(), errs.String()
}

func TestSilence_AddListEndOnARunningServer(t *testing.T) {
	s := launch(t, "demo")
	env := map[string]string{serverVariable: s.Base + "/"}
	for _, step := range []struct {
		args string
		code int
		says []string
	}{
		{"list", exitOK, []string{"nothing is silenced"}},
		{"add --monitor 1 --duration 15m --reason deploy", exitOK, []string{"Silence 1 of monitor 1: from ", "silence end 1"}},
		{"add --group shop --label team=web --schedule @weekly --timezone Europe/Berlin --duration 8h --reason x -q", exitOK, []string{"2\n"}},
		{"add --subject heartbeat/backup --from 2090-01-01 --until 2090-01-02T00:00:00Z --reason x --json", exitOK, []string{`"subjects":["heartbeat/backup"]`, `"status":"waiting"`}},
		{"list", exitOK, []string{"NUMBER", "active", "waiting", "deploy (", "group shop", "heartbeat/backup"}},
		{"end 1 3", exitOK, []string{"ended silence 1\nended silence 3\n"}},
		{"end 1", exitFailure, []string{"end silence 1: ", "has ended it"}},
		{"end 99", exitUsage, []string{"end silence 99: "}},
		{"list --all", exitOK, []string{"over"}},
		{"list --json", exitOK, []string{`{"silences":[{"id":3`}},
		{"add --monitor 1", exitUsage, []string{"until: say when it ends", "reason: say why"}},
		{"add --monitor 1 --duration soon --reason x", exitUsage, []string{"duration: "}},
		{"add --monitor 1 --from soon --reason x", exitUsage, []string{`from: "soon" is no time`}},
		{"add --label team --duration 1h --reason x", exitUsage, []string{"team=web"}},
		{"end", exitUsage, []string{"give the numbers"}},
		{"end x", exitUsage, []string{"no number of a silence"}},
		{"remove 1", exitUsage, []string{"unknown command"}},
		{"list --server ftp://x", exitUsage, []string{"no address of a server"}},
		{"list --server http://127.0.0.1:1", exitFailure, []string{"is it running, and --server its address?"}},
	} {
		code, out, errs := silenceAgainst(env, strings.Fields(step.args)...)
		for _, want := range step.says {
			if code != step.code || !strings.Contains(out+errs, want) {
				t.Errorf("silence %s: exit %d, want %d and %q\n%s%s", step.args, code, step.code, want, out, errs)
			}
		}
	}
}

func TestSilence_SendsTheTokenOfTheEnvironment(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/elsewhere/api/v1/silences":
			http.Error(w, "not here", http.StatusNotFound)
		case r.Header.Get("Authorization") != "Bearer wm_secret":
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusUnauthorized)
			w.Write([]byte(`{"title": "Log in first", "status": 401}`))
		default:
			w.Write([]byte(`{"silences": []}`))
		}
	}))
	defer server.Close()
	file := writeFile(t, "token", "wm_secret\n")
	for _, row := range []struct {
		variable, value, server string
		code                    int
		says                    string
	}{
		{tokenVariable, "wm_secret", server.URL, exitOK, "nothing is silenced"},
		{tokenVariable + "_FILE", file, server.URL, exitOK, "nothing is silenced"},
		{tokenVariable + "_FILE", file + "x", server.URL, exitUsage, tokenVariable + "_FILE"},
		{tokenVariable, "wrong", server.URL, exitUsage, "wants an API token in WINGMIRROR_TOKEN"},
		{tokenVariable, "wm_secret", server.URL + "/elsewhere", exitFailure, "is --server the address of a Wingmirror server?"},
	} {
		code, out, errs := silenceAgainst(map[string]string{row.variable: row.value}, "list", "--server", row.server)
		if code != row.code || !strings.Contains(out+errs, row.says) {
			t.Errorf("%s=%s: exit %d, want %d and %q\n%s%s", row.variable, row.value, code, row.code, row.says, out, errs)
		}
	}
}
