package monitor

import "time"

// Reason names why a run led to a notice, or to none. Reasons are stored with
// runs and shown to people, so a name never changes its meaning.
type Reason string

// The reasons. ReasonSteady is the common one: nothing changed.
const (
	ReasonSteady       Reason = ""
	ReasonLate         Reason = "late"
	ReasonFired        Reason = "fired"
	ReasonEscalated    Reason = "escalated"
	ReasonEased        Reason = "eased"
	ReasonRepeated     Reason = "repeated"
	ReasonResolved     Reason = "resolved"
	ReasonClosed       Reason = "closed_quietly"
	ReasonRetired      Reason = "retired"
	ReasonForced       Reason = "closed_by_hand"
	ReasonRepeatLater  Reason = "within_repeat"
	ReasonRepeatNever  Reason = "repeat_never"
	ReasonAcknowledged Reason = "acknowledged"
	ReasonUnconfirmed  Reason = "unconfirmed"
	ReasonKept         Reason = "kept_firing"
	ReasonFlapping     Reason = "flapping"
	ReasonSilenced     Reason = "silenced"
	ReasonWarningsOff  Reason = "warnings_off"
	ReasonNobody       Reason = "no_destination"
	ReasonOffDuty      Reason = "off_duty"
	ReasonUnanswered   Reason = "unanswered"
	ReasonHandedOver   Reason = "handed_over"
	ReasonUnwatched    Reason = "unwatched"
	ReasonFault        Reason = "fault"
	ReasonSource       Reason = "source_down"
)

// Reasons lists every reason with a plain sentence, in a stable order, for
// pages and documentation.
func Reasons() []ReasonInfo {
	return []ReasonInfo{
		{ReasonSteady, "nothing changed"},
		{ReasonLate, "ignored: a later run has been decided already"},
		{ReasonFired, "sent: an incident began"},
		{ReasonEscalated, "sent: the incident became worse"},
		{ReasonEased, "not sent: the incident became milder, but is not over"},
		{ReasonRepeated, "sent: the repeat interval is over and nobody acknowledged"},
		{ReasonResolved, "sent: the incident is over"},
		{ReasonClosed, "not sent: the incident is over, and nobody had been told that it began"},
		{ReasonRetired, "the incident ended because its monitor was switched off or deleted"},
		{ReasonForced, "the incident was closed by hand"},
		{ReasonRepeatLater, "not sent: within the repeat interval"},
		{ReasonRepeatNever, "not sent: this monitor never repeats"},
		{ReasonAcknowledged, "not sent: the incident is acknowledged"},
		{ReasonUnconfirmed, "not sent: waiting for more failing runs"},
		{ReasonKept, "not sent: ok, but not for long enough yet"},
		{ReasonFlapping, "not sent: changing back and forth too often"},
		{ReasonSilenced, "not sent: silenced"},
		{ReasonWarningsOff, "not sent: this monitor does not alert on warnings"},
		{ReasonNobody, "not sent: the monitor has no alert destination"},
		{ReasonOffDuty, "not sent: nobody of its contact groups is on duty now"},
		{ReasonUnanswered, "sent to the next contact group: nobody acknowledged in time"},
		{ReasonHandedOver, "sent to the contact group that is on duty now: the incident is still open"},
		{ReasonUnwatched, "the incident ended because no active monitor asks the source any more"},
		{ReasonFault, "not sent: the run could not tell, so the last known level stays in force"},
		{ReasonSource, "not sent: the source's own incident covers it"},
	}
}

// ReasonInfo pairs a Reason with its sentence.
type ReasonInfo struct {
	Reason   Reason
	Sentence string
}

// Sentence returns the reason's plain sentence.
func (r Reason) Sentence() string {
	for _, info := range Reasons() {
		if info.Reason == r {
			return info.Sentence
		}
	}
	return string(r)
}

// Closes reports whether the reason ends an incident although nothing was seen to
// be well again.
func (r Reason) Closes() bool {
	return r == ReasonRetired || r == ReasonForced || r == ReasonUnwatched
}

// Decision is what alerting made of one outcome, and why.
type Decision struct {
	Reason Reason
	Until  time.Time // when the reason stops to hold: next repeat, end of a silence; zero when that is not known
	Note   string    // what the sentence leaves open, such as "run 2 of 3"
}

// String returns the decision as a sentence, with times in UTC.
func (d Decision) String() string { return d.In(time.UTC) }

// In returns the decision as a sentence, with times in the given zone.
func (d Decision) In(zone *time.Location) string {
	text := d.Reason.Sentence()
	if d.Note != "" {
		text += " (" + d.Note + ")"
	}
	if !d.Until.IsZero() {
		text += ", until " + Moment(d.Until.In(zone))
	}
	return text
}
