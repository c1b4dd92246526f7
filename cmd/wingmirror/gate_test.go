package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// gateServer answers every question the same, and counts them.
func gateServer(t *testing.T, answer func(asked int64, w http.ResponseWriter, r *http.Request)) *httptest.Server {
	t.Helper()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer(asked.Add(1), w, r)
	}))
	t.Cleanup(server.Close)
	return server
}

const (
	openGate   = `{"allowed":true,"why":"production is DC5 good","reasons":[]}`
	closedGate = `{"allowed":false,"why":"production is DC1 freeze, and DC4 or better is asked for","reasons":[{"level":"DC1","title":"Weekend","link":"https://wiki.example.com"}],"more":2,"ask":"ops@example.com","next_change":"2030-01-01T00:00:00Z","stale":true}`
)

func TestGate_ExitCodes(t *testing.T) {
	rows := []struct {
		name   string
		status int
		body   string
		args   []string
		code   int
		out    string
	}{
		{"open", 200, openGate, nil, exitOK, "open: production is DC5 good"},
		{"closed", 423, closedGate, nil, exitClosed, "ask ops@example.com"},
		{"closed, reasons", 423, closedGate, nil, exitClosed, "DC1 Weekend https://wiki.example.com"},
		{"closed, when", 423, closedGate, nil, exitClosed, "2030-01-01 00:00:00 UTC"},
		{"closed, as JSON", 423, closedGate, []string{"--json"}, exitClosed, `"more":2`},
		{"unknown component", 404, `{"detail":"There is no component \"prod\"; did you mean production?"}`, nil, exitUsage, "did you mean production?"},
		{"wrong token", 401, `{"detail":"The token is not valid."}`, []string{"--unreachable", "allow"}, exitUsage, "token is not valid"},
		{"server fails", 500, `oops`, nil, exitUnknown, "--unreachable says what to do"},
		{"server fails, allowed", 500, `oops`, []string{"--unreachable", "allow"}, exitOK, "going on"},
		{"server fails, denied", 502, `oops`, []string{"--unreachable", "deny"}, exitClosed, "not going on"},
		{"another server", 200, `<html>hello</html>`, nil, exitUnknown, "not as a board does"},
		{"another server, closed", 423, `{"allowed":true,"why":"x"}`, []string{"--unreachable", "deny"}, exitClosed, "not as a board does"},
	}
	for _, row := range rows {
		server := gateServer(t, func(_ int64, w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/gate/production" || r.URL.Query().Get("min") != "4" || r.Header.Get("Authorization") != "Bearer secret" {
				t.Errorf("asked %s with %v", r.URL, r.Header)
			}
			w.WriteHeader(row.status)
			_, _ = w.Write([]byte(row.body))
		})
		args := append([]string{"gate", "production", "--min", "4"}, row.args...)
		code, out, errs := invoke(t, map[string]string{"WINGMIRROR_SERVER": server.URL, "WINGMIRROR_TOKEN": "secret"}, args...)
		if code != row.code || !strings.Contains(out+errs, row.out) {
			t.Errorf("%s: exit %d, %s%s; want %d with %q", row.name, code, out, errs, row.code, row.out)
		}
	}
}

func TestGate_WaitsUntilItOpensAndOverOutages(t *testing.T) {
	server := gateServer(t, func(asked int64, w http.ResponseWriter, _ *http.Request) {
		switch asked {
		case 1:
			w.WriteHeader(http.StatusLocked)
			_, _ = w.Write([]byte(closedGate))
		case 2:
			w.WriteHeader(http.StatusBadGateway)
		default:
			_, _ = w.Write([]byte(openGate))
		}
	})
	code, out, errs := invoke(t, nil, "gate", "production", "--server", server.URL, "--wait", "1m", "--every", "1ms")
	if code != exitOK || !strings.Contains(errs, "waiting: production is DC1") || !strings.Contains(errs, "waiting: the board cannot be asked") {
		t.Errorf("exit %d, %s%s", code, out, errs)
	}
}

func TestGate_NobodyListens(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	for policy, want := range map[string]int{"allow": exitOK, "deny": exitClosed, "fail": exitUnknown} {
		begun := time.Now()
		code, _, errs := invoke(t, nil, "gate", "production", "--server", server.URL, "--unreachable", policy, "--wait", "20ms", "--every", "5ms")
		if code != want || time.Since(begun) < 20*time.Millisecond {
			t.Errorf("--unreachable %s: exit %d after %v, want %d after the wait\n%s", policy, code, time.Since(begun), want, errs)
		}
	}
}

func TestGate_WrongQuestions(t *testing.T) {
	rows := map[string][]string{
		"name one component":            {"gate"},
		"no level of the board":         {"gate", "a", "--min", "9"},
		"neither allow nor deny":        {"gate", "a", "--on-unknown", "perhaps"},
		"none of allow, deny and fail":  {"gate", "a", "--unreachable", "perhaps"},
		"is no address of a server":     {"gate", "a", "--server", "nowhere"},
		"--every and --timeout must be": {"gate", "a", "--every", "0s"},
	}
	for want, args := range rows {
		if code, _, errs := invoke(t, nil, args...); code != exitUsage || !strings.Contains(errs, want) {
			t.Errorf("%v: exit %d, %s; want %q", args, code, errs, want)
		}
	}
}

func TestBoardValidate_SaysEverythingThatIsWrong(t *testing.T) {
	good := writeFile(t, "board.yaml", "components:\n- id: production\n  sources:\n  - {type: graphite, target: a.b, levels: {DC2: '> 1'}}\n  - {type: subjects, labels: {team: a}}\n")
	dir := strings.TrimSuffix(good, "/board.yaml")
	if code, out, errs := invoke(t, nil, "board", "validate", dir); code != exitOK || !strings.Contains(out, "All is well. Components: 1, sources: 2.") {
		t.Errorf("exit %d, %s%s", code, out, errs)
	}
	bad := strings.TrimSuffix(writeFile(t, "board.yaml", "components:\n- id: a b\n- id: shop\n  sources:\n  - {type: program, run: rm}\n"), "/board.yaml")
	code, _, errs := invoke(t, nil, "board", "validate", bad)
	for _, want := range []string{"board.yaml:2: id:", "board.yaml:5: sources.run:"} {
		if code != exitUsage || !strings.Contains(errs, want) {
			t.Errorf("exit %d, %s; want %s", code, errs, want)
		}
	}
	if code, _, errs := invoke(t, nil, "board", "validate", "/nowhere"); code != exitUsage || !strings.Contains(errs, "no directory") {
		t.Errorf("exit %d, %s", code, errs)
	}
	if code, _, errs := invoke(t, nil, "board", "validate"); code != exitUsage || !strings.Contains(errs, "name the directory") {
		t.Errorf("exit %d, %s", code, errs)
	}
}
