package monitor

import (
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"
)

// Component is one node of the board's tree: something whose level people and
// pipelines ask for. It comes from a file of the board's directory or was made
// in the pages, and is an immutable value.
type Component struct {
	ID          string // letters, digits, - and _; never changes
	Name        string // "" is the ID
	Description string
	Link        string
	Contact     string // whom to ask: a mail address, or any words
	Parent      string // ID of the component above; "" stands at the top
	Counts      Counts // how it counts for the parent
	Effects     map[DC]string
	Labels      map[string]string
	Alerts      []string // destinations that are told when it is DC3 or worse
	Sources     []BoardSource
	SourcesText string // YAML of Sources, as it was written

	Fault     string // why it cannot be used as it is written; "" when it can. It counts as failing then
	File      string // where it was read from; "" was made in the pages
	Line      int    // there
	Version   int    // of one made in the pages, from 1; 0 for one of a file
	UpdatedAt time.Time
	UpdatedBy string
}

// Title returns the name, or the ID when it has none.
func (c Component) Title() string {
	if c.Name == "" {
		return c.ID
	}
	return c.Name
}

// Subject returns component/ID.
func (c Component) Subject() Subject { return Subject{Kind: KindComponent, Key: c.ID} }

// ComponentID reports whether a text can be the ID of a component.
func ComponentID(id string) bool {
	for i, r := range id {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		if !letter && (i == 0 || r != '-' && r != '_') {
			return false
		}
	}
	return id != "" && len(id) <= 64
}

// BoardSource is where rationales of a component come from, as it was configured.
type BoardSource struct {
	Name     string          // unique in the component
	Type     string          // such as alertmanager, see package board/source
	Schedule string          // crontab of its runs; "" is once a minute
	Timeout  time.Duration   // of one run; 0 is 10 s
	Failing  DC              // level of the rationale that says that it fails; 0 is DC3
	Settings json.RawMessage // a JSON object, by Type
	Line     int             // in its file or text, 0 when unknown
}

// Rationale is one reason for a level. Sources bring them, people and programs
// push them.
type Rationale struct {
	ID          string          // unique in its source and component
	Component   string          //
	Source      string          // the source's name; "push" when it was pushed
	Level       DC              //
	Title       string          // one line
	Description string          //
	Link        string          //
	Start       time.Time       // inactive before; zero: active at once
	End         time.Time       // inactive from then on; zero: for as long as it is reported
	Guess       bool            // End is a guess of the source, which says itself when it is over
	Overrides   bool            // it outranks all that do not
	Metadata    json.RawMessage // whatever else the source says of it, or nil
	Failure     bool            // it says that a source fails: it stands for what is not known
	Server      string          // of a failure: what did not answer, which other sources may ask as well; "" when that is not known
	Stale       bool            // its source does not answer now; never stored
	Author      string          // who pushed it; "" when a source brought it
	As          DC              // among the reasons of a component above: the calmer level that an edge lets it count as; 0: its own. Never stored
	Seen        time.Time       // when it was first reported
	Changed     time.Time       // when it last changed
}

// Counted returns the level that the rationale counts as where it is listed.
func (r Rationale) Counted() DC { return max(r.Level, r.As) }

// Active reports whether the rationale counts at a time.
func (r Rationale) Active(at time.Time) bool {
	return !at.Before(r.Start) && (r.End.IsZero() || r.Guess || at.Before(r.End))
}

// Override is a person's word on a component's level for a stated time. While
// it holds, nothing else counts.
type Override struct {
	ID        int64
	Component string
	Level     DC
	Reason    string
	Link      string
	Author    string
	From      time.Time
	Until     time.Time // never zero
	CreatedAt time.Time
	UpdatedAt time.Time // when it was last extended
	UpdatedBy string
	EndedAt   time.Time // when somebody ended it early; zero when nobody did
	EndedBy   string
}

// Active reports whether the override holds at a time.
func (o Override) Active(at time.Time) bool {
	return !at.Before(o.From) && at.Before(o.Until) && (o.EndedAt.IsZero() || at.Before(o.EndedAt))
}

// BoardChange is one change of a component's level, with its cause.
type BoardChange struct {
	ID        int64
	Component string
	At        time.Time
	From, To  DC     // From is 0 when it was seen for the first time
	Cause     string // a sentence: the rationales or the override that made it
	Author    string // of the override or push that made it; "" for sources
}

// SourceState is what is known of a source from its runs so far. It is stored,
// so that a restart knows what was known before.
type SourceState struct {
	Number     int64 // of this source, for the board's older API; given once and never again
	Component  string
	Name       string
	CreatedAt  time.Time
	SuccessAt  time.Time // of the newest run that succeeded; zero for never
	FailureAt  time.Time // of the newest run that failed; zero for never
	Since      time.Time // since when every run failed; zero when the newest succeeded
	Successes  int64
	Failures   int64
	Error      string // of the newest run; "" when it succeeded
	Rationales []Rationale
}

