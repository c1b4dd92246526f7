package monitor

import (
	"strings"
	"time"
)

// Heartbeat is one job or service that tells by itself that it is well. Its
// space is what a key opens: a team, a project, Pacemaker's entity. Names are
// unique within a space.
type Heartbeat struct {
	ID          int64
	Version     int // grows with each save
	Space       string
	Name        string
	Description string
	Labels      map[string]string
	Schedule    HeartbeatSchedule
	Limits      HeartbeatLimits
	Sensitivity float64  // of the watch over values, from 0 (never speaks) to 1; 0 means the default
	Alerts      []string // destinations
	Policy      Policy
	Active      bool // false: beats are kept, but nothing is ever missing
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// HeartbeatRef is a heartbeat's space and name.
type HeartbeatRef struct{ Space, Name string }

// Ref returns the heartbeat's space and name.
func (h Heartbeat) Ref() HeartbeatRef { return HeartbeatRef{h.Space, h.Name} }

// Subject returns heartbeat/SPACE/NAME.
func (h Heartbeat) Subject() Subject {
	return Subject{Kind: KindHeartbeat, Key: h.Space + "/" + h.Name}
}

// HeartbeatOf splits a heartbeat subject's key.
func HeartbeatOf(s Subject) (HeartbeatRef, bool) {
	space, name, ok := strings.Cut(s.Key, "/")
	return HeartbeatRef{space, name}, ok && s.Kind == KindHeartbeat
}

// ScheduleKind says who decides when a beat is missing.
type ScheduleKind string

// The kinds of schedule.
const (
	ScheduleLearned   ScheduleKind = "learned"    // the beats themselves
	SchedulePeriod    ScheduleKind = "period"     // a fixed time after the beat before
	ScheduleCron      ScheduleKind = "cron"       // a crontab
	ScheduleCalendar  ScheduleKind = "oncalendar" // systemd's OnCalendar, a line each
	ScheduleNever     ScheduleKind = "never"      // nobody: only what a beat says counts
	SchedulePacemaker ScheduleKind = "pacemaker"  // Pacemaker's rule, mistakes included
)

// ScheduleKinds lists the kinds in a stable order.
func ScheduleKinds() []ScheduleKind {
	return []ScheduleKind{ScheduleLearned, SchedulePeriod, ScheduleCron, ScheduleCalendar, ScheduleNever, SchedulePacemaker}
}

// HeartbeatSchedule says when the next beat is due and when it is missing.
type HeartbeatSchedule struct {
	Kind   ScheduleKind  // "" is learned
	Period time.Duration // with SchedulePeriod
	Grace  time.Duration // after the time that is due; 0: a tenth of the interval, from half a minute to an hour
	Spec   string        // with ScheduleCron and ScheduleCalendar
	Zone   string        // of Spec, and of a crontab that is learned; "" is the installation's
}

// HeartbeatLimits say what else makes a beat bad. Zero fields set no limit,
// except that run times are learned.
type HeartbeatLimits struct {
	MaxRun   time.Duration // longest run from start to end; 0: learned, negative: none
	MinRun   time.Duration // shortest run; 0: learned, negative: none
	TooOften Toggle        // whether beats that come far too often are a warning; default on
	OddSize  Toggle        // whether texts of an unusual size are a warning; default on
	Failures int           // so many failures
	Of       int           // of so many beats are bad, at most 64; 0: each failure is
}

// BeatKind is what a beat tells.
type BeatKind string

// The kinds of beat. The first four are sent, the last two noted by ourselves.
const (
	BeatOK     BeatKind = "ok"
	BeatFail   BeatKind = "fail"
	BeatStart  BeatKind = "start"  // a run begins
	BeatLog    BeatKind = "log"    // only to be kept
	BeatMissed BeatKind = "missed" // nothing came until the deadline
	BeatStuck  BeatKind = "stuck"  // a run did not end in time
)

// Beat is one beat as history keeps it.
type Beat struct {
	N        int64     // 1 for the first of its heartbeat
	At       time.Time // when it was received
	Kind     BeatKind
	Level    Level         // of the heartbeat after it
	Word     string        // the same as Pacemaker says it: OK, CRITICAL, UNKNOWN, or what expiry was to turn to
	Code     *int          // exit status; nil when none was given
	Run      string        // id of the run, "" for none
	Took     time.Duration // from the run's start, or as the beat says; 0 when it is not known
	Metric   *float64      // nil when the beat carried none
	Reading  *Reading      // what the detector made of Metric; nil when it did not look
	Note     string        // one line: the summary or the body's first, at most MaxBeatNote bytes
	BodySize int64         // bytes of the body that is kept; 0 when there is none
}

// Reading is what a detector made of one value.
type Reading struct {
	Expected, Low, High float64 // NaN while nothing is expected yet
	Score               float64 // from 0 to 1
	Signal              string  // which signal said so; "" when none did
}

// The bounds of what a beat carries, in bytes.
const (
	MaxBeatNote = 200
	MaxBeatBody = 100_000
	MaxBeatName = 200
	MaxBeatRun  = 64
)

// HeartbeatState is what is known about a heartbeat now. Rhythm, Runs and Values
// are for the package heartbeat alone.
type HeartbeatState struct {
	ID      int64
	Beats   int64     // so far
	Seen    time.Time // newest sign of life: any beat that was sent
	Level   Level
	Word    string    // as Pacemaker says it
	Since   time.Time // since when Level is what it is
	Why     HeartbeatWhy
	Message string // one line: why Level is bad; "" when all is well

	Expected time.Time // when the next beat is due; zero when that is not known
	Deadline time.Time // when it is missing; zero: never
	Started  time.Time // begin of the run under way; zero when there is none
	StuckAt  time.Time // when that run takes too long; zero: never
	Run      string    // its id

	Payload  []byte       // the newest beat in Pacemaker's form, JSON; nil when it came another way
	Feedback *QuietTime   // nil before the first alert of Pacemaker's kind
	Recent   uint64       // a bit per success or failure, newest lowest, set for failures
	Counted  int          // how many bits of Recent mean something, at most 64
	Hasty    int          // beats in a row that came far too early; negative while a burst is forgiven
	Overlaps int          // how much lately runs began while another one was under way
	Overdue  bool         // Deadline has passed, and what followed is done
	Blind    bool         // something since the newest success keeps the gap from being learned from
	Settled  bool         // alerting knows Level, and has nothing left to do about it
	Away     [2]time.Time // when we last did not watch, while Deadline was ahead

	Rhythm     []byte
	Runs       []byte
	Sizes      []byte
	Values     []byte // nil: unchanged; states are read without it
	ValuesSeen int64  // number of the newest beat that Values knows
}

// QuietTime is how long Pacemaker's alerts of one check are held back.
type QuietTime struct {
	Hours      float64
	AlertAfter time.Time
	InEvent    bool
}

// HeartbeatWhy names what is wrong with a heartbeat.
type HeartbeatWhy string

// What can be wrong.
const (
	WhyWell    HeartbeatWhy = ""
	WhyMissing HeartbeatWhy = "missing"
	WhyFailed  HeartbeatWhy = "failed"
	WhyStuck   HeartbeatWhy = "stuck"
	WhyLong    HeartbeatWhy = "too_long"
	WhyShort   HeartbeatWhy = "too_short"
	WhyOften   HeartbeatWhy = "too_often"
	WhyValue   HeartbeatWhy = "value"
	WhySize    HeartbeatWhy = "size"
)

// HeartbeatEvent is something that happened to a heartbeat besides its beats: its
// level flipped, it learned a new rhythm, somebody changed it.
type HeartbeatEvent struct {
	At    time.Time
	Level Level  // after it
	What  string // flip, relearned, away, changed
	Text  string // one line
}

// HeartbeatKey opens one space to whoever knows it: to ping, and to all that
// Pacemaker's clients do.
type HeartbeatKey struct {
	Key       string
	Space     string
	Name      string    // what it is for
	Quota     int       // heartbeats that the space may have for this key to make another; 0 is the installation's
	Imported  bool      // it came from Pacemaker's list of keys, and goes with it
	CreatedAt time.Time //
}

// PacemakerHook is where a space's alerts go in Pacemaker's form.
type PacemakerHook struct {
	Space   string
	URL     string
	Failing time.Duration // how long a check is bad before it is called; 0 is two minutes
}

// BeatCommit is everything that one beat, or its absence, changes; it is stored
// whole or not at all.
type BeatCommit struct {
	State  HeartbeatState
	Beat   *Beat  // nil when only the state changed
	Body   []byte // nil for none
	Events []HeartbeatEvent
}

// Watched returns what is known of the heartbeat as a subject. Its space is its
// group.
func (h Heartbeat) Watched() Watched {
	policy := h.Policy
	policy.Failures = 1 // of beats, Limits say how many it takes
	return Watched{
		Subject: h.Subject(), Name: h.Name, Group: h.Space, Description: h.Description,
		Labels: h.Labels, Alerts: h.Alerts, Policy: policy, Active: h.Active,
	}
}
