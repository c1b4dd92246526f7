package monitor

import (
	"slices"
	"strings"
	"testing"
)

func TestParseDestination_KeepsOneSpelling(t *testing.T) {
	rows := []struct{ text, want string }{
		{"mailto:ops@example.com", "mailto:ops@example.com"},
		{" mailto:foo+alerts@bar.com ", "mailto:foo+alerts@bar.com"},
		{"MailTo:Ops@Example.COM", "mailto:Ops@example.com"},
		{"pagerduty:0123456789abcdef0123456789ABCDEF", "pagerduty:0123456789abcdef0123456789abcdef"},
		{"webhook+https://:s3cret@Hooks.example.com:8443/a?b=C", "webhook+https://:s3cret@hooks.example.com:8443/a?b=C"},
		{"slack+https://hooks.slack.com/services/T1/B2/x3", "slack+https://hooks.slack.com/services/T1/B2/x3"},
		{"Group:Ops", "group:ops"},
		{"shoutrrr+discord://token@123", "shoutrrr+discord://token@123"},
		{"SHOUTRRR+Telegram://1:x@telegram?chats=@a,@b", "shoutrrr+telegram://1:x@telegram?chats=@a,@b"},
	}
	for _, row := range rows {
		got, err := ParseDestination(row.text)
		if err != nil || string(got) != row.want {
			t.Errorf("ParseDestination(%q) = %q, %v, want %q", row.text, got, err, row.want)
		}
	}
}

func TestParseDestination_NamesTheFix(t *testing.T) {
	rows := []struct{ text, wantPart string }{
		{"", "mailto:ADDRESS"},
		{"null", "mailto:ADDRESS"},
		{"_N0_", "mailto:ADDRESS"},
		{"ops@example.com", "write mailto:ops@example.com"},
		{"0123456789abcdef0123456789abcdef", "write pagerduty: in front"},
		{"mailto:", "is not a mail address"},
		{"mailto:_N0_", "is not a mail address"},
		{"mailto:a@", "is not a mail address"},
		{"mailto:Ops <ops@example.com>", "is not a mail address"},
		{"mailto:a@b.com?subject=x", "nothing after it"},
		{"mailto:a@b.com\r\nBcc: x@y.z", "is not a mail address"},
		{"pagerduty:", "32 characters"},
		{"pagerduty:0123456789abcdef0123456789abcdeg", "32 characters"},
		{"pagerduty:0123456789abcdef", "32 characters"},
		{"campfire://account?token=T", "no kind of destination"},
		{"https://hooks.example.com/", "webhook+ or slack+ in front"},
		{"webhook+https:", "is not an address"},
		{"webhook+https://", "is not an address"},
		{"webhook+https://user@host/", ":SECRET@host"},
		{"slack+https://host/#general", "never be sent"},
		{"group:", "not the name of a contact group"},
		{"group:the managers", "not the name of a contact group"},
		{"shoutrrr+discrod://x@y", "did you mean discord?"},
		{"shoutrrr+smtp://x@y", "there are bark, discord"},
		{"shoutrrr+discord:", "as shoutrrr documents it"},
		{"discord://x@y", "shoutrrr+SERVICE"},
	}
	for _, row := range rows {
		got, err := ParseDestination(row.text)
		if err == nil || !strings.Contains(err.Error(), row.wantPart) {
			t.Errorf("ParseDestination(%q) = %q, %v, want an error with %q", row.text, got, err, row.wantPart)
		}
	}
}

func TestParseDestination_ErrorsNeverRepeatAKey(t *testing.T) {
	_, err := ParseDestination("pagerduty:0123456789abcdef0123456789abcdefff")
	if err == nil || strings.Contains(err.Error(), "0123456789") {
		t.Errorf("got %v, want an error without the key", err)
	}
}

