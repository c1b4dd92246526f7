package monitor

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"wingmirror/distribution"
)

// Probe is what is known about a histogram besides its numbers. Its name never
// changes; its subject is histogram/NAME.
type Probe struct {
	Name        string
	Version     int // grows with each save, from 1
	Description string
	Kind        string // linear, exponential, enumerated, ...; "" when nobody said
	Unit        string // of its values, such as ms; "" when nobody said
	Better      Better
	Owners      []string // who is told: mail addresses or other destinations
	Expires     string   // the version in which it expires; "" and never: it does not
	Link        string   // a page about it elsewhere; "" for none
	Group       string
	Labels      map[string]string
	Ignored     bool // changes are recorded, and nobody is told
	UpdatedAt   time.Time
	UpdatedBy   string
}

// Better says which direction of change is welcome.
type Better string

// The directions. UnknownBetter leaves it open.
const (
	UnknownBetter Better = ""
	LowerBetter   Better = "lower"
	HigherBetter  Better = "higher"
)

// Subject returns histogram/NAME.
func (p Probe) Subject() Subject { return Subject{Kind: KindHistogram, Key: p.Name} }

// Destinations returns the owners as destinations: a plain mail address becomes
// a mailto.
func (p Probe) Destinations() []string {
	all := make([]string, 0, len(p.Owners))
	for _, owner := range p.Owners {
		if !strings.Contains(owner, ":") {
			owner = "mailto:" + owner
		}
		if !slices.Contains(all, owner) {
			all = append(all, owner)
		}
	}
	return all
}

// HistogramPeriod is one histogram of a series of them: what was counted from At
// until At+Span.
type HistogramPeriod struct {
	At          time.Time
	Span        time.Duration // usually a day
	Submissions float64       // how many senders it is made of, 0 when that is not known
	distribution.Histogram
}

// Shape is how a distribution came to its new form.
type Shape string

// The shapes of a change.
const (
	StepChange  Shape = "step"  // from one period to the next
	DriftChange Shape = "drift" // little by little
)

// Movement is where a distribution went.
type Movement string

// The movements.
const (
	MovedUp    Movement = "up"    // towards higher values
	MovedDown  Movement = "down"  // towards lower values
	MovedMixed Movement = "mixed" // some values rose and others fell, or the order means nothing
)

// Verdict is what people say of a regression that was found.
type Verdict string

// The verdicts.
const (
	Unjudged Verdict = ""
	TrueFind Verdict = "true"
	Noise    Verdict = "noise"
)

// Regression is a change of a histogram's shape that lasted.
type Regression struct {
	ID        int64 // given by the store, for addresses; 0 before that
	Name      string
	At        time.Time // the first period that has the new shape
	Span      time.Duration
	Seen      time.Time // the last period that it took to be sure
	Recovered time.Time // the first period that has the old shape again; zero while none has
	FoundAt   time.Time // when it was first reported
	Method    string    // that found it
	Shape     Shape
	Moved     Movement
	Welcome   Toggle // On: for the better; Off: for the worse; Unset: the probe does not say
	Size      float64
	Relative  float64  // Size as a share of the spread (interquartile range) before; NaN never, 0 when it is not known
	KS, JS    float64  // Kolmogorov-Smirnov and Jensen-Shannon distance, 0 to 1
	Votes     []string // the tests that agree
	Before    distribution.Histogram
	After     distribution.Histogram
	Samples   [2]float64 // values counted before and after
	Verdict   Verdict
	JudgedBy  string
	JudgedAt  time.Time
	Note      string
}

// Validation limits of a probe.
const (
	maxProbeName = 200
	maxOwners    = 100
)

// ValidateProbe returns everything that is wrong with a probe as FieldErrors, or nil.
func ValidateProbe(p Probe) error {
	var v validation
	v.check(probeName(p.Name), "name", "%s is not a name for a histogram: use up to %d letters, digits and . _ - :", quoteCut(p.Name), maxProbeName)
	v.check(utf8.RuneCountInString(p.Description) <= maxDescription, "description", "the description has more than %d characters", maxDescription)
	v.check(utf8.RuneCountInString(p.Unit) <= 20, "unit", "the unit has more than 20 characters")
	v.check(p.Better == UnknownBetter || p.Better == LowerBetter || p.Better == HigherBetter, "better", "%s is neither lower nor higher; leave it out when neither is better", quoteCut(string(p.Better)))
	v.check(len(p.Owners) <= maxOwners, "owners", "%d owners are more than the %d allowed", len(p.Owners), maxOwners)
	for i, to := range (Probe{Owners: p.Owners}).Destinations() {
		if _, err := ParseDestination(to); err != nil {
			v.check(false, indexed("owners", i), "%s", destinationProblem(err))
		}
	}
	v.check(p.Link == "" || strings.HasPrefix(p.Link, "https://") || strings.HasPrefix(p.Link, "http://"), "link", "%s is no web address; begin with https://", quoteCut(p.Link))
	v.check(len(p.Link) <= 2000, "link", "the address has more than 2000 characters")
	if len(v.errs) == 0 {
		return nil
	}
	return v.errs
}

// probeName allows what stays one readable part of an address.
func probeName(name string) bool {
	if name == "" || len(name) > maxProbeName || name == "." || name == ".." {
		return false
	}
	for _, r := range name {
		plain := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		if !plain && !strings.ContainsRune("._-:", r) {
			return false
		}
	}
	return true
}
