package monitor

import (
	"net/mail"
	"net/url"
	"slices"
	"strings"
)

// Destination is where a notice goes, as people write it: a URI such as
// mailto:ops@example.com, pagerduty:ROUTINGKEY or webhook+https://host/path. The part after the colon may
// be a secret, so show Redacted, not the text.
type Destination string

// pagerDutyKeyLength is that of an Events API v2 integration key.
const pagerDutyKeyLength = 32

// ParseDestination checks one destination and returns it in its one spelling:
// scheme and mail domain in lower case. Errors say what is wrong and how to
// mend it, and never repeat a key.
func ParseDestination(text string) (Destination, error) {
	text = strings.TrimSpace(text)
	scheme, rest, found := strings.Cut(text, ":")
	if !found || scheme == "" {
		return "", Invalid("alerts", "%s is not a destination%s", quoteCut(text), destinationHint(text))
	}
	switch scheme = strings.ToLower(scheme); scheme {
	case "mailto":
		return parseMailto(rest)
	case "pagerduty":
		return parsePagerDuty(rest)
	case "webhook+https", "webhook+http", "slack+https":
		return parseHook(scheme, rest)
	case SchemeGroup:
		return parseGroup(rest)
	case "http", "https":
		return "", Invalid("alerts", "write webhook+ or slack+ in front of the address, to say what it takes")
	}
	if service, ok := strings.CutPrefix(scheme, SchemeShoutrrr+"+"); ok {
		return parseShoutrrr(service, rest)
	}
	return "", Invalid("alerts", "%s is no kind of destination that is known; write %s", quoteCut(scheme+":"), destinationForms)
}

// Schemes with a meaning of their own.
const (
	SchemeGroup    = "group"    // a contact group by its name
	SchemeShoutrrr = "shoutrrr" // followed by + and a service of that library, with its own form of address
)

const destinationForms = "mailto:ADDRESS, pagerduty:KEY, group:NAME, webhook+https://ADDRESS, slack+https://ADDRESS or shoutrrr+SERVICE://ADDRESS"

func parseGroup(name string) (Destination, error) {
	name = strings.ToLower(name)
	if !groupName(name) {
		return "", Invalid("alerts", "%s is not the name of a contact group; write for example group:ops", quoteCut(name))
	}
	return Destination(SchemeGroup + ":" + name), nil
}

// shoutrrrServices are those that the library delivers to. What Wingmirror does
// itself is left out, since it does it better: mail, PagerDuty, Slack, webhooks.
func shoutrrrServices() []string {
	return []string{
		"bark", "discord", "googlechat", "gotify", "ifttt", "join", "lark", "matrix", "mattermost", "notifiarr", "ntfy", "opsgenie",
		"pushbullet", "pushover", "rocketchat", "signal", "teams", "telegram", "wecom", "zulip",
	}
}

// parseShoutrrr checks as much of an address as all services have in common.
func parseShoutrrr(service, rest string) (Destination, error) {
	services := shoutrrrServices()
	if !slices.Contains(services, service) {
		text := "; there are " + strings.Join(services, ", ")
		if near := Nearest(service, services); near != "" {
			text = "; did you mean " + near + "?"
		}
		return "", Invalid("alerts", "%s is no service of shoutrrr+%s", quoteCut(service), text)
	}
	u, err := url.Parse(service + ":" + rest)
	if err != nil || u.Opaque != "" || u.Host+u.Path == "" {
		return "", Invalid("alerts", "what follows shoutrrr+%s: is not an address; write it as shoutrrr documents it, beginning with %s://", service, service)
	}
	return Destination(SchemeShoutrrr + "+" + u.String()), nil
}

// parseHook takes an address that notices are posted to. Errors do not repeat
// it, since most such addresses are secrets.
func parseHook(scheme, rest string) (Destination, error) {
	u, err := url.Parse(scheme + ":" + rest)
	if err != nil || u.Hostname() == "" || u.Opaque != "" {
		return "", Invalid("alerts", "what follows %s: is not an address; write %s://host/path", scheme, scheme)
	}
	if u.Fragment != "" {
		return "", Invalid("alerts", "the address after %s: has a #, and what follows it would never be sent", scheme)
	}
	if _, hasPassword := u.User.Password(); u.User != nil && (!hasPassword || u.User.Username() != "") {
		return "", Invalid("alerts", "write the secret of a webhook as %s://:SECRET@host/path", scheme)
	}
	u.Host = strings.ToLower(u.Host)
	return Destination(u.String()), nil
}

