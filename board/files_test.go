package board

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"wingmirror/monitor"
)

// shelf keeps texts; while down it does not.
type shelf struct {
	texts map[string]string
	down  bool
}

func (s *shelf) BoardFiles(context.Context) (map[string]string, error) {
	if s.down {
		return nil, errDown
	}
	return maps.Clone(s.texts), nil
}

func (s *shelf) SaveBoardFiles(_ context.Context, texts map[string]string) error {
	if s.down {
		return errDown
	}
	s.texts = maps.Clone(texts)
	return nil
}

func written(texts map[string]string) fstest.MapFS {
	dir := fstest.MapFS{}
	for name, text := range texts {
		dir[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return dir
}

// ids are the components of a configuration as id<parent, with a ! for a fault.
func ids(c Config) string {
	var all []string
	for _, one := range c.Components {
		text := one.ID
		if one.Parent != "" {
			text += "<" + one.Parent
		}
		if one.Fault != "" {
			text += "!"
		}
		all = append(all, text)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

const (
	prodFile = "components: [{id: production}]\n"
	shopFile = "components: [{id: shop, parent: production, sources: [{type: static}]}]\n"
	garbage  = "components: [{id: shop, parent: prod\n"
)

func TestFiles_OneThatBreaksCountsAsItDidBefore(t *testing.T) {
	good := map[string]string{"a.yaml": prodFile, "b.yaml": shopFile}
	for name, row := range map[string]struct {
		now  map[string]string
		want string
		says string
	}{
		"all is well":              {good, "production shop<production", ""},
		"one is no YAML":           {map[string]string{"a.yaml": prodFile, "b.yaml": garbage}, "production shop<production", "b.yaml"},
		"a source that is wrong":   {map[string]string{"a.yaml": prodFile, "b.yaml": "components: [{id: shop, parent: production, sources: [{type: bad}]}]"}, "production shop<production", "no address"},
		"the others go on":         {map[string]string{"a.yaml": "components: [{id: production}, {id: api, parent: production}]", "b.yaml": garbage}, "api<production production shop<production", "b.yaml"},
		"one is gone":              {map[string]string{"a.yaml": prodFile}, "production", ""},
		"what others need is gone": {map[string]string{"b.yaml": shopFile}, "production shop<production", "unknown component"},
		"a parent is mistyped":     {map[string]string{"a.yaml": prodFile, "b.yaml": "components: [{id: shop, parent: prodution}]"}, "production shop<production", "did you mean production?"},
		"a stranger takes an ID":   {map[string]string{"0.yaml": "components: [{id: shop}]", "a.yaml": prodFile, "b.yaml": shopFile}, "production shop<production", "there is a component shop"},
		"moved, and broken there":  {map[string]string{"a.yaml": prodFile, "b.yaml": "components: []", "c.yaml": garbage}, "production shop<production", "c.yaml"},
		"moved, with a wrong edge": {map[string]string{"a.yaml": prodFile, "b.yaml": "components: []", "c.yaml": "components: [{id: shop, parent: prodution}]"}, "production shop<prodution", "did you mean production?"},
		"moved well":               {map[string]string{"a.yaml": prodFile + "# moved\n", "c.yaml": shopFile}, "production shop<production", ""},
		"a new one is broken":      {map[string]string{"a.yaml": prodFile, "b.yaml": shopFile, "c.yaml": "components: [{id: api, parent: production, counts: often}]"}, "api<production! production shop<production", "often"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, restarted := range []bool{false, true} {
				kept := &shelf{}
				dir := written(good)
				f := NewFiles(dir, anySource{}, kept, slog.New(slog.DiscardHandler))
				if config, problems := f.Read(t.Context()); len(problems) > 0 || ids(config) != "production shop<production" {
					t.Fatalf("at first: %s, %v", ids(config), problems)
				}
				f.dir = written(row.now)
				if restarted {
					f = NewFiles(f.dir, anySource{}, kept, slog.New(slog.DiscardHandler))
				}
				for range 2 {
					config, problems := f.Read(t.Context())
					if got := ids(config); got != row.want || (row.says == "") != (len(problems) == 0) || !strings.Contains(problems.Error(), row.says) {
						t.Errorf("restarted %v: got %s, want %s; problems: %v", restarted, got, row.want, problems)
					}
				}
			}
		})
	}
}

func TestFiles_OneThatNeverWorkedIsNotTakenForWell(t *testing.T) {
	dir := written(map[string]string{"a.yaml": prodFile, "b.yaml": "components: [{id: shop, parent: production, sources: [{type: bad, name: s}]}]"})
	config, problems := NewFiles(dir, anySource{}, &shelf{}, slog.New(slog.DiscardHandler)).Read(t.Context())
	if ids(config) != "production shop<production!" || len(problems) != 1 {
		t.Fatalf("got %s, %v", ids(config), problems)
	}
	if shop := config.Components[1]; len(shop.Sources) != 1 || !strings.Contains(shop.Fault, "b.yaml") {
		t.Errorf("shop: %+v", shop)
	}
}

// noDir is a directory that cannot be read.
type noDir struct{}

func (noDir) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("stale handle")}
}

func TestFiles_ADirectoryThatCannotBeReadHasLostNothing(t *testing.T) {
	kept := &shelf{texts: map[string]string{"a.yaml": prodFile}}
	f := NewFiles(noDir{}, anySource{}, kept, slog.New(slog.DiscardHandler))
	config, problems := f.Read(t.Context())
	if ids(config) != "production" || len(problems) != 1 || !strings.Contains(problems.Error(), "stale handle") || len(kept.texts) != 1 {
		t.Errorf("got %s, %v", ids(config), problems)
	}
}

func TestFiles_WhatTheShelfHoldsSurvivesThatItIsDown(t *testing.T) {
	kept := &shelf{texts: map[string]string{"a.yaml": prodFile, "b.yaml": shopFile}, down: true}
	f := NewFiles(written(map[string]string{"a.yaml": prodFile, "b.yaml": garbage}), anySource{}, kept, slog.New(slog.DiscardHandler))
	f.Read(t.Context())
	kept.down = false
	if config, _ := f.Read(t.Context()); ids(config) != "production shop<production" || len(kept.texts) != 2 {
		t.Errorf("got %s, kept %v", ids(config), kept.texts)
	}
}

func TestBoard_AComponentWithAFaultIsNeverBetterThanItStood(t *testing.T) {
	for _, stood := range []monitor.DC{monitor.NoDC, monitor.DC1, monitor.DC4} {
		store := &memory{}
		if stood != monitor.NoDC {
			store.changes = []monitor.BoardChange{{ID: 1, Component: "shop", To: stood}}
		}
		o := opener{}
		broken := config()
		broken.Components[1].Sources, broken.Components[1].Fault = nil, "The file b.yaml has errors"
		b, err := New(t.Context(), Options{
			Opener: o, Checker: o, Records: store, Journal: store, Acts: store, Config: broken, Problems: Problems{{File: "b.yaml", Message: "x"}},
			Now: now, Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		l := b.Look()
		n, want := l.Node("production"), monitor.DC3.WorseOf(stood)
		if n.Level != want || !n.Stale || len(l.Problems) != 1 {
			t.Errorf("stood at %v: got %v, stale %v", stood, n.Level, n.Stale)
		}
		if l.Gate(n, monitor.DC4, UnknownCounts).Allowed || l.Gate(n, monitor.DC1, UnknownDeny).Allowed {
			t.Errorf("stood at %v: the gate is open", stood)
		}
		if stood == monitor.DC1 && l.Gate(n, monitor.DC2, UnknownAllow).Allowed {
			t.Error("what is known was forgotten")
		}
	}
}

func TestBoard_MadeComponentsWhoseSourcesAreRefusedKeepWhatTheySaid(t *testing.T) {
	store := &memory{}
	store.records.Components = []monitor.Component{{ID: "api", SourcesText: "- {type: bad, name: s}"}}
	store.records.Sources = []monitor.SourceState{{
		Number: 1, Component: "api", Name: "s", SuccessAt: now(), Successes: 1, Rationales: []monitor.Rationale{{ID: "r", Component: "api", Source: "s", Level: monitor.DC1, Title: "down"}},
	}}
	b, err := New(t.Context(), Options{Opener: opener{}, Checker: anySource{}, Records: store, Journal: store, Acts: store, Now: now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if n := b.Look().Node("api"); n.Level != monitor.DC1 || n.Known != monitor.DC1 || !n.Stale || n.Fault == "" {
		t.Errorf("got %v, known %v, stale %v: %+v", n.Level, n.Known, n.Stale, n.Rationales)
	}
}

func now() time.Time { return time.Unix(1_900_000_000, 0).UTC() }
