package web

import (
	"context"
	"time"

	"wingmirror/alerting"
	"wingmirror/graphite"
	"wingmirror/monitor"
	"wingmirror/scheduler"
	"wingmirror/scheduler/replay"
	"wingmirror/store"
)

// Monitors keeps what people write. Each save is a version with its author.
type Monitors interface {
	CreateMonitor(ctx context.Context, m monitor.Monitor, author string, at time.Time) (monitor.Monitor, error)
	// UpdateMonitor gives monitor.ErrConflict when the version is not the stored one.
	UpdateMonitor(ctx context.Context, m monitor.Monitor, author string, at time.Time) (monitor.Monitor, error)
	DeleteMonitor(ctx context.Context, id int64, author string, at time.Time) error
	SetActive(ctx context.Context, ids []int64, active bool, author string, at time.Time) error
}

// Library reads monitors and their versions.
type Library interface {
	Monitor(ctx context.Context, id int64) (monitor.Monitor, error)
	Versions(ctx context.Context, id int64, before, limit int) ([]store.Version, error)
	Overview(ctx context.Context) ([]store.Overview, error)
}

// History is what became of monitors.
type History interface {
	State(ctx context.Context, subject monitor.Subject) (monitor.State, error)
	Runs(ctx context.Context, id int64, before time.Time, limit int) ([]monitor.Run, error)
	Run(ctx context.Context, id int64, at time.Time) (monitor.Run, *monitor.Detail, error)
	LastRun(ctx context.Context, id int64) (monitor.Run, *monitor.Detail, error)
	Costs(ctx context.Context, since time.Time) ([]store.Cost, error)
	CostSteps(ctx context.Context, id int64, since time.Time, step time.Duration) ([]store.CostStep, error)
}

// Incidents are spans of trouble, and Notices what was sent about them.
type Incidents interface {
	Incidents(ctx context.Context, f store.IncidentFilter) ([]monitor.Incident, error)
	Incident(ctx context.Context, id int64) (monitor.Incident, []monitor.Event, error)
	// IncidentID returns the number of the incident with a key.
	IncidentID(ctx context.Context, key string) (int64, error)
	Notices(ctx context.Context, f store.NoticeFilter) ([]monitor.Notice, error)
	Notice(ctx context.Context, id int64) (monitor.Notice, []monitor.Attempt, error)
}

// Tester makes a run that nobody else hears of.
type Tester interface {
	Try(ctx context.Context, m monitor.Monitor, at time.Time, previous monitor.Previous) (scheduler.Evaluation, error)
}

// Past makes recorded runs again.
type Past interface {
	// Replay gives monitor.ErrNotFound when what the run saw is not kept.
	Replay(ctx context.Context, m monitor.Monitor, at time.Time) (replay.Replayed, error)
	// Recorded reports whether what a run saw is kept.
	Recorded(ctx context.Context, id int64, at time.Time) (bool, error)
}

// Labels has what people said of a monitor's past.
type Labels interface {
	LabelsOf(ctx context.Context, id int64) ([]monitor.Label, error)
}

// Tests runs the unit tests of monitors.
type Tests interface {
	RunTests(ctx context.Context, m monitor.Monitor) ([]scheduler.TestResult, error)
}

// Overrides notes at a version that it was saved although tests failed.
type Overrides interface {
	SaveTestOverride(ctx context.Context, id int64, version int, o monitor.TestOverride) error
}

// ScriptChecker parses a script where scripts run. The error is our own failure.
type ScriptChecker interface {
	Check(ctx context.Context, script string) (*monitor.ScriptError, error)
}

// Fetcher brings the series of targets.
type Fetcher interface {
	Window(at time.Time, minutes int) monitor.Window
	Fetch(ctx context.Context, w monitor.Window, targets []string) []monitor.Fetched
}

// Source tells what metrics and functions there are, and how the source is.
type Source interface {
	Find(ctx context.Context, query string) ([]graphite.Node, error)
	Functions(ctx context.Context) ([]graphite.Function, error)
	Probe(ctx context.Context) graphite.Health
}

// Schedule knows when a monitor runs next; the zero time when it never does.
type Schedule interface {
	NextRun(id int64) time.Time
}

// Events tells that something changed, so that pages look again.
type Events interface {
	// Changes returns a channel that gets a value after changes, and is closed
	// when ctx ends. Many changes may give one value.
	Changes(ctx context.Context) <-chan struct{}
}

// Desk takes what people decide about the incident under way of a subject.
type Desk interface {
	Acknowledge(ctx context.Context, subject monitor.Subject, about monitor.Message, by string, at time.Time) (monitor.Change, error)
	Unacknowledge(ctx context.Context, subject monitor.Subject, by string, at time.Time) (monitor.Change, error)
	Note(ctx context.Context, subject monitor.Subject, text, by string, at time.Time) (monitor.Change, error)
	CloseByHand(ctx context.Context, subject monitor.Subject, about monitor.Message, by string, at time.Time) (monitor.Change, error)
}

// Trial sends a test notice past the outbox. What the other side refuses wraps
// monitor.ErrUnavailable or monitor.ErrInvalid.
type Trial interface {
	Test(ctx context.Context, to monitor.Destination) (monitor.Receipt, error)
}

// Contacts keeps contact groups.
type Contacts interface {
	ContactGroups(ctx context.Context) ([]monitor.ContactGroup, error)
	// SaveContactGroup checks and stores a group; version 0 makes a new one, any
	// other must be the stored one. See store.DB for the errors.
	SaveContactGroup(ctx context.Context, g monitor.ContactGroup, author string, at time.Time) (monitor.ContactGroup, error)
	// RenameContactGroup has whatever names the group follow.
	RenameContactGroup(ctx context.Context, name, to, author string, at time.Time) (monitor.ContactGroup, error)
	// DeleteContactGroup gives monitor.ErrConflict while somebody names the group.
	DeleteContactGroup(ctx context.Context, name string) error
	Duty
}

// Duty knows who is told at a time.
type Duty interface {
	// OnDuty returns the name of the group that answers for the named one, or "".
	OnDuty(name string, at time.Time) string
	// Resolve puts whoever is on duty in the place of each group.
	Resolve(destinations []string, at time.Time) []string
}

// Silences keeps what holds notices back.
type Silences interface {
	// Silences returns all that can still hold at a time, and the newest of the others, newest first.
	Silences(ctx context.Context, at time.Time, over int) ([]monitor.Silence, error)
	Silence(ctx context.Context, id int64) (monitor.Silence, error)
	// SaveSilence stores a new one (ID 0) or the next version of one that is there.
	SaveSilence(ctx context.Context, s monitor.Silence, at time.Time) (monitor.Silence, error)
	EndSilence(ctx context.Context, id int64, by string, at time.Time) (monitor.Silence, error)
}

// Holder knows which silence is in force about a subject at a time; nil for none.
type Holder interface {
	Hold(about monitor.Message, at time.Time) *alerting.Hold
}

// Outbox makes a notice due again.
type Outbox interface {
	Retry(ctx context.Context, id int64, at time.Time) error
}

// Subjects knows what watched things are called, whatever their kind.
type Subjects interface {
	// Watched gives monitor.ErrNotFound for what is not there (any more).
	Watched(ctx context.Context, subject monitor.Subject) (monitor.Watched, error)
	// AllWatched returns all of all kinds but components, in the order of kind and name.
	AllWatched(ctx context.Context) ([]monitor.Watched, error)
}
