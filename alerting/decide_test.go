package alerting

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"wingmirror/monitor"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// step is one run in a story: what it saw, and what Decide must make of it.
type step struct {
	sees   string // ok, warning, critical, or a fault's name
	want   monitor.Reason
	tell   monitor.NoticeKind
	level  monitor.Level // in force afterwards
	change func(*Terms)  // of the terms, from this step on
}

// story runs the steps a minute apart, and returns the last state.
func story(t *testing.T, terms Terms, steps []step) monitor.State {
	t.Helper()
	terms.Policy = terms.Policy.Or(monitor.DefaultPolicy())
	state := monitor.State{Subject: monitor.MonitorSubject(7)}
	for i, s := range steps {
		if s.change != nil {
			s.change(&terms)
		}
		at := noon.Add(time.Duration(i) * time.Minute)
		terms.Key = fmt.Sprint("key-", i)
		change := Decide(state, outcome(at, s.sees), terms)
		if change.Decision.Reason != s.want || change.Kind != s.tell || change.State.Level != s.level {
			t.Errorf("step %d, %s: got %q, notice %q, level %s; want %q, %q, %s",
				i, s.sees, change.Decision.Reason, change.Kind, change.State.Level, s.want, s.tell, s.level)
		}
		if (change.Kind != monitor.NoticeNone) != (len(change.To) > 0) {
			t.Errorf("step %d: notice %q goes to %v", i, change.Kind, change.To)
		}
		if change.Kind != monitor.NoticeNone && change.Incident == nil {
			t.Errorf("step %d: notice %q has no incident", i, change.Kind)
		}
		state = change.State
	}
	return state
}

func outcome(at time.Time, sees string) monitor.Outcome {
	o := monitor.Outcome{Subject: monitor.MonitorSubject(7), At: at}
	if o.Level.UnmarshalText([]byte(sees)) != nil || o.Level == monitor.Unknown {
		o.Level, o.Fault = monitor.Unknown, monitor.Fault(sees)
	}
	if sees != "ok" {
		o.Message = "it is " + sees
	}
	return o
}

const (
	none     = monitor.NoticeNone
	fire     = monitor.NoticeFire
	escalate = monitor.NoticeEscalate
	repeat   = monitor.NoticeRepeat
	resolve  = monitor.NoticeResolve

	unknown  = monitor.Unknown
	ok       = monitor.OK
	warning  = monitor.Warning
	critical = monitor.Critical
)

var ops = []string{"mailto:ops@example.com"}

func repeatEvery(d time.Duration) Terms {
	return Terms{Destinations: ops, Policy: monitor.Policy{Repeat: d}}
}

func TestDecide_FiresOnceAndResolvesOnce(t *testing.T) {
	state := story(t, repeatEvery(time.Hour), []step{
		{sees: "ok", want: monitor.ReasonSteady, tell: none, level: ok},
		{sees: "critical", want: monitor.ReasonFired, tell: fire, level: critical},
		{sees: "critical", want: monitor.ReasonRepeatLater, tell: none, level: critical},
		{sees: "ok", want: monitor.ReasonResolved, tell: resolve, level: ok},
		{sees: "ok", want: monitor.ReasonSteady, tell: none, level: ok},
	})
	if state.Open != nil || state.Runs != 2 {
		t.Errorf("got open %v and %d runs, want none and 2", state.Open, state.Runs)
	}
}

func TestDecide_FirstRunThatIsBadFires(t *testing.T) {
	story(t, repeatEvery(time.Hour), []step{{sees: "warning", want: monitor.ReasonFired, tell: fire, level: warning}})
}

func TestDecide_FiresAtOnceAfterARecovery(t *testing.T) {
	story(t, repeatEvery(time.Hour), []step{
		{sees: "critical", want: monitor.ReasonFired, tell: fire, level: critical},
		{sees: "ok", want: monitor.ReasonResolved, tell: resolve, level: ok},
		{sees: "critical", want: monitor.ReasonFired, tell: fire, level: critical},
	})
}

func TestDecide_RepeatsOnlyAfterTheInterval(t *testing.T) {
	story(t, repeatEvery(3*time.Minute), []step{
		{sees: "critical", want: monitor.ReasonFired, tell: fire, level: critical},
		{sees: "critical", want: monitor.ReasonRepeatLater, tell: none, level: critical},
		{sees: "critical", want: monitor.ReasonRepeatLater, tell: none, level: critical},
		{sees: "critical", want: monitor.ReasonRepeated, tell: repeat, level: critical},
		{sees: "critical", want: monitor.ReasonRepeatLater, tell: none, level: critical},
	})
}

