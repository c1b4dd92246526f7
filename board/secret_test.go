package board

import (
	"strings"
	"testing"

	"wingmirror/monitor"
)

const secretive = `# whom we ask
- type: alertmanager
  url: https://ann:hunter2@am.example.com/x?api_key=k1&severity=page # the one of production
  token: "t0p: secret"
  headers: {X-Api-Key: k2, Accept: text/plain}
- name: jira
  type: jira
  url: https://jira.example.com
  user: bot
  password: 12345
  labels: {token: not one}
- type: static
  rationales: [{level: 1, title: x}]
`

func TestHideSecrets_ShowsThatTheyAreSet(t *testing.T) {
	shown := HideSecrets(secretive)
	for _, secret := range []string{"hunter2", "k1", "t0p", "k2", "12345"} {
		if strings.Contains(shown, secret) {
			t.Errorf("%s is shown:\n%s", secret, shown)
		}
	}
	for _, kept := range []string{"# whom we ask", "am.example.com", "severity=page", "token: (set)", "user: bot", "token: not one", "password: (set)"} {
		if !strings.Contains(shown, kept) {
			t.Errorf("%s is lost:\n%s", kept, shown)
		}
	}
	plain := "- type: static # as it was\n  rationales:   []\n"
	if HideSecrets(plain) != plain {
		t.Error("a text without secrets changed")
	}
	if shown := HideSecrets("- {token: x"); strings.Contains(shown, "x}") || strings.Contains(shown, "token: x") {
		t.Errorf("what does not parse is shown: %s", shown)
	}
}

func TestRestoreSecrets_GivesBackWhatWasNotChanged(t *testing.T) {
	shown := HideSecrets(secretive)
	restored, err := RestoreSecrets(shown, secretive)
	if err != nil {
		t.Fatal(err)
	}
	wanted, err1 := ParseSources(secretive, anySource{})
	got, err2 := ParseSources(restored, anySource{})
	if err1 != nil || err2 != nil || len(got) != len(wanted) {
		t.Fatalf("%v, %v:\n%s", err1, err2, restored)
	}
	for i := range got {
		if text := strings.ReplaceAll(string(got[i].Settings), `"12345"`, "12345"); text != string(wanted[i].Settings) {
			t.Errorf("got %s, want %s", text, wanted[i].Settings)
		}
	}
	if again := HideSecrets(restored); again != shown {
		t.Errorf("shown again:\n%s\nat first:\n%s", again, shown)
	}
	replaced, err := RestoreSecrets(strings.Replace(shown, "password: (set)", "password: new", 1), secretive)
	if err != nil || !strings.Contains(replaced, "password: new") || !strings.Contains(replaced, "t0p") {
		t.Errorf("replaced: %v\n%s", err, replaced)
	}
}

func TestRestoreSecrets_GoToNoOtherAddress(t *testing.T) {
	shown := HideSecrets(secretive)
	for name, text := range map[string]string{
		"another host":    strings.Replace(shown, "https://jira.example.com", "https://evil.example.com", 1),
		"another scheme":  strings.Replace(shown, "https://jira.example.com", "http://jira.example.com", 1),
		"a proxy":         strings.Replace(shown, "  user: bot", "  user: bot\n  proxy: http://evil.example.com:3128", 1),
		"another source":  strings.Replace(shown, "name: jira", "name: other", 1),
		"the masked host": strings.Replace(shown, "@am.example.com", "@evil.example.com", 1),
	} {
		restored, err := RestoreSecrets(text, secretive)
		if len(monitor.AllFieldErrors(err)) == 0 || strings.Contains(restored, "12345") || strings.Contains(restored, "hunter2") {
			t.Errorf("%s: got %v\n%s", name, err, restored)
		}
	}
	if _, err := RestoreSecrets("- {type: json, url: 'https://x.example.com', token: (set)}", ""); err == nil {
		t.Error("nothing is stored, and it was taken")
	}
}

func FuzzHideSecrets(f *testing.F) {
	f.Add(secretive)
	f.Add("- {type: json, token: x}")
	f.Fuzz(func(t *testing.T, text string) {
		shown := HideSecrets(text)
		if restored, err := RestoreSecrets(shown, text); err == nil && HideSecrets(restored) != shown {
			t.Errorf("%q\n%q\n%q", text, shown, restored)
		}
	})
}
