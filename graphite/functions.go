package graphite

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
)

// Function is one function that the server offers, as it describes it.
type Function struct {
	Name        string
	Signature   string // such as alias(seriesList, newName)
	Group       string // such as Alias
	Description string // in reStructuredText
	Params      []Param
}

// Param is one parameter of a Function.
type Param struct {
	Name     string
	Type     string // such as seriesList, string, integer, node
	Required bool
	Multiple bool            // the last one may be repeated
	Default  json.RawMessage // nil when there is none
	Options  []string        // the values it may have; nil when it is free
}

// Functions returns the server's functions, sorted by name.
func (c *Client) Functions(ctx context.Context) ([]Function, error) {
	body, err := c.get(ctx, "/functions", nil)
	if err != nil {
		return nil, err
	}
	functions, err := parseFunctions(body, true)
	if err != nil {
		return nil, notUnderstood("functions", body, err)
	}
	return functions, nil
}

type wireFunction struct {
	Name        string      `json:"name"`
	Function    string      `json:"function"`
	Group       string      `json:"group"`
	Description string      `json:"description"`
	Params      []wireParam `json:"params"`
}

type wireParam struct {
	Name     string            `json:"name"`
	Type     json.RawMessage   `json:"type"`
	Required bool              `json:"required"`
	Multiple bool              `json:"multiple"`
	Default  json.RawMessage   `json:"default"`
	Options  []json.RawMessage `json:"options"`
}

// parseFunctions reads an object of functions by name or, if grouped, perhaps of
// such objects by group.
func parseFunctions(body []byte, grouped bool) ([]Function, error) {
	var byName map[string]json.RawMessage
	if err := json.Unmarshal(body, &byName); err != nil {
		return nil, err
	}
	functions := []Function{}
	for name, raw := range byName {
		var one wireFunction
		if err := json.Unmarshal(raw, &one); err != nil {
			return nil, err
		}
		if grouped && one.Function == "" && one.Params == nil {
			group, err := parseFunctions(raw, false)
			if err != nil {
				return nil, err
			}
			functions = append(functions, group...)
			continue
		}
		functions = append(functions, one.function(name))
	}
	slices.SortFunc(functions, func(a, b Function) int { return cmp.Compare(a.Name, b.Name) })
	return functions, nil
}

func (w wireFunction) function(name string) Function {
	f := Function{Name: name, Signature: w.Function, Group: w.Group, Description: w.Description}
	for _, p := range w.Params {
		param := Param{Name: p.Name, Type: plain(p.Type), Required: p.Required, Multiple: p.Multiple, Default: p.Default}
		for _, option := range p.Options {
			param.Options = append(param.Options, plain(option))
		}
		f.Params = append(f.Params, param)
	}
	return f
}

// plain returns the text of a JSON string, and of anything else its JSON.
func plain(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}
