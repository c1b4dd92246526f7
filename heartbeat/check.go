package heartbeat

import (
	"container/list"
	"encoding/json"
	"fmt"
	"math/bits"
	"strings"
	"sync"
	"time"

	"wingmirror/anomaly"
	"wingmirror/monitor"
)

// Arrival is one beat as it comes in.
type Arrival struct {
	Ref    monitor.HeartbeatRef
	Kind   monitor.BeatKind
	Code   *int          // exit status
	Run    string        // id of the run
	Took   time.Duration // as the sender measured it; 0 when it did not
	Metric *float64
	Note   string
	Body   []byte

	Schedule *monitor.HeartbeatSchedule // for a heartbeat that is new; nil: learned
	Quota    int                        // of the key that it came with; 0: the installation's

	State      string  // of Pacemaker's clients; "" when only Metric decides
	Payload    []byte  // the beat in Pacemaker's form, JSON
	TTL        *int64  // seconds until it expires, instead of any schedule
	Transition *string // what to turn to then
}

// check is a heartbeat, what is known about it, and what it has learned.
type check struct {
	h      monitor.Heartbeat
	s      monitor.HeartbeatState
	rhythm Rhythm
	runs   Runs
	sizes  Sizes
	values *anomaly.Detector // nil before the first value, and while it is not in memory

	measured bool          // a value was judged: there is a detector, in memory or in the store
	unsaved  bool          // values has learned since it was last stored
	used     time.Time     // when values was last used
	place    *list.Element // on the shelf; nil when it is not there
	fetching sync.Mutex    // held while values is read, before Book.mu

	index    int       // in the queue of deadlines, -1 when it is not in it
	dueAt    time.Time // what it is sorted by there
	saved    time.Time // when values was last stored
	reported time.Time // time of the newest outcome
	again    time.Time // when an unsettled check is reported next
}

// finding is what is wrong with a beat.
type finding struct {
	level monitor.Level
	why   monitor.HeartbeatWhy
	text  string
}

const (
	pairing     = 72 * time.Hour // a run's end is no longer matched with its start after that
	hastyBeats  = 3              // beats in a row that come far too early are too often
	hastyShare  = 0.5            // of the shortest usual gap
	leastHasty  = time.Second    // below that, gaps are never too short
	recentBeats = 64
)

// take applies a beat and returns what is to be stored.
func (c *check) take(a Arrival, at time.Time, zone *time.Location) monitor.BeatCommit {
	s := &c.s
	s.Beats++
	beat := monitor.Beat{
		N: s.Beats, At: at, Kind: a.Kind, Code: a.Code, Run: a.Run, Took: a.Took, Metric: a.Metric, Note: monitor.Cut(a.Note, monitor.MaxBeatNote), BodySize: int64(len(a.Body)),
	}
	commit := monitor.BeatCommit{Body: a.Body}
	if a.Payload != nil {
		s.Payload = a.Payload
	}
	switch a.Kind {
	case monitor.BeatStart:
		c.start(a, at)
	case monitor.BeatOK, monitor.BeatFail:
		c.end(&beat, at)
		hasty := c.hasty(at)
		if c.learn(a, at) {
			commit.Events = append(commit.Events, monitor.HeartbeatEvent{At: at, Level: s.Level, What: "relearned", Text: "a new rhythm: " + strings.ReplaceAll(c.rhythm.Words(zone), "`", "")})
		}
		f := c.judge(a, &beat, hasty, zone)
		c.expectNext(a, at, zone)
		if e, flipped := c.turn(f, wordOf(a, f), at); flipped {
			commit.Events = append(commit.Events, e)
		}
	}
	s.Seen = at
	beat.Level, beat.Word = s.Level, s.Word
	commit.Beat = &beat
	return commit
}

// start begins a run. A run that is under way keeps the heartbeat from being
// missing for as long as it may take.
func (c *check) start(a Arrival, at time.Time) {
	s := &c.s
	c.countOverlap(a, at)
	s.Started, s.Run, s.StuckAt = at, a.Run, time.Time{}
	if _, longest, ok := c.runLimits(); ok && longest > 0 {
		s.StuckAt = at.Add(longest)
		if !s.Deadline.IsZero() && !s.Overdue && s.Deadline.Before(s.StuckAt) {
			s.Deadline = s.StuckAt
		}
	}
}