func TestDecide_SaysWhenItRepeats(t *testing.T) {
	terms := repeatEvery(30 * time.Minute)
	terms.Policy = terms.Policy.Or(monitor.DefaultPolicy())
	first := Decide(monitor.State{}, outcome(noon, "critical"), terms)
	second := Decide(first.State, outcome(noon.Add(time.Minute), "critical"), terms)
	if want := noon.Add(30 * time.Minute); !second.Decision.Until.Equal(want) {
		t.Errorf("got next repeat at %v, want %v", second.Decision.Until, want)
	}
	if got, want := second.Decision.String(), "not sent: within the repeat interval, until 2026-03-01 12:30:00 UTC"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDecide_NeverRepeatsWhenToldSo(t *testing.T) {
	story(t, repeatEvery(-1), []step{
		{sees: "critical", want: monitor.ReasonFired, tell: fire, level: critical},
		{sees: "critical", want: monitor.ReasonRepeatNever, tell: none, level: critical},
	})
}

func TestDecide_EscalatesAtOnceAndOnlyUpwards(t *testing.T) {
	story(t, repeatEvery(time.Hour), []step{
		{sees: "warning", want: monitor.ReasonFired, tell: fire, level: warning},
		{sees: "critical", want: monitor.ReasonEscalated, tell: escalate, level: critical},
		{sees: "warning", want: monitor.ReasonEased, tell: none, level: warning},
		{sees: "warning", want: monitor.ReasonRepeatLater, tell: none, level: warning},
		{sees: "critical", want: monitor.ReasonRepeatLater, tell: none, level: critical},
		{sees: "ok", want: monitor.ReasonResolved, tell: resolve, level: ok},
	})
}

func TestDecide_EscalationIgnoresTheCountOfFailures(t *testing.T) {
	story(t, Terms{Destinations: ops, Policy: monitor.Policy{Failures: 2}}, []step{
		{sees: "warning", want: monitor.ReasonUnconfirmed, tell: none, level: unknown},
		{sees: "warning", want: monitor.ReasonFired, tell: fire, level: warning},
		{sees: "critical", want: monitor.ReasonEscalated, tell: escalate, level: critical},
	})
}

func TestDecide_WaitsForEnoughFailures(t *testing.T) {
	story(t, Terms{Destinations: ops, Policy: monitor.Policy{Failures: 3}}, []step{
		{sees: "ok", want: monitor.ReasonSteady, tell: none, level: ok},
		{sees: "critical", want: monitor.ReasonUnconfirmed, tell: none, level: ok},
		{sees: "warning", want: monitor.ReasonUnconfirmed, tell: none, level: ok},
		{sees: "ok", want: monitor.ReasonSteady, tell: none, level: ok},
		{sees: "critical", want: monitor.ReasonUnconfirmed, tell: none, level: ok},
		{sees: "fetch", want: monitor.ReasonFault, tell: none, level: ok}, // neither confirms nor clears
		{sees: "critical", want: monitor.ReasonUnconfirmed, tell: none, level: ok},
		{sees: "critical", want: monitor.ReasonFired, tell: fire, level: critical},
	})
}

func TestDecide_FaultKeepsTheLevelAndNeverResolves(t *testing.T) {
	state := story(t, repeatEvery(time.Minute), []step{
		{sees: "critical", want: monitor.ReasonFired, tell: fire, level: critical},
		{sees: "timeout", want: monitor.ReasonFault, tell: none, level: critical},
		{sees: "fetch", want: monitor.ReasonFault, tell: none, level: critical},
		{sees: "fetch", want: monitor.ReasonFault, tell: none, level: critical},
		{sees: "critical", want: monitor.ReasonRepeated, tell: repeat, level: critical},
		{sees: "fetch", want: monitor.ReasonFault, tell: none, level: critical},
	})
	if state.Fault != monitor.FaultFetch || state.FaultRuns != 1 || state.Runs != 2 || state.Open == nil {
		t.Errorf("got %+v", state)
	}
}

func TestDecide_FaultBeforeAnyRunTellsNobody(t *testing.T) {
	story(t, repeatEvery(time.Hour), []step{
		{sees: "fetch", want: monitor.ReasonFault, tell: none, level: unknown},
		{sees: "ok", want: monitor.ReasonSteady, tell: none, level: ok},
	})
}

func TestDecide_FaultsAlertWhereThePolicySaysSo(t *testing.T) {
	story(t, Terms{Destinations: ops, Policy: monitor.Policy{Faults: monitor.On, Failures: 2, Repeat: 2 * time.Minute}}, []step{
		{sees: "ok", want: monitor.ReasonSteady, tell: none, level: ok},
		{sees: "script", want: monitor.ReasonFault, tell: none, level: ok},
		{sees: "script", want: monitor.ReasonFired, tell: fire, level: ok},
		{sees: "script", want: monitor.ReasonRepeatLater, tell: none, level: ok},
		{sees: "script", want: monitor.ReasonRepeated, tell: repeat, level: ok},
		{sees: "ok", want: monitor.ReasonResolved, tell: resolve, level: ok},
	})
}

func TestDecide_FaultIncidentThatTurnsCriticalEscalates(t *testing.T) {
	story(t, Terms{Destinations: ops, Policy: monitor.Policy{Faults: monitor.On}}, []step{
		{sees: "script", want: monitor.ReasonFired, tell: fire, level: unknown},
		{sees: "critical", want: monitor.ReasonEscalated, tell: escalate, level: critical},
		{sees: "script", want: monitor.ReasonFault, tell: none, level: critical},
		{sees: "ok", want: monitor.ReasonResolved, tell: resolve, level: ok},
	})
}

func TestDecide_FetchFaultIsCoveredByItsSource(t *testing.T) {
	down := func(terms *Terms) { terms.Source = &Hold{Note: "graphite is down"} }
	story(t, Terms{Destinations: ops, Policy: monitor.Policy{Faults: monitor.On}}, []step{
		{sees: "fetch", want: monitor.ReasonSource, tell: none, level: unknown, change: down},
		{sees: "script", want: monitor.ReasonFired, tell: fire, level: unknown},
	})
}

func TestDecide_WarningsOffOpensNothing(t *testing.T) {
	story(t, Terms{Destinations: ops, Policy: monitor.Policy{Warnings: monitor.Off}}, []step{
		{sees: "warning", want: monitor.ReasonWarningsOff, tell: none, level: warning},
		{sees: "critical", want: monitor.ReasonFired, tell: fire, level: critical},
		{sees: "warning", want: monitor.ReasonResolved, tell: resolve, level: warning},
		{sees: "ok", want: monitor.ReasonSteady, tell: none, level: ok},
	})
}

func TestDecide_KeepsFiringUntilItWasOKForLongEnough(t *testing.T) {
	story(t, Terms{Destinations: ops, Policy: monitor.Policy{KeepFiring: 2 * time.Minute}}, []step{
		{sees: "critical", want: monitor.ReasonFired, tell: fire, level: critical},
		{sees: "ok", want: monitor.ReasonKept, tell: none, level: critical},
		{sees: "critical", want: monitor.ReasonRepeatLater, tell: none, level: critical},
		{sees: "ok", want: monitor.ReasonKept, tell: none, level: critical},
		{sees: "ok", want: monitor.ReasonKept, tell: none, level: critical},
		{sees: "ok", want: monitor.ReasonResolved, tell: resolve, level: ok},
	})
}

func TestDecide_FlappingKeepsOneIncidentOpen(t *testing.T) {
	terms := Terms{Destinations: ops, Policy: monitor.Policy{Flapping: monitor.On, Repeat: -1}.Or(monitor.DefaultPolicy())}
	state := monitor.State{Subject: monitor.MonitorSubject(7)}
	counts := map[monitor.NoticeKind]int{}
	run := func(i int, sees string) monitor.Change {
		terms.Key = fmt.Sprint(i)
		change := Decide(state, outcome(noon.Add(time.Duration(i)*time.Minute), sees), terms)
		counts[change.Kind]++
		state = change.State
		return change
	}
	i := 0
	for ; i < 40; i++ {
		run(i, []string{"ok", "critical"}[i%2])
	}
	if !state.Flapping || state.Open == nil {
		t.Fatalf("after 40 changes: flapping %v, open %v", state.Flapping, state.Open)
	}
	if counts[fire] > 4 {
		t.Errorf("got %d fires from 20 failures, want a few", counts[fire])
	}
	held := run(i, "ok")
	if held.Decision.Reason != monitor.ReasonFlapping || !strings.Contains(held.Decision.Note, "score") {
		t.Errorf("got %v while flapping", held.Decision)
	}
	for i++; state.Open != nil && i < 80; i++ {
		run(i, "ok")
	}
	if state.Open != nil || counts[fire] != counts[resolve] {
		t.Errorf("got open %v, %d fires, %d resolves; want none and as many", state.Open, counts[fire], counts[resolve])
	}
}

func TestDecide_SilenceHoldsFiresButNoOwedResolve(t *testing.T) {
	until := noon.Add(time.Hour)
	silence := func(terms *Terms) { terms.Silence = &Hold{Until: until, Note: "by ann: deploy"} }
	lift := func(terms *Terms) { terms.Silence = nil }
	story(t, repeatEvery(time.Minute), []step{
		{sees: "critical", want: monitor.ReasonFired, tell: fire, level: critical},
		{sees: "critical", want: monitor.ReasonSilenced, tell: none, level: critical, change: silence},
		{sees: "ok", want: monitor.ReasonResolved, tell: resolve, level: ok},
		{sees: "critical", want: monitor.ReasonSilenced, tell: none, level: critical},
		{sees: "ok", want: monitor.ReasonClosed, tell: none, level: ok},
		{sees: "critical", want: monitor.ReasonSilenced, tell: none, level: critical},
		{sees: "critical", want: monitor.ReasonFired, tell: fire, level: critical, change: lift},
		{sees: "ok", want: monitor.ReasonResolved, tell: resolve, level: ok},
	})
}

func silenced(terms *Terms) {
	terms.Silence = &Hold{Until: noon.Add(time.Hour), Note: "by ann: deploy"}
}
func lifted(terms *Terms) { terms.Silence = nil }

func TestDecide_FireHeldBySilenceGoesOutWhenItEnds(t *testing.T) {
	story(t, repeatEvery(-1), []step{
		{sees: "warning", want: monitor.ReasonSilenced, tell: none, level: warning, change: silenced},
		{sees: "critical", want: monitor.ReasonSilenced, tell: none, level: critical},
		{sees: "critical", want: monitor.ReasonSilenced, tell: none, level: critical},
		{sees: "critical", want: monitor.ReasonFired, tell: fire, level: critical, change: lifted},
		{sees: "critical", want: monitor.ReasonRepeatNever, tell: none, level: critical},
		{sees: "ok", want: monitor.ReasonResolved, tell: resolve, level: ok},
	})
}

func TestDecide_EscalationHeldBySilenceGoesOutWhenItEnds(t *testing.T) {
	story(t, repeatEvery(time.Hour), []step{
		{sees: "warning", want: monitor.ReasonFired, tell: fire, level: warning},
		{sees: "critical", want: monitor.ReasonSilenced, tell: none, level: critical, change: silenced},
		{sees: "critical", want: monitor.ReasonSilenced, tell: none, level: critical},
		{sees: "fetch", want: monitor.ReasonFault, tell: none, level: critical},
		{sees: "critical", want: monitor.ReasonEscalated, tell: escalate, level: critical, change: lifted},
		{sees: "critical", want: monitor.ReasonRepeatLater, tell: none, level: critical},
		{sees: "ok", want: monitor.ReasonResolved, tell: resolve, level: ok},
	})
}

func TestDecide_EscalationHeldBySilenceIsForgottenWhenItEased(t *testing.T) {
	story(t, repeatEvery(time.Hour), []step{
		{sees: "warning", want: monitor.ReasonFired, tell: fire, level: warning},
		{sees: "critical", want: monitor.ReasonSilenced, tell: none, level: critical, change: silenced},
		{sees: "warning", want: monitor.ReasonEased, tell: none, level: warning},
		{sees: "warning", want: monitor.ReasonRepeatLater, tell: none, level: warning, change: lifted},
		{sees: "critical", want: monitor.ReasonEscalated, tell: escalate, level: critical},
	})
}

func TestDecide_RepeatHeldBySilenceGoesOutWhenItEnds(t *testing.T) {
	story(t, repeatEvery(2*time.Minute), []step{
		{sees: "critical", want: monitor.ReasonFired, tell: fire, level: critical},
		{sees: "critical", want: monitor.ReasonRepeatLater, tell: none, level: critical, change: silenced},
		{sees: "critical", want: monitor.ReasonSilenced, tell: none, level: critical},
		{sees: "critical", want: monitor.ReasonRepeated, tell: repeat, level: critical, change: lifted},
	})
}

func TestDecide_SameLevelAgainIsNoEscalation(t *testing.T) {
	story(t, repeatEvery(2*time.Minute), []step{
		{sees: "critical", want: monitor.ReasonFired, tell: fire, level: critical},
		{sees: "warning", want: monitor.ReasonEased, tell: none, level: warning},
		{sees: "warning", want: monitor.ReasonRepeated, tell: repeat, level: warning},
		{sees: "critical", want: monitor.ReasonRepeatLater, tell: none, level: critical},
	})
}

func TestDecide_SilencedStepsAreNotedOnce(t *testing.T) {
	terms := repeatEvery(time.Hour)
	terms.Policy = terms.Policy.Or(monitor.DefaultPolicy())
	silenced(&terms)
	var state monitor.State
	held := 0
	for i, sees := range []string{"ok", "warning", "warning", "critical", "critical", "critical"} {
		change := Decide(state, outcome(noon.Add(time.Duration(i)*time.Minute), sees), terms)
		for _, e := range change.Events {
			if e.Type == monitor.EventHeld {
				held++
			}
		}
		state = change.State
	}
	if held != 2 {
		t.Errorf("the timeline notes %d held notices, want 2: the fire and the escalation", held)
	}
}

func TestDecide_TellsNobodyWithoutDestinations(t *testing.T) {
	add := func(terms *Terms) { terms.Destinations = ops }
	story(t, Terms{}, []step{
		{sees: "critical", want: monitor.ReasonNobody, tell: none, level: critical},
		{sees: "ok", want: monitor.ReasonClosed, tell: none, level: ok},
		{sees: "critical", want: monitor.ReasonNobody, tell: none, level: critical},
		{sees: "critical", want: monitor.ReasonFired, tell: fire, level: critical, change: add},
	})
}

func TestDecide_ResolvesToWhomeverWasToldEvenAfterAnEdit(t *testing.T) {
	terms := repeatEvery(time.Minute)
	terms.Policy = terms.Policy.Or(monitor.DefaultPolicy())
	first := Decide(monitor.State{}, outcome(noon, "critical"), terms)
	terms.Destinations = []string{"mailto:new@example.com"}
	second := Decide(first.State, outcome(noon.Add(time.Minute), "critical"), terms)
	terms.Destinations = nil
	last := Decide(second.State, outcome(noon.Add(2*time.Minute), "ok"), terms)
	if want := []string{"mailto:ops@example.com", "mailto:new@example.com"}; last.Kind != resolve || !slices.Equal(last.To, want) {
		t.Errorf("got %q to %v, want a resolve to %v", last.Kind, last.To, want)
	}
	if !slices.Equal(second.To, []string{"mailto:new@example.com"}) {
		t.Errorf("the repeat went to %v", second.To)
	}
}

func TestDecide_AcknowledgedIsNotRepeatedUntilItEscalates(t *testing.T) {
	terms := repeatEvery(time.Minute)
	terms.Policy = terms.Policy.Or(monitor.DefaultPolicy())
	state := Decide(monitor.State{}, outcome(noon, "warning"), terms).State
	state.Open.AckedBy = "ann"
	held := Decide(state, outcome(noon.Add(2*time.Minute), "warning"), terms)
	if held.Decision.Reason != monitor.ReasonAcknowledged || held.Kind != none || held.Decision.Note != "by ann" {
		t.Errorf("got %v, %q", held.Decision, held.Kind)
	}
	worse := Decide(held.State, outcome(noon.Add(3*time.Minute), "critical"), terms)
	if worse.Kind != escalate || worse.State.Open.AckedBy != "" {
		t.Errorf("got %q, acknowledged by %q; want an escalation that nobody acknowledged", worse.Kind, worse.State.Open.AckedBy)
	}
}

func TestDecide_IgnoresWhatIsNotNewer(t *testing.T) {
	terms := repeatEvery(time.Minute)
	state := Decide(monitor.State{}, outcome(noon, "critical"), terms).State
	for _, at := range []time.Time{noon, noon.Add(-time.Minute)} {
		got := Decide(state, outcome(at, "ok"), terms)
		if got.Decision.Reason != monitor.ReasonLate || got.State.Open == nil || got.Kind != none {
			t.Errorf("at %v: got %v", at, got.Decision)
		}
	}
}

func TestDecide_LeavesItsArgumentsAlone(t *testing.T) {
	terms := repeatEvery(time.Minute)
	state := Decide(monitor.State{}, outcome(noon, "warning"), terms).State
	before := state.Open.Clone()
	terms.Destinations = append(terms.Destinations, "mailto:b@example.com")
	Decide(state, outcome(noon.Add(time.Hour), "critical"), terms)
	if !state.Open.Equal(before) {
		t.Errorf("the state before became %+v, was %+v", state.Open, before)
	}
}

func TestDecide_UnchangedRunsAreSteady(t *testing.T) {
	terms := repeatEvery(time.Hour)
	terms.Policy = terms.Policy.Or(monitor.DefaultPolicy())
	for _, sees := range []string{"ok", "critical"} {
		first := Decide(monitor.State{}, outcome(noon, sees), terms)
		second := Decide(first.State, outcome(noon.Add(time.Minute), sees), terms)
		if !second.State.SteadyAfter(first.State) || second.Incident != nil || len(second.Events) > 0 {
			t.Errorf("a second %s run changed the state: %+v", sees, second)
		}
	}
}

// Whatever happens, in whatever order: a resolve goes out if and only if
// somebody was told, to everybody who was, and one incident fires once.
func FuzzDecide_EveryFireGetsItsResolve(f *testing.F) {
	f.Add([]byte{1, 2, 0, 0})
	f.Add([]byte{3, 19, 2, 40, 0, 0, 1, 130, 2, 0})
	f.Fuzz(func(t *testing.T, runs []byte) {
		state := monitor.State{Subject: monitor.MonitorSubject(7)}
		owed := map[string]map[string]bool{} // incident -> destinations
		for i, b := range runs {
			terms := Terms{
				Destinations: [][]string{nil, ops, {"mailto:b@example.com"}, {"mailto:ops@example.com", "mailto:b@example.com"}}[b>>2&3],
				Key:          fmt.Sprint(i),
				Policy: monitor.Policy{
					Repeat: 3 * time.Minute, Failures: 1 + int(b>>4&1), Flapping: []monitor.Toggle{monitor.On, monitor.Off}[b>>5&1],
					Faults: []monitor.Toggle{monitor.On, monitor.Off}[b>>6&1], Warnings: []monitor.Toggle{monitor.On, monitor.Off}[b>>7&1],
				}.Or(monitor.DefaultPolicy()),
			}
			if b%7 == 0 {
				terms.Silence = &Hold{}
			}
			sees := []string{"ok", "warning", "critical", "fetch"}[b&3]
			change := Decide(state, outcome(noon.Add(time.Duration(i)*time.Minute), sees), terms)
			switch change.Kind {
			case fire:
				if owed[change.Incident.Key] != nil {
					t.Fatalf("incident %s fired twice", change.Incident.Key)
				}
				owed[change.Incident.Key] = map[string]bool{}
				fallthrough
			case escalate, repeat:
				if owed[change.Incident.Key] == nil {
					owed[change.Incident.Key] = map[string]bool{}
				}
				for _, to := range change.To {
					owed[change.Incident.Key][to] = true
				}
			case resolve:
				for _, to := range change.To {
					if !owed[change.Incident.Key][to] {
						t.Fatalf("resolve of %s to %s, who was never told", change.Incident.Key, to)
					}
					delete(owed[change.Incident.Key], to)
				}
			}
			if change.Incident != nil && !change.Incident.ClosedAt.IsZero() {
				if len(owed[change.Incident.Key]) > 0 {
					t.Fatalf("incident %s closed, and %v never heard", change.Incident.Key, owed[change.Incident.Key])
				}
				delete(owed, change.Incident.Key)
			}
			state = change.State
		}
		if state.Open == nil && len(owed) > 0 {
			t.Fatalf("no incident is open, and %v are owed a resolve", owed)
		}
	})
}

func TestFlapScore_WeighsNewerChangesMore(t *testing.T) {
	rows := []struct {
		flaps uint32
		want  float64
	}{
		{0, 0}, {1, 5.75}, {1 << 19, 4}, {flapMask, 97.5}, {1 << 20, 0},
	}
	for _, row := range rows {
		if got := FlapScore(row.flaps); got < row.want-1e-9 || got > row.want+1e-9 {
			t.Errorf("FlapScore(%b) = %v, want %v", row.flaps, got, row.want)
		}
	}
}
