package web

import (
	"context"
	"fmt"

	"wingmirror/monitor"
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

// scriptErrors parses a script that is about to be saved, where scripts run.
func (s *server) scriptErrors(ctx context.Context, script string) (monitor.FieldErrors, error) {
	wrong, err := s.Scripts.Check(ctx, script)
	if err != nil || wrong == nil {
		return nil, err
	}
	return monitor.FieldErrors{{
		Field: "script", Line: wrong.Line, Column: wrong.Column,
		Message: fmt.Sprintf("%s (line %d, column %d)", wrong.Message, wrong.Line, wrong.Column),
	}}, nil
}
