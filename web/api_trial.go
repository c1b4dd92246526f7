package web

import (
	"context"

	"wingmirror/monitor"
)

type trialInput struct {
	Body struct {
		To string `json:"to" doc:"A destination as in a monitor's alerts" example:"mailto:oncall@example.com"`
	}
}

type trialOutput struct {
	Body struct {
		To      string `json:"to" doc:"Without secrets"`
		Request string `json:"request" doc:"What went over the wire, without secrets"`
		Answer  string `json:"answer"`
	}
}

// apiTrial sends a test notice at once: whoever set up a destination waits for
// the answer.
func (s *server) apiTrial(ctx context.Context, in *trialInput) (*trialOutput, error) {
	to, err := monitor.ParseDestination(in.Body.To)
	if err != nil {
		return nil, err
	}
	if to.Scheme() == monitor.SchemeGroup {
		return nil, monitor.Invalid("to", "a contact group is tried by trying its members, one by one")
	}
	receipt, err := s.Trial.Test(ctx, to)
	if err != nil {
		return nil, err
	}
	s.record(ctx, "destination.test", "destination/"+to.Redacted(), "")
	out := &trialOutput{}
	out.Body.To, out.Body.Request, out.Body.Answer = to.Redacted(), receipt.Request, receipt.Answer
	return out, nil
}
