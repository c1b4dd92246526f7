package web

import (
	"context"
	"fmt"
	"strings"

	"wingmirror/monitor"
)

// test runs the unit tests of a monitor that is to be saved. Failing ones refuse
// the save, unless they are overridden: then it says which ones those are.
func (s *server) test(ctx context.Context, m monitor.Monitor, override bool) (overridden string, err error) {
	if s.Tests == nil || m.Tests == "" {
		return "", nil
	}
	results, err := s.Tests.RunTests(ctx, m)
	if err != nil {
		return "", err
	}
	var errs monitor.FieldErrors
	var failed []string
	for i, r := range results {
		if len(r.Failures) == 0 {
			continue
		}
		failed = append(failed, fmt.Sprintf("%q", r.Test.Name))
		lines := make([]string, len(r.Failures))
		for j, f := range r.Failures {
			lines[j] = f.String()
		}
		errs = append(errs, monitor.Invalid(fmt.Sprintf("tests[%d]", i), "the test %q fails: %s", r.Test.Name, strings.Join(lines, "; ")))
	}
	if len(errs) == 0 {
		return "", nil
	}
	if override {
		return monitor.Cut("these tests failed: "+strings.Join(failed, ", "), 500), nil
	}
	return "", errs
}
