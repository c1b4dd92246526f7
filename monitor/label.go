package monitor

import "time"

// Label is what a person says, looking back, of a span of a monitor's past: that
// an incident was worth telling, or was not, or that one was missed. Backtests
// are measured against labels.
type Label struct {
	ID       int64
	Monitor  int64
	Incident int64 // its number; 0 for one that was missed
	Verdict  LabelVerdict
	From     time.Time
	Until    time.Time // zero while the incident is under way
	Note     string
	Author   string
	At       time.Time // when it was said
}

// LabelVerdict is the word of a Label.
type LabelVerdict string

// The verdicts.
const (
	LabelTrue   LabelVerdict = "true"   // it was right to tell somebody
	LabelNoise  LabelVerdict = "noise"  // nobody should have been told
	LabelMissed LabelVerdict = "missed" // somebody should have been told, and was not
)

const maxNote = 2000 // characters

// Validate returns what is wrong with a label, or nil.
func (l Label) Validate() error {
	switch {
	case l.Verdict != LabelTrue && l.Verdict != LabelNoise && l.Verdict != LabelMissed:
		return Invalid("verdict", "%q is none of true, noise, missed", string(l.Verdict))
	case l.Verdict == LabelMissed && l.Incident != 0:
		return Invalid("verdict", "an incident that was seen was not missed; say true or noise")
	case l.Verdict != LabelMissed && l.Incident == 0:
		return Invalid("incident", "say which incident this is about")
	case l.From.IsZero():
		return Invalid("from", "give the time when it began")
	case !l.Until.IsZero() && !l.From.Before(l.Until):
		return Invalid("until", "it must end after it began")
	case l.Verdict == LabelMissed && l.Until.IsZero():
		return Invalid("until", "give the time when it was over")
	case len([]rune(l.Note)) > maxNote:
		return Invalid("note", "the note has more than %d characters", maxNote)
	}
	return nil
}

// Wanted reports whether somebody should have been told.
func (l Label) Wanted() bool { return l.Verdict == LabelTrue || l.Verdict == LabelMissed }

// Overlaps reports whether the label's span and the given one have a moment in
// common. A zero end is one that has not come yet.
func (l Label) Overlaps(from, until time.Time) bool {
	return (l.Until.IsZero() || !from.After(l.Until)) && (until.IsZero() || !until.Before(l.From))
}
