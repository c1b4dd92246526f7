package web

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"wingmirror/monitor"
)

// test runs the unit tests of a monitor that is to be saved. Failing ones refuse
// the save, unless they are overridden: then it returns which ones those are.
func (s *server) test(ctx context.Context, m monitor.Monitor, override bool) (failed []string, err error) {
	if s.Tests == nil || m.Tests == "" {
		return nil, nil
	}
	results, err := s.Tests.RunTests(ctx, m)
	if err != nil {
		return nil, err
	}
	var errs monitor.FieldErrors
	for i, r := range results {
		if len(r.Failures) == 0 {
			continue
		}
		failed = append(failed, r.Test.Name)
		lines := make([]string, len(r.Failures))
		for j, f := range r.Failures {
			lines[j] = f.String()
		}
		errs = append(errs, monitor.Invalid(fmt.Sprintf("tests[%d]", i), "the test %q fails: %s", r.Test.Name, strings.Join(lines, "; ")))
	}
	if len(errs) > 0 && !override {
		return nil, errs
	}
	return failed, nil
}

// overridden notes, at the version and in the audit log, that a monitor was saved
// although tests failed.
func (s *server) overridden(ctx context.Context, m monitor.Monitor, o monitor.TestOverride) error {
	text := fmt.Sprintf("version %d was saved although these tests failed: %s", m.Version, quoted(o.Failed))
	if o.Reason != "" {
		text += "; because: " + o.Reason
	}
	s.record(ctx, "monitor.override-tests", m.Subject().String(), monitor.Cut(text, 1000))
	if s.Overrides == nil {
		return nil
	}
	return s.Overrides.SaveTestOverride(ctx, m.ID, m.Version, o)
}

func quoted(names []string) string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = strconv.Quote(name)
	}
	return strings.Join(all, ", ")
}
