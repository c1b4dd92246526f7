package web

import (
	"net/http"
	"reflect"
	"strings"
)

// place says in which part of a request a field of that name stands: body, query,
// path or header.
type place func(field string) string

func inBody(string) string { return "body" }

// placeIn is the place of fields in a request to a page, whose input is described
// nowhere.
func placeIn(r *http.Request) place {
	return func(field string) string {
		switch {
		case r.PathValue(field) != "":
			return "path"
		case r.Method == http.MethodGet || r.Method == http.MethodHead || r.URL.Query().Has(field):
			return "query"
		}
		return "body"
	}
}

// placeOf is the place of fields in the input of an operation. What the body has as
// well is the body's.
func placeOf(input reflect.Type) place {
	found := map[string]string{}
	addPlaces(found, input)
	body := map[string]bool{}
	if f, ok := input.FieldByName("Body"); ok {
		addNames(body, f.Type)
	}
	return func(field string) string {
		name := field[:len(field)-len(strings.TrimLeft(field, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"))]
		if where, ok := found[name]; ok && !body[name] {
			return where
		}
		return "body"
	}
}

// addPlaces adds the parameters of an input, those of embedded structs included.
func addPlaces(found map[string]string, input reflect.Type) {
	for f := range structFields(input) {
		if f.Anonymous {
			addPlaces(found, f.Type)
		}
		for _, where := range []string{"query", "path", "header"} {
			if name, _, _ := strings.Cut(f.Tag.Get(where), ","); name != "" {
				found[name] = where
			}
		}
	}
}

// addNames adds the names of a body's fields as they are in JSON.
func addNames(names map[string]bool, body reflect.Type) {
	for f := range structFields(body) {
		if f.Anonymous {
			addNames(names, f.Type)
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names[name] = true
	}
}

func structFields(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			return
		}
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}