const (
	overlapWeight = 4  // of a start while another run was under way, against one of a lone run
	mostOverlaps  = 40 //
	sharedFrom    = 12 // from there on several senders share the heartbeat
)

// countOverlap notes whether a run begins while another one is under way: a job
// that does not wait for itself, or several that share the heartbeat.
func (c *check) countOverlap(a Arrival, at time.Time) {
	s := &c.s
	if !s.Started.IsZero() && a.Run != "" && s.Run != "" && a.Run != s.Run && at.Sub(s.Started) < pairing {
		s.Overlaps = min(s.Overlaps+overlapWeight, mostOverlaps)
		return
	}
	s.Overlaps = max(s.Overlaps-1, 0)
}

// end pairs a beat with the start of its run.
func (c *check) end(beat *monitor.Beat, at time.Time) {
	s := &c.s
	if s.Started.IsZero() || beat.Run != "" && s.Run != "" && beat.Run != s.Run {
		return
	}
	if took := at.Sub(s.Started); beat.Took == 0 && took < pairing {
		beat.Took = max(took, time.Microsecond)
	}
	s.Started, s.StuckAt, s.Run = time.Time{}, time.Time{}, ""
}

// runLimits are the bounds of a run, set or else learned, 0 for none; false when
// neither is known.
func (c *check) runLimits() (shortest, longest time.Duration, ok bool) {
	l := c.h.Limits
	shortest, longest, ok = c.runs.Usual()
	if l.MaxRun != 0 {
		longest, ok = max(l.MaxRun, 0), true
	}
	if l.MinRun != 0 {
		shortest, ok = max(l.MinRun, 0), true
	}
	return shortest, longest, ok
}

// hasty reports whether a beat comes far too early, several times in a row.
func (c *check) hasty(at time.Time) bool {
	s := &c.s
	w := c.rhythm.wait()
	floor := seconds(w.shortest * hastyShare)
	if c.h.Schedule.Kind == monitor.SchedulePeriod {
		floor = c.h.Schedule.Period / 2
	}
	known := floor >= leastHasty && (w.gaps >= goodGaps || c.h.Schedule.Kind == monitor.SchedulePeriod)
	if gap := at.Sub(c.rhythm.newest); !known || s.Seen.IsZero() || gap >= floor {
		s.Hasty = 0
		if w.median > 0 && (s.Overdue || s.Blind) { // what was held up comes all at once
			s.Hasty = -int(min(gap.Seconds()/w.median, 1000))
		}
		return false
	}
	s.Hasty++
	return s.Hasty >= hastyBeats && c.h.Limits.TooOften != monitor.Off
}

// learn adds a success to the rhythm. After a failure the next gap says nothing.
func (c *check) learn(a Arrival, at time.Time) (relearned bool) {
	if failed(a) {
		c.s.Blind = true
		return false
	}
	relearned = c.rhythm.Arrive(at, c.s.Blind)
	c.s.Blind = false
	return relearned
}

func failed(a Arrival) bool { return a.Kind == monitor.BeatFail }

// judge says what is wrong with a success or a failure.
func (c *check) judge(a Arrival, beat *monitor.Beat, hasty bool, zone *time.Location) finding {
	tooLong, size := c.judgeRun(beat), c.judgeSize(a)
	value := c.judgeValue(a, beat, zone)
	switch bad := c.countFailure(failed(a)); {
	case failed(a) && bad:
		return finding{monitor.Critical, monitor.WhyFailed, c.failureText(a)}
	case value.why != "":
		return value
	case tooLong.why != "":
		return tooLong
	case size.why != "":
		return size
	case hasty:
		return finding{monitor.Warning, monitor.WhyOften, fmt.Sprintf("%d beats in a row came far too early; usual is %s", c.s.Hasty, c.usualGap())}
	case bad:
		return finding{monitor.Critical, monitor.WhyFailed, c.failureText(a)}
	}
	return finding{level: monitor.OK}
}

