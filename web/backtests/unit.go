package backtests

import (
	"context"

	"wingmirror/web"
)

type runTestsInput struct {
	Body struct {
		Monitor web.MonitorBody `json:"monitor" doc:"As it is written now, with its tests"`
	}
}

type runTestsOutput struct {
	Body struct {
		Passed int        `json:"passed"`
		Failed int        `json:"failed"`
		Tests  []testBody `json:"tests"`
	}
}

type testBody struct {
	Name     string         `json:"name"`
	Line     int            `json:"line" doc:"In the text of the tests"`
	Passed   bool           `json:"passed"`
	Failures []mismatchBody `json:"failures"`
	Level    string         `json:"level"`
	Fault    string         `json:"fault"`
	Message  string         `json:"message"`
	Output   string         `json:"output"`
	Error    *thrownBody    `json:"error,omitempty" doc:"What was thrown, and where in the script"`
	MS       float64        `json:"ms"`
}

type thrownBody struct {
	Message string `json:"message"`
	Line    int    `json:"line" doc:"From 1; 0 when it is not known"`
	Column  int    `json:"column"`
	Stack   string `json:"stack,omitempty"`
}

type mismatchBody struct {
	Part string `json:"part"`
	Want string `json:"want"`
	Got  string `json:"got"`
}

func (d desk) runTests(ctx context.Context, in *runTestsInput) (*runTestsOutput, error) {
	m, err := web.ReadMonitor(in.Body.Monitor)
	if err != nil {
		return nil, err
	}
	results, err := d.Tests.RunTests(ctx, m)
	if err != nil {
		return nil, err
	}
	out := &runTestsOutput{}
	out.Body.Tests = []testBody{}
	for _, r := range results {
		one := testBody{
			Name: r.Test.Name, Line: r.Test.Line, Passed: len(r.Failures) == 0, Failures: []mismatchBody{},
			Level: r.Evaluation.Outcome.Level.String(), Fault: string(r.Evaluation.Outcome.Fault), Message: r.Evaluation.Outcome.Message,
			Output: r.Evaluation.Result.Output, MS: float64(r.Took.Microseconds()) / 1000,
		}
		if thrown := r.Evaluation.Result.Thrown; thrown != nil {
			one.Error = (*thrownBody)(thrown)
		}
		for _, f := range r.Failures {
			one.Failures = append(one.Failures, mismatchBody(f))
		}
		if one.Passed {
			out.Body.Passed++
		} else {
			out.Body.Failed++
		}
		out.Body.Tests = append(out.Body.Tests, one)
	}
	return out, nil
}
