package monitor

import "time"

// NoticeKind says what a notice tells.
type NoticeKind string

// The kinds of notice.
const (
	NoticeNone     NoticeKind = ""
	NoticeFire     NoticeKind = "fire"        // an incident began
	NoticeEscalate NoticeKind = "escalate"    // it became worse, or went on to the next group
	NoticeRepeat   NoticeKind = "repeat"      // it goes on
	NoticeHandOver NoticeKind = "handover"    // it goes on, and the next shift of a contact group hears of it
	NoticeAck      NoticeKind = "acknowledge" // somebody took it on
	NoticeResolve  NoticeKind = "resolve"     // it is over
	NoticeLevel    NoticeKind = "level"       // a component of the board changed its level, and somebody subscribes to it
	NoticeTest     NoticeKind = "test"        // somebody asked whether a destination works
)

// Notice is one message to one destination, and how far it has come. It is
// stored in the same transaction as the state that caused it, and leaves from
// there until it is delivered or can never be.
type Notice struct {
	ID          int64
	Incident    string // the incident's key, which is the dedup key; every notice has one
	IncidentID  int64  // the incident's number, for addresses; 0 for a test
	Destination Destination
	Status      NoticeStatus
	CreatedAt   time.Time
	NextAt      time.Time // when it is tried next; zero unless pending
	Attempts    int
	DeliveredAt time.Time // zero unless delivered
	Error       string    // of the last attempt, "" when it went well; safe to show
	Message     Message
}

// NoticeStatus says how far a notice has come.
type NoticeStatus string

// The statuses of a notice.
const (
	NoticePending   NoticeStatus = "pending"   // will be tried at NextAt
	NoticeDelivered NoticeStatus = "delivered" //
	NoticeFailed    NoticeStatus = "failed"    // refused for good; a person can have it tried again
)

// Message is everything that a channel needs to tell the news, so that nothing
// has to be looked up when it is sent, maybe hours later.
type Message struct {
	Kind        NoticeKind
	Subject     Subject
	Name        string
	Group       string
	Labels      map[string]string
	Description string
	Level       Level         // in force now; OK for a resolve
	Was         Level         // in force before; the worst of the incident for a resolve
	Fault       Fault         // when it is a fault that is told
	Text        string        // what the run said
	At          time.Time     // when this became news: the scheduled time of the run, or when somebody acted
	RunAt       time.Time     // scheduled time of the run that text, values and graph are of; zero when there is none
	OpenedAt    time.Time     // when the incident began
	Decision    Decision      // why it is sent
	RepeatAfter time.Duration // when it will be told again; negative for never
	By          string        // who acknowledged or closed it
	Values      []LastValue   // the newest of each line of the graph
	Output      string        // its first lines
	Graph       []Line        // thinned to what a picture can show
}

// LastValue is the newest point of one line of the run's graph.
type LastValue struct {
	Label string
	Time  float64 // seconds since the epoch
	Value float64 // never NaN
}

// Attempt is one try to deliver a notice.
type Attempt struct {
	ID       int64
	Notice   int64
	At       time.Time
	Duration time.Duration
	Outcome  AttemptOutcome
	RetryAt  time.Time // when it is tried next; zero when it is not
	Error    string    // safe to show; "" when delivered
	Receipt  Receipt
}

// AttemptOutcome says how a try ended.
type AttemptOutcome string

// The outcomes of an attempt.
const (
	AttemptDelivered AttemptOutcome = "delivered"
	AttemptRetry     AttemptOutcome = "retry"
	AttemptRefused   AttemptOutcome = "refused"
)

// Receipt is what went over the wire, without secrets, for the delivery log.
type Receipt struct {
	Request string // as sent: the mail, or the JSON
	Answer  string // as it came back: status line and body
}

// Commit is everything that one run, or one act of a person, changes. It is
// stored whole or not at all. State.Version must be that of the stored state.
type Commit struct {
	Run       *Run       // nil when no run is behind it
	Detail    *Detail    // of Run; nil when there is none
	Recording *Recording // of Run; nil when what it saw is not kept
	State     State      // the next state, with the Version of the one before
	Steady    bool       // State differs from the stored one in At and Runs only
	Incident  *Incident  // opened or changed; nil when there is none
	Events    []Event    // for the incident's timeline
	Notices   []Notice   // for the outbox
}