// countFailure remembers a beat's outcome and reports whether the heartbeat
// counts as failed.
func (c *check) countFailure(failed bool) bool {
	s := &c.s
	s.Recent <<= 1
	if failed {
		s.Recent |= 1
	}
	s.Counted = min(s.Counted+1, recentBeats)
	if c.h.Limits.Failures == 0 {
		return failed
	}
	return bits.OnesCount64(s.Recent<<(recentBeats-c.h.Limits.Of)) >= c.h.Limits.Failures
}

func (c *check) failureText(a Arrival) string {
	text := "it says that it failed"
	switch {
	case a.Code != nil && *a.Code != 0:
		text = fmt.Sprintf("it failed with exit status %d", *a.Code)
	case !failed(a):
		text = "it has failed too often lately"
	}
	if l := c.h.Limits; l.Failures > 0 {
		text += fmt.Sprintf(" (%d of the last %d)", bits.OnesCount64(c.s.Recent<<(recentBeats-l.Of)), min(l.Of, c.s.Counted))
	}
	if a.Note != "" {
		text += ": " + a.Note
	}
	return monitor.Cut(text, monitor.MaxRunMessage)
}

// judgeRun looks at how long a run took. What was set is critical when it is
// broken, what was learned a warning.
func (c *check) judgeRun(beat *monitor.Beat) finding {
	if beat.Took <= 0 || beat.Kind == monitor.BeatFail {
		return finding{}
	}
	shortest, longest, ok := c.runLimits()
	c.runs.Add(beat.Took)
	switch {
	case ok && longest > 0 && beat.Took > longest:
		return finding{levelOf(c.h.Limits.MaxRun), monitor.WhyLong, fmt.Sprintf("the run took %s; at most %s is usual", Span(beat.Took), Span(longest))}
	case ok && beat.Took < shortest:
		return finding{levelOf(c.h.Limits.MinRun), monitor.WhyShort, fmt.Sprintf("the run took only %s; at least %s is usual", Span(beat.Took), Span(shortest))}
	}
	return finding{}
}

func levelOf(limit time.Duration) monitor.Level {
	if limit > 0 {
		return monitor.Critical
	}
	return monitor.Warning
}

// turn brings the heartbeat to what was found, and tells whether that is news.
func (c *check) turn(f finding, word string, at time.Time) (monitor.HeartbeatEvent, bool) {
	s := &c.s
	before := *s
	s.Level, s.Why, s.Message, s.Word = f.level, f.why, f.text, word
	if before.Level == f.level && before.Why == f.why {
		return monitor.HeartbeatEvent{}, false
	}
	if before.Level != f.level {
		s.Since = at
	}
	s.Settled = false
	text := f.text
	if text == "" {
		text = "all is well"
		if before.Level == monitor.Unknown {
			text = "first beat"
		}
	}
	return monitor.HeartbeatEvent{At: at, Level: f.level, What: "flip", Text: text}, true
}

// wordOf is what Pacemaker's clients are told.
func wordOf(a Arrival, f finding) string {
	switch {
	case a.State != "":
		return a.State
	case f.level == monitor.Critical:
		return StateCritical
	}
	return StateOK
}

// expectNext sets the deadline after a success or a failure.
func (c *check) expectNext(a Arrival, at time.Time, zone *time.Location) {
	s := &c.s
	lastSeen, expires := unix(s.Seen), unix(s.Deadline)
	s.Overdue = false
	switch {
	case a.TTL != nil && *a.TTL < 0:
		s.Expected, s.Deadline = time.Time{}, time.Time{}
	case a.TTL != nil:
		s.Deadline = at.Add(time.Duration(*a.TTL) * time.Second)
		s.Expected = s.Deadline
	case c.h.Schedule.Kind == monitor.SchedulePacemaker && expires == 0:
		s.Deadline = at.Add(PacemakerFirstTTL * time.Second)
		s.Expected = s.Deadline
	case c.h.Schedule.Kind == monitor.SchedulePacemaker:
		s.Deadline = time.Unix(NextExpiry(lastSeen, expires, at.Unix()), 0).UTC()
		s.Expected = s.Deadline
	default:
		w := expect(c.h.Schedule, &c.rhythm, at, zone)
		s.Expected, s.Deadline = w.Expected, w.Deadline
	}
}

