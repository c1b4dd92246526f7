package event_test

import (
	"testing"

	"wingmirror/event"
)

func TestShippedRules_PassTheirTests(t *testing.T) {
	for name, text := range map[string]string{"default": event.DefaultRules, "as coded": event.AsCodedRules, "examples": event.ExampleRules} {
		file, err := event.Load(text, event.LoadOptions{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		tested := map[string]bool{}
		for _, result := range event.RunTests(t.Context(), file) {
			for _, rule := range result.Test.Rules {
				tested[rule] = true
			}
			for _, wrong := range result.Wrong {
				t.Errorf("%s: %s: %s", name, result.Test.Name, wrong)
			}
		}
		if name != "examples" {
			continue
		}
		for _, rule := range file.Rules {
			if !tested[rule.Name] {
				t.Errorf("the example %q has no test", rule.Name)
			}
		}
	}
}
