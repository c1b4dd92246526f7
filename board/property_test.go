package board

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"wingmirror/monitor"
)

// anyBoard is a board by chance: a tree with every kind of edge, rationales with
// and without beginnings and ends, and overrides.
func anyBoard(r *rand.Rand, at time.Time, outranking bool) facts {
	f := facts{rationales: map[string][]monitor.Rationale{}, overrides: map[string][]monitor.Override{}}
	edges := []monitor.Counts{
		{Rule: monitor.CountAll}, {Rule: monitor.CountMajority}, {Rule: monitor.CountIgnored},
		{Rule: monitor.CountCapped, Cap: monitor.DC3}, {Rule: monitor.CountWeight, Weight: 1}, {Rule: monitor.CountWeight, Weight: 2.5},
	}
	level := func() monitor.DC { return monitor.DC(1 + r.IntN(5)) }
	soon := func() time.Time { return at.Add(time.Duration(r.IntN(9)-3) * time.Minute) }
	for i := range 1 + r.IntN(12) {
		c := monitor.Component{ID: fmt.Sprintf("c%d", i), Counts: edges[r.IntN(len(edges))]}
		if i > 0 && r.IntN(5) > 0 {
			c.Parent = fmt.Sprintf("c%d", r.IntN(i))
		}
		f.components = append(f.components, c)
		for j := range r.IntN(5) {
			one := monitor.Rationale{ID: fmt.Sprint(j), Component: c.ID, Source: "s", Level: level(), Failure: r.IntN(6) == 0, Overrides: outranking && r.IntN(8) == 0}
			if r.IntN(2) == 0 {
				one.Start = soon()
			}
			if r.IntN(2) == 0 {
				one.End, one.Guess = soon(), r.IntN(5) == 0
			}
			f.rationales[c.ID] = append(f.rationales[c.ID], one)
		}
		for j := range r.IntN(8) - 5 {
			o := monitor.Override{ID: int64(j + 1), Component: c.ID, Level: level(), From: soon(), Until: soon()}
			if r.IntN(4) == 0 {
				o.EndedAt = soon()
			}
			f.overrides[c.ID] = append(f.overrides[c.ID], o)
		}
	}
	return f
}

func levelsOf(t *tree) map[string]monitor.DC {
	all := map[string]monitor.DC{}
	for _, n := range t.nodes {
		all[n.ID] = n.Level
	}
	return all
}

func TestGrow_LevelsDoNotDependOnTheOrder(t *testing.T) {
	at := time.Unix(1000, 0)
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		f := anyBoard(r, at, true)
		want := levelsOf(f.grow(at))
		shuffle(r, f.components)
		for id := range f.rationales {
			shuffle(r, f.rationales[id])
			shuffle(r, f.overrides[id])
		}
		if got := levelsOf(f.grow(at)); !maps.Equal(got, want) {
			t.Fatalf("board %d: %v in another order, %v before", seed, got, want)
		}
	}
}

func shuffle[T any](r *rand.Rand, all []T) {
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
}

// Whatever becomes worse makes nothing better, as long as nothing outranks.
func TestGrow_LevelsAreMonotone(t *testing.T) {
	at := time.Unix(1000, 0)
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 2))
		f := anyBoard(r, at, false)
		before := levelsOf(f.grow(at))
		id := f.components[r.IntN(len(f.components))].ID
		f.rationales[id] = append(f.rationales[id], monitor.Rationale{ID: "new", Component: id, Source: "s", Level: monitor.DC(1 + r.IntN(5))})
		for id, level := range levelsOf(f.grow(at)) {
			if level > before[id] {
				t.Fatalf("board %d: %s became calmer, from %v to %v", seed, id, before[id], level)
			}
		}
	}
}

// A component is never calmer than its own rationales, apart from overrides.
func TestGrow_NothingOfItsOwnIsLost(t *testing.T) {
	at := time.Unix(1000, 0)
	for seed := range uint64(300) {
		f := anyBoard(rand.New(rand.NewPCG(seed, 3)), at, false)
		for _, n := range f.grow(at).nodes {
			if own := Worst(f.rationales[n.ID], at); n.Computed > own || n.Override == nil && n.Level != n.Computed {
				t.Fatalf("board %d: %s is %v, computed %v, its own rationales say %v", seed, n.ID, n.Level, n.Computed, own)
			}
			worst := monitor.DC5
			reasons, _ := n.Reasons(1000)
			for _, r := range reasons {
				worst = worst.WorseOf(r.Counted())
			}
			if worst != n.Computed {
				t.Fatalf("board %d: %s is %v, and its reasons count as %v", seed, n.ID, n.Computed, worst)
			}
		}
	}
}

// What is foreseen is what comes: the plan is compared with the tree that is
// grown anew at each moment.
func TestForesee_WhatIsPlannedIsWhatComes(t *testing.T) {
	at := time.Unix(1000, 0)
	for seed := range uint64(500) {
		f := anyBoard(rand.New(rand.NewPCG(seed, 4)), at, true)
		now := f.grow(at)
		plans, knownPlans := map[string][]Planned{}, map[string][]Planned{}
		last, lastKnown := levelsOf(now), map[string]monitor.DC{}
		for _, n := range now.nodes {
			lastKnown[n.ID] = n.Known
		}
		for minute := 1; minute <= 10; minute++ {
			then := at.Add(time.Duration(minute) * time.Minute)
			for _, n := range f.grow(then).nodes {
				if n.Level != last[n.ID] {
					plans[n.ID], last[n.ID] = append(plans[n.ID], Planned{then, n.Level}), n.Level
				}
				if n.Known != lastKnown[n.ID] {
					knownPlans[n.ID], lastKnown[n.ID] = append(knownPlans[n.ID], Planned{then, n.Known}), n.Known
				}
			}
		}
		for _, n := range now.nodes {
			if !slices.Equal(n.Plan, plans[n.ID]) || !slices.Equal(n.knownPlan, knownPlans[n.ID]) {
				t.Fatalf("board %d, %s: foreseen %v and %v, came %v and %v", seed, n.ID, n.Plan, n.knownPlan, plans[n.ID], knownPlans[n.ID])
			}
		}
	}
}

func TestGate_TheNextChangeIsThatOfTheAnswer(t *testing.T) {
	at := time.Unix(1000, 0)
	in := func(minutes time.Duration) time.Time { return at.Add(minutes * time.Minute) }
	f := facts{
		components: []monitor.Component{{ID: "top"}},
		rationales: map[string][]monitor.Rationale{"top": {
			{ID: "a", Level: monitor.DC1, End: in(5)}, {ID: "b", Level: monitor.DC3, End: in(9)}, {ID: "c", Level: monitor.DC2, Start: in(20), End: in(30)},
			{ID: "f", Level: monitor.DC3, Failure: true, Start: at},
		}},
	}
	l := &Look{tree: f.grow(at), Levels: monitor.DefaultDCs()}
	for _, row := range []struct {
		least   monitor.DC
		unknown Unknown
		want    time.Time
	}{
		{monitor.DC4, UnknownAllow, in(9)}, {monitor.DC3, UnknownCounts, in(5)}, {monitor.DC2, UnknownCounts, in(5)},
		{monitor.DC4, UnknownCounts, time.Time{}}, // the failing source has no end
		{monitor.DC1, UnknownCounts, time.Time{}}, // always open
	} {
		if v := l.Gate(l.Node("top"), row.least, row.unknown); !v.Next.Equal(row.want) {
			t.Errorf("min %v, %s: got %v, want %v", row.least, row.unknown, v.Next, row.want)
		}
	}
}
