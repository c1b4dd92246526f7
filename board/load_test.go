package board

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"wingmirror/monitor"
)

// anySource lets every source pass but those of the type "bad".
type anySource struct{}

func (anySource) CheckSource(s monitor.BoardSource, _ bool) error {
	if s.Type == "bad" {
		return monitor.FieldErrors{monitor.Invalid("url", "no address")}
	}
	return nil
}

const goodFile = `
levels:
  DC1: {name: Freeze, effects: Nothing is deployed.}
components:
  - id: production
    name: Production
    contact: ops@example.com
    link: https://wiki.example.com/production
    effects: {DC2: Fixes only.}
    alerts: [mailto:ops@example.com]
    children:
      - id: shop
        counts: capped at DC2
        sources:
          - type: alertmanager
            schedule: 30s
            timeout: 5s
            failing: DC4
            url: http://am.example.com
      - id: search
        counts: weight 2.5
`

func TestLoad_ReadsATreeOfFiles(t *testing.T) {
	config, err := Load(fstest.MapFS{
		"team/board.yaml": {Data: []byte(goodFile)},
		"other/api.yml":   {Data: []byte("components:\n- {id: api, parent: production, counts: majority}\n")},
		"README.md":       {Data: []byte("not: [yaml")},
		".hidden/x.yaml":  {Data: []byte("nonsense: 1")},
	}, anySource{})
	if err != nil {
		t.Fatal(err)
	}
	byID := map[string]monitor.Component{}
	for _, c := range config.Components {
		byID[c.ID] = c
	}
	shop := byID["shop"]
	if len(config.Components) != 4 || shop.Parent != "production" || shop.Counts != (monitor.Counts{Rule: monitor.CountCapped, Cap: monitor.DC2}) {
		t.Errorf("components: %+v", config.Components)
	}
	s := shop.Sources[0]
	if s.Name != "alertmanager" || s.Schedule != "@every 30s" || s.Failing != monitor.DC4 || string(s.Settings) != `{"url":"http://am.example.com"}` {
		t.Errorf("source: %+v", s)
	}
	if byID["search"].Counts.Weight != 2.5 || byID["api"].Parent != "production" || byID["production"].Effects[monitor.DC2] != "Fixes only." {
		t.Errorf("components: %+v", byID)
	}
	if config.Levels[monitor.DC1].Name != "Freeze" {
		t.Errorf("levels: %+v", config.Levels)
	}
}

func TestLoad_FindsAllErrorsAtOnceWithFileLineAndNearestName(t *testing.T) {
	_, err := Load(fstest.MapFS{
		"a.yaml": {Data: []byte(`components:
  - id: shop
    nmae: Shop
    counts: sometimes
    sources:
      - {type: bad, name: one, url: x}
      - {type: good, name: two, timeout: soon, schedule: "61 * * * *"}
  - id: shop/2
    parent: prodution
`)},
		"b.yaml": {Data: []byte("components:\n  - {id: production, parent: api}\n  - {id: api, parent: production}\n  - {id: shop, link: nowhere, contact: a@, alerts: [\"gopher:x\"]}\n")},
		"c.yaml": {Data: []byte("components: {id: x\n")},
	}, anySource{})
	problems, ok := errors.AsType[Problems](err)
	if !ok || !errors.Is(err, monitor.ErrInvalid) {
		t.Fatalf("got %v", err)
	}
	text := problems.Error()
	for _, want := range []string{
		"a.yaml:3: nmae: unknown key; did you mean name?",
		`a.yaml:4: counts: "sometimes" does not say how it counts`,
		"a.yaml:6: sources.url: no address",
		"a.yaml:7: sources.timeout:", "a.yaml:7: sources.schedule:",
		`a.yaml:8: id: "shop/2" is no ID`,
		`did you mean production?`,
		"b.yaml:2: parent:", "stand above itself",
		"b.yaml:4: id: there is a component shop in a.yaml:2 already",
		"b.yaml:4: link:", "b.yaml:4: contact:", "b.yaml:4: alerts[0]:",
		"c.yaml:1",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("missing %q in\n%s", want, text)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(goodFile)
	f.Add("components:\n- id: *x\n")
	f.Add("components: [[]]\nlevels: []")
	f.Add("components:\n- sources: [1, {a: {}}]")
	f.Fuzz(func(t *testing.T, text string) {
		config, problems := parse("f.yaml", []byte(text), anySource{})
		for _, p := range problems {
			if p.Message == "" {
				t.Errorf("a problem without a message: %+v", p)
			}
		}
		if len(problems) > 0 {
			return
		}
		for _, c := range config.Components {
			if !monitor.ComponentID(c.ID) {
				t.Errorf("component with the ID %q was let in", c.ID)
			}
		}
	})
}

func TestParseSources_RefusesAliasesSinceFewBytesCouldStandForVeryMany(t *testing.T) {
	_, err := ParseSources("- type: static\n  x:\n    a: &a [1,1]\n    b: [*a,*a]\n", anySource{})
	if wrong := monitor.AllFieldErrors(err); len(wrong) != 1 || !strings.Contains(wrong[0].Message, "alias") || wrong[0].Line != 4 {
		t.Errorf("got %v", err)
	}
}
