package heartbeats

import (
	"encoding/json"
	"net/url"
	"strings"
)

// snippet is something to copy into a job.
type snippet struct{ ID, Name, Text string }

// snippets ping one heartbeat from where jobs run.
func snippets(base, key, name string) []snippet {
	address := base + PingPath + key + "/" + url.PathEscape(name)
	fill := strings.NewReplacer("@URL@", address, "@BASE@", base, "@KEY@", key, "@NAME@", shellWord(name))
	all := []snippet{
		{"curl", "curl", "curl -fsS -m 10 --retry 5 -o /dev/null '@URL@'\n"},
		{"wrap", "wingmirror", "# start, exit status, duration and the last lines of output, by itself\nWINGMIRROR_SERVER=@BASE@ WINGMIRROR_PING_KEY=@KEY@ \\\n  wingmirror ping --name @NAME@ -- /usr/local/bin/job.sh\n"},
		{"cron", "cron", "0 2 * * * /usr/local/bin/job.sh; curl -fsS -m 10 --retry 5 -o /dev/null \"@URL@/$?\"\n"},
		{"shell", "shell", "out=$(/usr/local/bin/job.sh 2>&1); code=$?\nprintf '%s' \"$out\" | tail -c 100000 | curl -fsS -m 10 --retry 5 -o /dev/null --data-binary @- \"@URL@/$code\"\nexit $code\n"},
		{"systemd", "systemd", "[Service]\nType=oneshot\nExecStartPre=-/usr/bin/curl -fsS -m 10 --retry 5 @URL@/start\nExecStart=/usr/local/bin/job.sh\nExecStopPost=-/bin/sh -c 'curl -fsS -m 10 --retry 5 \"@URL@/$${EXIT_STATUS:-1}\"'\n"},
		{"powershell", "PowerShell", "& C:\\job.ps1\nInvoke-RestMethod -TimeoutSec 10 -MaximumRetryCount 5 \"@URL@/$LASTEXITCODE\"\n"},
		{"python", "Python", "import urllib.request\n\nurllib.request.urlopen(\"@URL@\", timeout=10)\n"},
		{"go", "Go", "client := &http.Client{Timeout: 10 * time.Second}\nif answer, err := client.Get(\"@URL@\"); err == nil {\n\tanswer.Body.Close()\n}\n"},
		{"actions", "GitHub Actions", "- name: Tell Wingmirror\n  if: always()\n  run: curl -fsS -m 10 --retry 5 -o /dev/null \"@URL@${{ job.status != 'success' && '/fail' || '' }}\"\n"},
		{"pacemaker", "Pacemaker's API", "curl -fsS -m 10 -d '{\"api_key\":\"@KEY@\",\"check\":" + jsonWord(name) + ",\"state\":\"OK\",\"metric\":42}' @BASE@/pacemaker/\n"},
	}
	for i, own := range all {
		all[i].Text = fill.Replace(own.Text)
		switch own.ID { // where a percent sign means something
		case "cron":
			all[i].Text = strings.ReplaceAll(all[i].Text, "%", `\%`)
		case "systemd":
			all[i].Text = strings.ReplaceAll(all[i].Text, "%", "%%")
		}
	}
	return all
}

// jsonWord writes a name as JSON that can stand between single quotes.
func jsonWord(name string) string {
	text, err := json.Marshal(name)
	if err != nil {
		return `""`
	}
	return strings.ReplaceAll(string(text), "'", `\u0027`)
}

// shellWord quotes a word for a shell where it needs it.
func shellWord(word string) string {
	if strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
