package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// invoke runs the program as a user would, with an environment of its own.
func invoke(t *testing.T, env map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(context.Background(), process{
		args:   args,
		getenv: func(key string) (string, bool) { v, ok := env[key]; return v, ok },
		stdin:  strings.NewReader(""),
		stdout: &out,
		stderr: &errs,
	})
	return code, out.String(), errs.String()
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestConfig_FlagBeatsEnvironmentBeatsFile(t *testing.T) {
	file := writeFile(t, "w.yaml", "listen: 127.0.0.1:1\ndb: file.db\nrepeat: 2h\n")
	code, out, errs := invoke(t, map[string]string{"WINGMIRROR_LISTEN": "127.0.0.1:2", "WINGMIRROR_DB": "env.db"},
		"config", "--config", file, "--listen", "127.0.0.1:3")
	if code != 0 {
		t.Fatal(errs)
	}
	for _, want := range []string{"listen: 127.0.0.1:3\n", "db: env.db\n", "repeat: 2h0m0s\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestConfig_OutputIsAConfigFile(t *testing.T) {
	_, first, _ := invoke(t, nil, "config", "--graphite", "http://g:8080/key", "--max-runs", "7")
	file := writeFile(t, "w.yaml", first)
	code, second, errs := invoke(t, nil, "config", "--config", file)
	if code != 0 || first != second {
		t.Errorf("exit %d, %s\n%s", code, errs, second)
	}
}

func TestConfig_SecretsComeFromFilesAndAreNotPrinted(t *testing.T) {
	secret := writeFile(t, "token", "t0psecret\n")
	yaml := writeFile(t, "w.yaml", "graphite_password_file: "+secret+"\nsmtp: smtp://user:t0psecret@mail:587\ngraphite-header:\n  - 'X-Key: t0psecret'\n")
	code, out, errs := invoke(t, map[string]string{"WINGMIRROR_GRAPHITE_TOKEN_FILE": secret}, "config", "--config", yaml)
	if code != 0 {
		t.Fatal(errs)
	}
	if strings.Contains(out, "t0psecret") {
		t.Errorf("a secret is printed:\n%s", out)
	}
	for _, want := range []string{"graphite-token: (secret)", "graphite-password: (secret)", "smtp://user:xxxxx@mail:587", "X-Key: (secret)"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestConfig_NamesEveryMistakeAndTheNearestKey(t *testing.T) {
	yaml := writeFile(t, "w.yaml", "lisen: x\nrepeat: soon\n")
	code, _, errs := invoke(t, map[string]string{"WINGMIRROR_MAX_RUNS": "many"}, "config", "--config", yaml)
	if code != exitUsage {
		t.Errorf("exit %d, want %d", code, exitUsage)
	}
	for _, want := range []string{"did you mean listen?", `"soon" is not valid`, "WINGMIRROR_MAX_RUNS"} {
		if !strings.Contains(errs, want) {
			t.Errorf("no %q in\n%s", want, errs)
		}
	}
}

func TestConfig_MisspeltVariableIsRefusedAndStrangeOnesAreLetBe(t *testing.T) {
	var out, errs bytes.Buffer
	p := process{args: []string{"config"}, getenv: func(string) (string, bool) { return "", false }, stdout: &out, stderr: &errs,
		environ: []string{"WINGMIRROR_GRAPHTIE=x", "WINGMIRROR_SERVICE_HOST=10.0.0.1", "WINGMIRROR_SERVICE_PORT=8470", "WINGMIRROR_SERVICE_PORT_HTTP=8470",
			"WINGMIRROR_PORT=tcp://10.0.0.1:8470", "WINGMIRROR_PORT_8470_TCP=x", "WINGMIRROR_PORT_8470_TCP_PROTO=tcp", "WINGMIRROR_PORT_8470_TCP_PORT=8470",
			"WINGMIRROR_PORT_8470_TCP_ADDR=x", "WINGMIRROR_CASES=x", "WINGMIRROR_VERSION=1", "WINGMIRROR_SMTP_FILE=/run/smtp", "HOME=/"}}
	if code := run(context.Background(), p); code != exitUsage || strings.Count(errs.String(), "\n") != 1 || !strings.Contains(errs.String(), "did you mean WINGMIRROR_GRAPHITE?") {
		t.Errorf("exit %d: %s", code, errs.String())
	}
}

func TestConfig_PasswordsInURLsAreNotPrinted(t *testing.T) {
	_, out, _ := invoke(t, nil, "config", "--graphite", "http://user:t0psecret@g/base")
	if strings.Contains(out, "t0psecret") || !strings.Contains(out, "g/base") {
		t.Errorf("got\n%s", out)
	}
}

func TestConfig_RefusesWhatMakesNoSense(t *testing.T) {
	yaml := writeFile(t, "w.yaml", "graphite:\n  url: http://g\nlisten: [a, b]\ngraphite-header:\n  - X-Key: 1\nlog-json: maybe\n")
	code, _, errs := invoke(t, nil, "config", "--config", yaml, "--keep-runs", "-1h", "--max-runs", "-1", "--workers", "-1",
		"--script-memory", "5", "--pagerduty-endpoint", "nonsense")
	if code != exitUsage {
		t.Errorf("exit %d, want %d", code, exitUsage)
	}
	for _, want := range []string{"graphite: settings are not nested", "listen: takes one value", "graphite-header: put quotes", "write true or false",
		"keep-runs", "max-runs", "workers", "script-memory", "pagerduty-endpoint"} {
		if !strings.Contains(errs, want) {
			t.Errorf("no %q in\n%s", want, errs)
		}
	}
}

func TestCommand_MisspeltFlagAndCommandGetAHint(t *testing.T) {
	code, _, errs := invoke(t, nil, "serve", "--graphit", "http://x")
	if code != exitUsage || !strings.Contains(errs, "did you mean --graphite?") {
		t.Errorf("exit %d: %s", code, errs)
	}
	code, _, errs = invoke(t, nil, "serv")
	if code != exitUsage || !strings.Contains(errs, "did you mean serve?") {
		t.Errorf("exit %d: %s", code, errs)
	}
}