func destinationHint(text string) string {
	switch {
	case strings.Contains(text, "@"):
		return "; write mailto:" + Cut(text, 100)
	case len(text) == pagerDutyKeyLength && isHex(text):
		return "; write pagerduty: in front of the key"
	}
	return "; write " + destinationForms
}

func parseMailto(rest string) (Destination, error) {
	address, err := url.PathUnescape(rest)
	if err != nil || strings.ContainsAny(rest, "?") {
		return "", Invalid("alerts", "%s is more than an address; write mailto:name@example.com and nothing after it", quoteCut("mailto:"+rest))
	}
	parsed, err := mail.ParseAddress(address)
	local, domain, _ := strings.Cut(address, "@")
	if err != nil || parsed.Address != address || local == "" || domain == "" {
		return "", Invalid("alerts", "%s is not a mail address; write mailto:name@example.com", quoteCut(address))
	}
	at := strings.LastIndexByte(address, '@')
	return Destination("mailto:" + address[:at] + strings.ToLower(address[at:])), nil
}

func parsePagerDuty(key string) (Destination, error) {
	if len(key) != pagerDutyKeyLength || !isHex(key) {
		return "", Invalid("alerts", "a PagerDuty key has %d characters, digits and a to f, and this one (%d) is not such a key; copy the integration key of an Events API v2 integration",
			pagerDutyKeyLength, len(key))
	}
	return Destination("pagerduty:" + strings.ToLower(key)), nil
}

func isHex(text string) bool {
	return strings.Trim(text, "0123456789abcdefABCDEF") == ""
}

// ParseDestinations checks all and drops what is blank or double. The errors
// name the lines: alerts[0], alerts[1].
func ParseDestinations(texts []string) ([]Destination, FieldErrors) {
	var all []Destination
	var errs FieldErrors
	seen := map[Destination]bool{}
	for i, text := range texts {
		if strings.TrimSpace(text) == "" {
			continue
		}
		d, err := ParseDestination(text)
		for _, wrong := range AllFieldErrors(err) {
			wrong.Field = indexed("alerts", i)
			errs = append(errs, wrong)
		}
		if err == nil && !seen[d] {
			seen[d] = true
			all = append(all, d)
		}
	}
	return all, errs
}

// SplitDestinations cuts the text of a form's field at spaces, commas and line
// ends, and leaves out what is blank.
func SplitDestinations(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool {
		return r == ',' || r == ' ' || r == '\t' || r == '\n' || r == '\r'
	})
}

// Scheme names the channel: what stands before the colon, of shoutrrr without
// the service.
func (d Destination) Scheme() string {
	scheme, _, _ := strings.Cut(string(d), ":")
	if strings.HasPrefix(scheme, SchemeShoutrrr+"+") {
		return SchemeShoutrrr
	}
	return scheme
}

// Rest returns what stands after the colon: an address or a key.
func (d Destination) Rest() string {
	_, rest, _ := strings.Cut(string(d), ":")
	return rest
}

// Acknowledges reports whether the channel behind the destination keeps
// acknowledgements of its own, and so must be told of ours.
func (d Destination) Acknowledges() bool { return d.Scheme() == "pagerduty" }

// Redacted returns the destination for people's eyes: of a key only the last
// four characters, of a web address only its host.
func (d Destination) Redacted() string {
	scheme, rest, _ := strings.Cut(string(d), ":")
	switch {
	case scheme == "mailto", scheme == SchemeGroup:
		return string(d)
	case d.Scheme() == SchemeShoutrrr: // its hosts may be keys
		return scheme + ":…"
	}
	if u, err := url.Parse(string(d)); err == nil && u.Host != "" {
		return scheme + "://" + u.Host + "/…"
	}
	if len(rest) <= 8 {
		return scheme + ":…"
	}
	return scheme + ":…" + rest[len(rest)-4:]
}
