package board

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"wingmirror/monitor"
)

// casesDir returns where cases with known answers are, and skips without them.
func casesDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("WINGMIRROR_CASES")
	if dir == "" {
		t.Skip("WINGMIRROR_CASES names no directory of cases")
	}
	return filepath.Join(dir, "defcon")
}

func TestWorst_GivenCases(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(casesDir(t), "level_cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Now      int64
		Level    int
		Statuses []struct {
			Defcon    int
			Override  bool
			TimeStart int64 `json:"time_start"`
			TimeEnd   int64 `json:"time_end"`
		}
	}
	if err := json.Unmarshal(data, &cases); err != nil || len(cases) == 0 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for i, c := range cases {
		var all []monitor.Rationale
		for _, s := range c.Statuses {
			all = append(all, monitor.Rationale{Level: monitor.DC(s.Defcon), Overrides: s.Override, Start: time.Unix(s.TimeStart, 0), End: time.Unix(s.TimeEnd, 0)})
		}
		if got := Worst(all, time.Unix(c.Now, 0)); got != monitor.DC(c.Level) {
			t.Errorf("case %d: got %v, want DC%d", i, got, c.Level)
		}
	}
}

func TestFold_EachEdgeRule(t *testing.T) {
	all, majority, ignored := monitor.Counts{Rule: monitor.CountAll}, monitor.Counts{Rule: monitor.CountMajority}, monitor.Counts{Rule: monitor.CountIgnored}
	weight := func(w float64) monitor.Counts { return monitor.Counts{Rule: monitor.CountWeight, Weight: w} }
	capped := func(dc monitor.DC) monitor.Counts { return monitor.Counts{Rule: monitor.CountCapped, Cap: dc} }
	rows := []struct {
		name  string
		votes []vote
		want  monitor.DC
	}{
		{"no children", nil, monitor.DC5},
		{"all: the worst", []vote{{all, 4}, {all, 2}}, monitor.DC2},
		{"ignored", []vote{{ignored, 1}, {all, 4}}, monitor.DC4},
		{"capped is never worse than its cap", []vote{{capped(3), 1}}, monitor.DC3},
		{"capped lets milder through", []vote{{capped(3), 4}}, monitor.DC4},
		{"majority: one of three is not enough", []vote{{majority, 1}, {majority, 5}, {majority, 5}}, monitor.DC5},
		{"majority: two of three", []vote{{majority, 1}, {majority, 3}, {majority, 5}}, monitor.DC3},
		{"majority: half is not more than half", []vote{{majority, 1}, {majority, 5}}, monitor.DC5},
		{"weight: the heavy one decides", []vote{{weight(3), 2}, {weight(1), 5}, {weight(1), 5}}, monitor.DC2},
		{"weight: the light ones do not", []vote{{weight(3), 5}, {weight(1), 1}, {weight(1), 1}}, monitor.DC5},
		{"rules together", []vote{{majority, 1}, {capped(4), 1}, {all, 5}}, monitor.DC1},
	}
	for _, row := range rows {
		if got := fold(row.votes); got != row.want {
			t.Errorf("%s: got %v, want %v", row.name, got, row.want)
		}
	}
}

func TestGrow_LevelsGoUpTheWholeTree(t *testing.T) {
	at := time.Unix(1000, 0)
	f := facts{
		components: []monitor.Component{
			{ID: "leaf", Parent: "mid", Counts: monitor.Counts{Rule: monitor.CountAll}}, {ID: "top"},
			{ID: "mid", Parent: "top", Counts: monitor.Counts{Rule: monitor.CountCapped, Cap: monitor.DC2}},
		},
		rationales: map[string][]monitor.Rationale{"leaf": {
			{ID: "a", Component: "leaf", Level: monitor.DC1, Title: "on fire", End: at.Add(time.Hour)},
			{ID: "b", Component: "leaf", Level: monitor.DC3, Title: "to come", Start: at.Add(10 * time.Minute)},
		}},
	}
	tree := f.grow(at)
	for id, want := range map[string]monitor.DC{"leaf": 1, "mid": 1, "top": 2} {
		if got := tree.byID[id].Level; got != want {
			t.Errorf("%s: got %v, want %v", id, got, want)
		}
	}
	if next := tree.byID["top"].Next(); !next.Equal(at.Add(time.Hour)) {
		t.Errorf("next change of top: got %v, want in an hour, since what begins before is milder", next)
	}
	if !tree.until.Equal(at.Add(10 * time.Minute)) {
		t.Errorf("the tree holds until %v, want ten minutes", tree.until)
	}
	if reasons, all := tree.byID["top"].Reasons(10); all != 1 || reasons[0].ID != "a" {
		t.Errorf("reasons of top: got %v of %d, want the one of the leaf", reasons, all)
	}
}

