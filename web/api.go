package web

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"wingmirror/monitor"
)

// apiConfig is the API's document and formats. It adds no routes of its own:
// the document is served by the table of routes like everything else.
func (s *server) apiConfig() huma.Config {
	c := huma.DefaultConfig("Wingmirror", s.Version)
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	c.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	c.CreateHooks = nil // else every answer gains a $schema field
	c.Transformers = append(c.Transformers, s.advise)
	c.Info.Description = "Everything the pages do. Errors are problem+json documents (RFC 9457) whose errors name the fields to mend."
	return c
}

// schemaName is what the document calls a type. Rooms may use the same names:
// theirs begin with the room's.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	_, room, inRoom := strings.Cut(t.PkgPath(), "/web/")
	if !inRoom || t.Name() == "" {
		return name
	}
	return strings.ToUpper(room[:1]) + room[1:] + name
}

// Op makes an operation of a handler whose errors are Go errors. The status is
// that of success, 200 if none is given.
func Op[I, O any](handler func(context.Context, *I) (*O, error), summary string, status ...int) Endpoint {
	return operation(func(s *server, o huma.Operation) {
		o.Summary = summary
		o.Tags = []string{tag(o.Path)}
		o.MaxBodyBytes = 4 << 20
		o.Metadata = map[string]any{checker: s}
		if len(status) > 0 {
			o.DefaultStatus = status[0]
		}
		in := placeOf(reflect.TypeFor[I]())
		huma.Register(s.api, o, func(ctx context.Context, input *I) (*O, error) {
			out, err := handler(ctx, input)
			if err != nil {
				return nil, s.problem(o.Method+" "+o.Path, err, in)
			}
			return out, nil
		})
	})
}

// tag is what operations are gathered under: the first part of the path that names a thing.
func tag(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(path, "/"), "api/v1/"), "/")
	return first
}

// operationID makes a name such as get-monitors-id-runs of method and path.
func operationID(r Route) string {
	path := strings.NewReplacer("/api/v1/", "", "{", "", "}", "", "/", "-", ".", "-").Replace(r.Pattern)
	return strings.ToLower(r.Method) + "-" + path
}

// version reads If-Match: a version in quotes. Without the header it is 0.
func version(ifMatch string) (int, error) {
	if ifMatch == "" || ifMatch == "*" {
		return 0, nil
	}
	text := strings.Trim(strings.TrimPrefix(ifMatch, "W/"), `"`)
	v, err := strconv.Atoi(text)
	if err != nil || v < 1 {
		return 0, monitor.Invalid("If-Match", `%q is not a version; send back the ETag of the monitor, such as "3"`, ifMatch)
	}
	return v, nil
}

// replaced finds out which version a change replaces: the one in If-Match, or else
// the body's, which becomes it. It returns what If-Match named, 0 for nothing.
func replaced(ifMatch string, body *int, what string) (named int, err error) {
	if named, err = version(ifMatch); err != nil {
		return 0, err
	}
	if named > 0 {
		*body = named
	}
	if *body == 0 {
		return 0, monitor.Invalid("version", "name the version that this replaces, here or in If-Match; GET the %s to learn it", what)
	}
	return named, nil
}

func etag(version int) string { return strconv.Quote(strconv.Itoa(version)) }

func notFound(format string, args ...any) error {
	return monitor.Missing(format, args...)
}

func (s *server) openAPI(w http.ResponseWriter, _ *http.Request) error {
	document, err := s.api.OpenAPI().MarshalJSON()
	if err != nil {
		return fmt.Errorf("write the API's document: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(document)
	return err
}