// due is when the watch must look at the heartbeat; zero: never.
func (c *check) due() time.Time {
	s := &c.s
	var due time.Time
	if !c.h.Active {
		return due
	}
	if !s.Overdue {
		due = s.Deadline
	}
	if !s.StuckAt.IsZero() && (due.IsZero() || s.StuckAt.Before(due)) {
		due = s.StuckAt
	}
	return due
}

// expire applies that nothing came until the deadline, or that a run did not end
// in time. It reports false when neither is so.
func (c *check) expire(at time.Time) (monitor.BeatCommit, bool) {
	s := &c.s
	due := c.due()
	if due.IsZero() || due.After(at) {
		return monitor.BeatCommit{}, false
	}
	kind, word := monitor.BeatMissed, s.Word
	f := finding{monitor.Critical, monitor.WhyMissing, c.missingText()}
	if due.Equal(s.StuckAt) {
		kind, s.StuckAt = monitor.BeatStuck, time.Time{}
		_, longest, _ := c.runLimits()
		f = finding{levelOf(c.h.Limits.MaxRun), monitor.WhyStuck, fmt.Sprintf("the run that began at %s is not done; at most %s is usual", clock(s.Started), Span(longest))}
	} else {
		s.Overdue = true
		to := transition(s.Payload)
		word = ExpiryState(s.Word, to, nil, unix(s.Deadline), at.Unix()+1)
		if to != nil {
			f.level = levelOfWord(*to)
		}
	}
	s.Beats++
	beat := monitor.Beat{N: s.Beats, At: at, Kind: kind, Note: monitor.Cut(f.text, monitor.MaxBeatNote)}
	var events []monitor.HeartbeatEvent
	if e, flipped := c.turn(f, word, at); flipped {
		events = append(events, e)
	}
	beat.Level, beat.Word = s.Level, s.Word
	return monitor.BeatCommit{Beat: &beat, Events: events}, true
}

func (c *check) missingText() string {
	s := c.s
	text := "no beat since " + clock(s.Seen)
	if !s.Expected.IsZero() {
		text += "; the next was due at " + clock(s.Expected)
	}
	if !s.Started.IsZero() {
		text += "; a run began at " + clock(s.Started) + " and did not end"
	}
	return text
}

func clock(t time.Time) string { return monitor.Moment(t.UTC()) }

// transition is what a Pacemaker beat asked to turn to when it expires.
func transition(payload []byte) *string {
	var fields struct {
		To *string `json:"transition_to"`
	}
	if len(payload) == 0 || json.Unmarshal(payload, &fields) != nil {
		return nil
	}
	return fields.To
}

// levelOfWord is what a text that a check turns to means. Only those who say so
// want no alarm.
func levelOfWord(word string) monitor.Level {
	switch strings.ToUpper(word) {
	case StateOK:
		return monitor.OK
	case "WARNING":
		return monitor.Warning
	}
	return monitor.Critical
}

// away applies that nobody watched for a while: what may have been lost is not
// missing, and the gap is not learned from.
func (c *check) away(from, until time.Time, zone *time.Location) (monitor.BeatCommit, bool) {
	s := &c.s
	if s.Beats == 0 || s.Overdue || s.Deadline.IsZero() || s.Deadline.Before(from) || s.Seen.After(until) {
		return monitor.BeatCommit{}, false
	}
	s.Blind, s.Away = true, [2]time.Time{from, until}
	s.Deadline = s.Deadline.Add(until.Sub(from))
	if s.Expected.Before(until) { // it may have come while we were away
		if w := expect(c.h.Schedule, &c.rhythm, until, zone); w.Deadline.After(s.Deadline) {
			s.Expected, s.Deadline = w.Expected, w.Deadline
		}
	}
	if !s.Started.IsZero() { // its end may have come while we were away
		s.Started, s.StuckAt, s.Run = time.Time{}, time.Time{}, ""
	}
	text := "we were away from " + clock(from) + " to " + clock(until) + "; the deadline moved to " + clock(s.Deadline)
	return monitor.BeatCommit{Events: []monitor.HeartbeatEvent{{At: until, Level: s.Level, What: "away", Text: text}}}, true
}
