package monitor

import "time"

// Policy says which outcomes become notices. Zero fields mean the defaults of
// the installation, and those mean the ones given here.
type Policy struct {
	Repeat     time.Duration // between notices of one unresolved incident; default 60 min, negative: never repeat
	Failures   int           // bad runs in a row before a level is in force; default 1
	Recheck    time.Duration // how soon a monitor runs again while a bad level is not in force yet; 0: at its next tick
	KeepFiring time.Duration // how long runs must be ok before an incident ends; default 0: the first ok run ends it
	Warnings   Toggle        // whether warnings open incidents; default on
	Flapping   Toggle        // whether an incident stays open while the outcome changes back and forth; default off
	Faults     Toggle        // whether runs that could not tell open incidents; default off
}

// Toggle is a choice that may be left open.
type Toggle string

// The positions of a Toggle.
const (
	Unset Toggle = ""
	On    Toggle = "on"
	Off   Toggle = "off"
)

// Or returns t, or fallback when t is not set.
func (t Toggle) Or(fallback Toggle) Toggle {
	if t == Unset {
		return fallback
	}
	return t
}

// UnmarshalText reads on, off, or nothing; any other text is ErrInvalid.
func (t *Toggle) UnmarshalText(text []byte) error {
	switch Toggle(text) {
	case Unset, On, Off:
		*t = Toggle(text)
		return nil
	}
	return Invalid("", "%q is neither on nor off", text)
}

// DefaultPolicy is what holds when neither a monitor nor the installation says
// otherwise.
func DefaultPolicy() Policy {
	return Policy{Repeat: time.Hour, Failures: 1, Warnings: On, Flapping: Off, Faults: Off}
}

// Or returns the policy with every field that is not set taken from fallback.
func (p Policy) Or(fallback Policy) Policy {
	orDuration := func(d *time.Duration, f time.Duration) {
		if *d == 0 {
			*d = f
		}
	}
	orDuration(&p.Repeat, fallback.Repeat)
	orDuration(&p.Recheck, fallback.Recheck)
	orDuration(&p.KeepFiring, fallback.KeepFiring)
	if p.Failures == 0 {
		p.Failures = fallback.Failures
	}
	p.Warnings = p.Warnings.Or(fallback.Warnings)
	p.Flapping = p.Flapping.Or(fallback.Flapping)
	p.Faults = p.Faults.Or(fallback.Faults)
	return p
}