func TestParseDestinations_DropsDoublesAndNamesLines(t *testing.T) {
	got, errs := ParseDestinations([]string{"mailto:a@b.com", "", "mailto:a@B.com", "nope", "mailto:c@d.com"})
	if want := []Destination{"mailto:a@b.com", "mailto:c@d.com"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if len(errs) != 1 || errs[0].Field != "alerts[3]" {
		t.Errorf("got errors %v, want one for alerts[3]", errs)
	}
}

func TestSplitDestinations_AtSpacesCommasAndLines(t *testing.T) {
	want := []string{"mailto:a@b.com", "mailto:c@d.com", "pagerduty:x", "mailto:e@f.com"}
	for _, text := range []string{
		"mailto:a@b.com mailto:c@d.com pagerduty:x mailto:e@f.com",
		"mailto:a@b.com,mailto:c@d.com,\npagerduty:x\r\n mailto:e@f.com\n",
		",, mailto:a@b.com ,mailto:c@d.com\n\n\npagerduty:x\tmailto:e@f.com,",
	} {
		if got := SplitDestinations(text); !slices.Equal(got, want) {
			t.Errorf("SplitDestinations(%q) = %q, want %q", text, got, want)
		}
	}
	if got := SplitDestinations(" ,\n"); len(got) != 0 {
		t.Errorf("got %q from blanks, want nothing", got)
	}
}

func TestDestination_RedactedHidesKeys(t *testing.T) {
	if got := Destination("pagerduty:0123456789abcdef0123456789abcdef").Redacted(); got != "pagerduty:…cdef" {
		t.Errorf("got %q", got)
	}
	if got := Destination("mailto:a@b.com").Redacted(); got != "mailto:a@b.com" {
		t.Errorf("got %q", got)
	}
	if got := Destination("webhook+https://:secret@host/path").Redacted(); got != "webhook+https://host/…" {
		t.Errorf("got %q", got)
	}
	if got := Destination("shoutrrr+pushover://shoutrrr:token@userkey").Redacted(); got != "shoutrrr+pushover:…" {
		t.Errorf("got %q", got)
	}
	if got := Destination("group:ops").Redacted(); got != "group:ops" {
		t.Errorf("got %q", got)
	}
	if got := Destination("x:short").Redacted(); got != "x:…" {
		t.Errorf("got %q", got)
	}
}

func TestCut_EndsAtRuneBorders(t *testing.T) {
	rows := []struct {
		text string
		max  int
		want string
	}{
		{"short", 10, "short"},
		{"exactly10!", 10, "exactly10!"},
		{"héllo wörld", 8, "héll…"},
		{"ééééé", 6, "é…"},
		{"abc", 2, ""},
		{"a\xffb", 10, "a\ufffdb"},
	}
	for _, row := range rows {
		if got := Cut(row.text, row.max); got != row.want {
			t.Errorf("Cut(%q, %d) = %q, want %q", row.text, row.max, got, row.want)
		}
	}
}

func FuzzParseDestination(f *testing.F) {
	for _, seed := range []string{"mailto:a@b.com", "pagerduty:0123456789abcdef0123456789abcdef", "x", "mailto:%41@b.com", "mailto:\"a b\"@c.d"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDestination(text)
		if err != nil {
			return
		}
		again, err := ParseDestination(string(d))
		if err != nil || again != d {
			t.Errorf("%q became %q, and that %q, %v", text, d, again, err)
		}
		if strings.ContainsAny(string(d), "\r\n") {
			t.Errorf("%q holds a line end", d)
		}
	})
}

// Case 23 of Rearview's own tests: which alert keys are taken.
func TestRearview_Case23AlertKeys(t *testing.T) {
	const key = "0123456789abcdef0123456789abcdef"
	for text, want := range map[string]string{
		"mailto:foo@bar.com": "mailto:foo@bar.com", "mailto:foo+alerts@bar.com": "mailto:foo+alerts@bar.com", "pagerduty:" + key: "pagerduty:" + key,
		"null": "", "": "", "_N0_": "", "mailto:": "", "mailto:null@": "", "pagerduty:": "", "pagerduty:" + key[1:]: "", "pagerduty:" + key + "0": "",
		"pagerduty:" + strings.Replace(key, "0", "g", 1): "", "pagerduty:" + strings.Replace(key, "0", "-", 1): "",
		"campfire://account?token=T&room=R": "", "foo": "", "http://foo.com": "",
	} {
		got, err := ParseDestination(text)
		if string(got) != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
	for _, area := range []string{"mailto:a@b.c pagerduty:x", "mailto:a@b.c,pagerduty:x", "mailto:a@b.c\npagerduty:x", " mailto:a@b.c ,\r\n\n pagerduty:x "} {
		if got := SplitDestinations(area); !slices.Equal(got, []string{"mailto:a@b.c", "pagerduty:x"}) {
			t.Errorf("a text area with %q: got %q", area, got)
		}
	}
}