func TestGrow_OverrideHidesWhatIsBelowAndKeepsItVisible(t *testing.T) {
	at := time.Unix(1000, 0)
	f := facts{
		components: []monitor.Component{{ID: "top"}, {ID: "leaf", Parent: "top"}},
		rationales: map[string][]monitor.Rationale{"leaf": {{ID: "a", Component: "leaf", Level: monitor.DC1}}},
		overrides:  map[string][]monitor.Override{"leaf": {{ID: 1, Component: "leaf", Level: monitor.DC4, From: at, Until: at.Add(time.Hour), Author: "ann", Reason: "known"}}},
	}
	tree := f.grow(at)
	leaf, top := tree.byID["leaf"], tree.byID["top"]
	if leaf.Level != monitor.DC4 || leaf.Computed != monitor.DC1 || top.Level != monitor.DC4 {
		t.Errorf("levels: leaf %v (computed %v), top %v; want DC4, DC1, DC4", leaf.Level, leaf.Computed, top.Level)
	}
	if len(leaf.Rationales) != 1 || !leaf.Outranked(leaf.Rationales[0]) {
		t.Error("the outranked rationale is not shown as such")
	}
	if reasons, _ := top.Reasons(5); len(reasons) != 1 || reasons[0].Source != "override" {
		t.Errorf("reasons of top: %v, want the override", reasons)
	}
	if tree = f.grow(at.Add(time.Hour)); tree.byID["top"].Level != monitor.DC1 {
		t.Error("the override still counts after its end")
	}
}

func TestGrow_ComponentsInACircleStayOnTheBoard(t *testing.T) {
	tree := facts{components: []monitor.Component{{ID: "a", Parent: "b"}, {ID: "b", Parent: "a"}, {ID: "c", Parent: "gone"}}}.grow(time.Unix(0, 0))
	if len(tree.nodes) != 3 {
		t.Errorf("%d components are left of 3", len(tree.nodes))
	}
}

func TestGrow_TheNextChangeIsThatOfTheLevel(t *testing.T) {
	at := time.Unix(1000, 0)
	in := func(d time.Duration) time.Time { return at.Add(d * time.Minute) }
	rows := []struct {
		name string
		own  []monitor.Rationale
		kid  []monitor.Rationale
		want time.Time
	}{
		{"nothing is planned", []monitor.Rationale{{ID: "a", Level: 2}}, nil, time.Time{}},
		{"the last of the worst ends", []monitor.Rationale{{ID: "a", Level: 2, End: in(5)}, {ID: "b", Level: 2, End: in(9)}, {ID: "c", Level: 4, End: in(1)}}, nil, in(9)},
		{"one of the worst never ends", []monitor.Rationale{{ID: "a", Level: 2, End: in(5)}, {ID: "b", Level: 2}}, nil, time.Time{}},
		{"a guess is no end", []monitor.Rationale{{ID: "a", Level: 2, End: in(5), Guess: true}}, nil, time.Time{}},
		{"something worse begins", []monitor.Rationale{{ID: "a", Level: 2}, {ID: "b", Level: 1, Start: in(7)}}, nil, in(7)},
		{"something milder begins", []monitor.Rationale{{ID: "a", Level: 2}, {ID: "b", Level: 3, Start: in(7)}}, nil, time.Time{}},
		{"the child's is milder", []monitor.Rationale{{ID: "a", Level: 1, End: in(20)}}, []monitor.Rationale{{ID: "k", Level: 4, End: in(3)}}, in(20)},
		{"the child's is as bad", []monitor.Rationale{{ID: "a", Level: 1, End: in(20)}}, []monitor.Rationale{{ID: "k", Level: 1, End: in(30)}}, in(30)},
		{"the child becomes worse", nil, []monitor.Rationale{{ID: "k", Level: 1, Start: in(3)}}, in(3)},
	}
	for _, row := range rows {
		f := facts{
			components: []monitor.Component{{ID: "top"}, {ID: "kid", Parent: "top"}},
			rationales: map[string][]monitor.Rationale{"top": row.own, "kid": row.kid},
		}
		if got := f.grow(at).byID["top"].Next(); !got.Equal(row.want) {
			t.Errorf("%s: got %v, want %v", row.name, got, row.want)
		}
	}
}