// BoardInstance is what the board's older API calls a plugin instance: a source
// that was made through it, with statuses that were pushed through it.
type BoardInstance struct {
	Number      int64
	Component   string // "" while it belongs to none
	Name        string
	Description string
	Plugin      string
	Statuses    []string // IDs of rationales that were pushed without a component
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// BoardRecords is everything about the board that is stored.
type BoardRecords struct {
	Components    []Component // made in the pages, without their Sources
	Overrides     []Override  // that hold or are still to begin
	Pushes        []Rationale // that are active or still to begin; Component is "" for statuses
	Instances     []BoardInstance
	Sources       []SourceState
	Changes       []BoardChange // the newest of each component, newest first
	Subscriptions []Subscription
	Levels        map[DC]DCInfo // words that were chosen in the pages; empty ones are the usual
}

// Subscription is somebody who wants to hear of a component.
type Subscription struct {
	ID          int64
	Component   string
	Destination string // as in a monitor's alerts
	From        DC     // the calmest level that it wants to hear of, DC1 to DC4
	Better      bool   // it wants to hear of every improvement, not only of the last
	Author      string
	CreatedAt   time.Time
}

// Wants reports whether a subscriber wants to hear of a change: when the level
// becomes worse and is one of those to hear of, and when it was one of those and
// is not any more; of improvements between, if it asked for them.
func (s Subscription) Wants(c BoardChange) bool {
	before := c.From
	if before == NoDC {
		before = DC5
	}
	switch {
	case c.To < before:
		return c.To <= s.From
	case c.To > before && before <= s.From:
		return s.Better || c.To > s.From
	}
	return false
}

// BoardNews is what one subscriber is to be told.
type BoardNews struct {
	Subscription
	Message Message
}

const maxOverride = 366 * 24 * time.Hour

// ValidateOverride returns everything that is wrong with an override that is to
// be saved at the given time as FieldErrors, or nil.
func ValidateOverride(o Override, at time.Time) error {
	var v validation
	v.check(o.Level >= DC1 && o.Level <= DC5, "level", "say which level it has, DC1 to DC5")
	v.check(strings.TrimSpace(o.Reason) != "", "reason", "say why, for whoever wonders why the level is not what the sources say")
	v.check(utf8.RuneCountInString(o.Reason) <= maxReason, "reason", "the reason has more than %d characters", maxReason)
	v.check(strings.TrimSpace(o.Author) != "", "author", "say who overrides")
	v.check(BoardLink(o.Link), "link", "%s is no web address; write for example https://wiki.example.com/incident", quoteCut(o.Link))
	switch {
	case o.Until.IsZero():
		v.check(false, "until", "say when it ends, or for how long it holds; an override that is forgotten must not last for ever")
	case !o.Until.After(at):
		v.check(false, "until", "this is over already; give a time to come")
	case !o.Until.After(o.From):
		v.check(false, "until", "it ends before it begins")
	default:
		v.check(o.Until.Sub(at) <= maxOverride, "until", "it would last more than a year; give an earlier end and extend it")
	}
	if len(v.errs) == 0 {
		return nil
	}
	return v.errs
}

// BoardLink reports whether a text can be a link of the board: nothing, or an
// address of the web.
func BoardLink(link string) bool {
	rest, ok := strings.CutPrefix(link, "https://")
	if !ok {
		rest, ok = strings.CutPrefix(link, "http://")
	}
	return link == "" || ok && rest != "" && rest[0] != '/' && len(link) <= 2000 && !strings.ContainsAny(link, " \t\r\n\"<>")
}

const (
	maxPushTitle = 200 // characters
	maxPush      = 10 * 366 * 24 * time.Hour
	maxMetadata  = 16 << 10 // bytes
)

// ValidatePush is ValidateOverride for a rationale that is pushed.
func ValidatePush(r Rationale, at time.Time) error {
	var v validation
	v.check(r.ID != "" && len(r.ID) <= 200 && !strings.ContainsAny(r.ID, "/\r\n"), "id", "give it an id of at most 200 characters without a slash")
	v.check(r.Level >= DC1 && r.Level <= DC5, "level", "say which level it has, DC1 to DC5")
	v.check(strings.TrimSpace(r.Title) != "", "title", "say in a line what is wrong")
	v.check(utf8.RuneCountInString(r.Title) <= maxPushTitle && !strings.ContainsAny(r.Title, "\r\n"), "title", "the title must be one line of at most %d characters", maxPushTitle)
	v.check(utf8.RuneCountInString(r.Description) <= maxDescription, "description", "the description has more than %d characters", maxDescription)
	v.check(BoardLink(r.Link), "link", "%s is no web address; write for example https://wiki.example.com/incident", quoteCut(r.Link))
	v.check(len(r.Metadata) <= maxMetadata, "metadata", "it has %d bytes, at most %d are allowed", len(r.Metadata), maxMetadata)
	v.check(r.End.After(at), "end_date", "this is over already; give a time to come")
	v.check(r.End.Sub(at) <= maxPush, "end_date", "it would last more than ten years")
	v.check(r.End.After(r.Start), "end_date", "it ends before it begins")
	if len(v.errs) == 0 {
		return nil
	}
	return v.errs
}
