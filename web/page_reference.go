package web

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"wingmirror/stdlib"
)

type referenceData struct{ Groups []entryGroup }

type entryGroup struct {
	Name    string
	Entries []stdlib.Entry
}

func (s *server) referencePage(w http.ResponseWriter, r *http.Request) error {
	data := referenceData{}
	for _, e := range s.Reference {
		i := slices.IndexFunc(data.Groups, func(g entryGroup) bool { return g.Name == e.Group })
		if i < 0 {
			data.Groups = append(data.Groups, entryGroup{Name: e.Group})
			i = len(data.Groups) - 1
		}
		data.Groups[i].Entries = append(data.Groups[i].Entries, e)
	}
	return s.render(w, r, View{Page: "reference", Title: "Reference", Nav: "Reference", Data: data})
}

type apiDocsData struct {
	Operations []apiOperation
	Base       string
}

type apiOperation struct {
	Method, Path, Summary string
	Need                  string
	Parameters            []apiParameter
	Body, Answer          []apiParameter
}

type apiParameter struct {
	Name, Type, Doc string
	Required        bool
}

// apiDocsPage shows the OpenAPI document for reading, from the server itself
// and so without a network.
func (s *server) apiDocsPage(w http.ResponseWriter, r *http.Request) error {
	document := s.api.OpenAPI()
	data := apiDocsData{}
	for _, route := range s.routes() {
		item := document.Paths[route.Pattern]
		if item == nil {
			continue
		}
		o := map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "DELETE": item.Delete, "PATCH": item.Patch}[route.Method]
		if o == nil {
			continue
		}
		data.Operations = append(data.Operations, describe(document, route, o))
	}
	return s.render(w, r, View{Page: "api", Title: "API", Nav: "Reference", Above: Path(), Data: data})
}

func describe(document *huma.OpenAPI, r Route, o *huma.Operation) apiOperation {
	d := apiOperation{Method: o.Method, Path: o.Path, Summary: o.Summary, Need: r.Need.String()}
	for _, p := range o.Parameters {
		d.Parameters = append(d.Parameters, apiParameter{Name: p.Name + " (" + p.In + ")", Type: typeOf(p.Schema), Doc: p.Description, Required: p.Required})
	}
	if o.RequestBody != nil {
		d.Body = fieldsOf(document, o.RequestBody.Content["application/json"])
	}
	for _, status := range []string{"200", "201"} {
		if answer := o.Responses[status]; answer != nil {
			d.Answer = fieldsOf(document, answer.Content["application/json"])
		}
	}
	return d
}

func fieldsOf(document *huma.OpenAPI, media *huma.MediaType) []apiParameter {
	if media == nil || media.Schema == nil {
		return nil
	}
	return schemaFields(document, media.Schema, "", 0)
}

// schemaFields lists the fields of an object and, one step deep, of the objects in it.
func schemaFields(document *huma.OpenAPI, schema *huma.Schema, prefix string, depth int) []apiParameter {
	if schema.Ref != "" {
		schema = document.Components.Schemas.SchemaFromRef(schema.Ref)
	}
	if schema == nil {
		return nil
	}
	var fields []apiParameter
	names := make([]string, 0, len(schema.Properties))
	for name := range schema.Properties {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(b2i(slices.Contains(schema.Required, b)), b2i(slices.Contains(schema.Required, a))), cmp.Compare(a, b))
	})
	for _, name := range names {
		p := schema.Properties[name]
		fields = append(fields, apiParameter{Name: prefix + name, Type: typeOf(p), Doc: p.Description, Required: slices.Contains(schema.Required, name)})
		inner, suffix := p, "."
		if p.Type == huma.TypeArray && p.Items != nil {
			inner, suffix = p.Items, "[]."
		}
		if depth == 0 && (inner.Ref != "" || len(inner.Properties) > 0) {
			fields = append(fields, schemaFields(document, inner, prefix+name+suffix, depth+1)...)
		}
	}
	return fields
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func typeOf(s *huma.Schema) string {
	switch {
	case s == nil:
		return ""
	case s.Ref != "":
		return s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
	case s.Type == huma.TypeArray && s.Items != nil:
		return "list of " + typeOf(s.Items)
	case s.Format != "" && s.Type == huma.TypeString:
		return s.Format
	case s.Type == "":
		return "any"
	}
	return s.Type
}
