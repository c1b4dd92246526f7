package web

import (
	"context"

	"wingmirror/stdlib"
)

type checkScriptInput struct {
	Body struct {
		Script string `json:"script"`
	}
}

type checkScriptOutput struct {
	Body struct {
		Error *scriptErrorBody `json:"error,omitempty" doc:"Left out when the script parses"`
	}
}

func (s *server) apiCheckScript(ctx context.Context, in *checkScriptInput) (*checkScriptOutput, error) {
	found, err := s.Scripts.Check(ctx, in.Body.Script)
	if err != nil {
		return nil, err
	}
	out := &checkScriptOutput{}
	out.Body.Error = toScriptError(found)
	return out, nil
}

type stdlibOutput struct {
	Body struct {
		Entries []stdlib.Entry `json:"entries"`
	}
}

func (s *server) apiStdlib(context.Context, *struct{}) (*stdlibOutput, error) {
	out := &stdlibOutput{}
	out.Body.Entries = nonNil(s.Reference)
	return out, nil
}
