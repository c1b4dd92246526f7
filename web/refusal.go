package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"wingmirror/monitor"
)

// advise turns what the API's schema says about a request into the words of the
// house: an unknown property is told the one that it is like, every place is
// named once, and nothing of the request is sent back.
func (s *server) advise(ctx huma.Context, _ string, v any) (any, error) {
	p, ok := v.(*huma.ErrorModel)
	unlooked := ok && (p.Status == http.StatusBadRequest || p.Status == http.StatusUnsupportedMediaType)
	if unlooked && (p.Detail == refusedBySchema || p.Detail == missingBody) {
		return unreadable(p), nil
	}
	if !ok || len(p.Errors) == 0 || p.Detail != refusedBySchema {
		return v, nil
	}
	schema := bodySchema(ctx.Operation())
	var told []*huma.ErrorDetail
	for _, d := range p.Errors {
		if slices.ContainsFunc(told, func(t *huma.ErrorDetail) bool { return t.Location == d.Location }) {
			continue
		}
		if d.Message == validation.MsgUnexpectedProperty {
			d.Message = unknownProperty(d.Location, s.properties(schema, d.Location))
		}
		if _, place := d.Value.(map[string]int); !place {
			d.Value = nil
		}
		told = append(told, &huma.ErrorDetail{Message: d.Message, Location: d.Location, Value: d.Value})
	}
	refusal := *p
	refusal.Errors, refusal.Detail = told, "Mend what errors lists and send it again."
	if p.Status == http.StatusUnprocessableEntity {
		refusal.Title = "Cannot be used as it is"
	}
	return &refusal, nil
}

// unreadable says what to do about a body that was not even looked at.
func unreadable(p *huma.ErrorModel) *huma.ErrorModel {
	refusal := huma.ErrorModel{Status: p.Status, Title: titleUnreadable, Detail: "Send one JSON object as the body."}
	if p.Status == http.StatusUnsupportedMediaType {
		refusal.Detail = "Send the header Content-Type: application/json."
	}
	for _, d := range p.Errors {
		message := d.Message
		if d.Location == "body" && p.Status == http.StatusBadRequest {
			message = "this is no JSON: " + message
		}
		refusal.Errors = append(refusal.Errors, &huma.ErrorDetail{Message: message, Location: d.Location})
	}
	return &refusal
}

// refusedBySchema is what the API's library says on top of what it finds.
const refusedBySchema = "validation failed"

// missingBody is what it says of a request without one.
const missingBody = "request body is required"

func bodySchema(op *huma.Operation) *huma.Schema {
	if op == nil || op.RequestBody == nil || op.RequestBody.Content["application/json"] == nil {
		return nil
	}
	return op.RequestBody.Content["application/json"].Schema
}

// properties returns the names that may stand where location's last part does.
func (s *server) properties(schema *huma.Schema, location string) []string {
	path := strings.Split(strings.TrimPrefix(location, "body."), ".")
	for _, part := range path[:len(path)-1] {
		name, index, _ := strings.Cut(part, "[")
		if schema = s.resolved(schema); schema == nil {
			return nil
		}
		if schema = s.resolved(schema.Properties[name]); schema != nil && index != "" {
			schema = schema.Items
		}
	}
	if schema = s.resolved(schema); schema == nil {
		return nil
	}
	var names []string
	for name, property := range schema.Properties {
		if !property.ReadOnly {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (s *server) resolved(schema *huma.Schema) *huma.Schema {
	if schema != nil && schema.Ref != "" {
		return s.api.OpenAPI().Components.Schemas.SchemaFromRef(schema.Ref)
	}
	return schema
}

func unknownProperty(location string, known []string) string {
	name := location[strings.LastIndexByte(location, '.')+1:]
	if near := monitor.Nearest(name, known); near != "" {
		return "unknown key; did you mean " + near + "?"
	}
	return "unknown key; the keys are " + strings.Join(known, ", ")
}

// Resolve adds what is wrong with a new monitor to what the schema finds, so
// that one answer lists all there is to mend.
func (in *createMonitorInput) Resolve(ctx huma.Context) []error { return resolve(ctx, in.Body) }

// Resolve adds what is wrong with the new text of a monitor.
func (in *updateMonitorInput) Resolve(ctx huma.Context) []error { return resolve(ctx, in.Body) }

func resolve(ctx huma.Context, b monitorBody) []error {
	s, ok := ctx.Operation().Metadata[checker].(*server)
	if !ok || b.empty() {
		return nil // it could not be read at all: there is nothing to add
	}
	_, found, err := s.check(ctx.Context(), b)
	if err != nil {
		return nil // our own failure, which saving meets as well and tells
	}
	var all []error
	for _, d := range fieldDetails(found, inBody) {
		all = append(all, d)
	}
	return all
}

// checker is where an operation's metadata keep the server.
const checker = "server"
