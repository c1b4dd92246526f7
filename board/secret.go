package board

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"wingmirror/monitor"
)

// Hidden stands for a secret in the YAML of sources that is shown: it is set, and
// cannot be read. Sent back, it means the secret that is stored.
const Hidden = "(set)"

// HideSecrets returns the YAML of sources for people to see: without passwords,
// tokens, values of headers, and what proves us in addresses.
func HideSecrets(text string) string {
	shown, err := eachSecret(text, func(_ ast.Node, _ string, path []string, value string) (string, error) {
		return hide(path[0], value), nil
	})
	if err != nil {
		return "# These sources cannot be shown: they do not parse any more. Write them anew.\n"
	}
	return shown
}

// hide is a secret setting's value as it is shown.
func hide(key, value string) string {
	if key != "url" && key != "proxy" {
		return Hidden
	}
	address, err := url.Parse(value)
	if err != nil {
		return Hidden
	}
	query := address.Query()
	for name := range query {
		if lower := strings.ToLower(name); slices.ContainsFunc([]string{"token", "key", "secret", "pass", "auth", "sig"}, func(word string) bool { return strings.Contains(lower, word) }) {
			query.Set(name, Hidden)
		}
	}
	if address.RawQuery != "" && query.Encode() != address.Query().Encode() {
		address.RawQuery = query.Encode()
	}
	if _, has := address.User.Password(); !has && address.String() == value {
		return value
	}
	return address.Redacted()
}

// RestoreSecrets returns the YAML of sources with the stored secrets where it
// says that they are unchanged. They go to nobody else: where the address of a
// source has changed, its secrets must be written again.
func RestoreSecrets(text, stored string) (string, error) {
	if !strings.Contains(text, "set") && !strings.Contains(text, "xxxxx") { // Hidden, also within an address
		return text, nil
	}
	known := map[string]map[string]string{} // of the stored sources, by name and path
	_, err := eachSecret(stored, func(_ ast.Node, name string, path []string, value string) (string, error) {
		if known[name] == nil {
			known[name] = map[string]string{}
		}
		known[name][strings.Join(path, "\x00")] = value
		return value, nil
	})
	if err != nil {
		known = nil // nothing can be told of it
	}
	var errs monitor.FieldErrors
	given := map[string]map[string]string{}
	addresses := func(of map[string]string, reveal map[string]string) string {
		return target(of["url"], reveal["url"]) + " " + target(of["proxy"], reveal["proxy"])
	}
	_, err = eachSecret(text, func(_ ast.Node, name string, path []string, value string) (string, error) {
		if given[name] == nil {
			given[name] = map[string]string{}
		}
		given[name][strings.Join(path, "\x00")] = value
		return value, nil
	})
	if err != nil {
		return text, nil //nolint:nilerror // whoever reads the sources says what is wrong with them
	}
	restored, err := eachSecret(text, func(node ast.Node, name string, path []string, value string) (string, error) {
		old, is := known[name][strings.Join(path, "\x00")]
		if hidden := hide(path[0], old); !is || value != hidden || hidden == old {
			if value == Hidden {
				errs = append(errs, unset(node, path, "nothing is stored for it yet; write it out"))
			}
			return value, nil
		}
		if addresses(given[name], known[name]) != addresses(known[name], known[name]) {
			errs = append(errs, unset(node, path, "the address has changed; write the secret again, so that it goes nowhere by mistake"))
			return value, nil
		}
		return old, nil
	})
	if len(errs) > 0 {
		return text, errs
	}
	return restored, err
}

// target is where an address leads, whether or not its secrets are hidden.
func target(address, stored string) string {
	if address == hide("url", stored) {
		address = stored
	}
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Scheme + "://" + u.Host
}

func unset(node ast.Node, path []string, why string) *monitor.FieldError {
	line := node.GetToken().Position.Line
	return &monitor.FieldError{Field: "sources", Line: line, Message: fmt.Sprintf("line %d: %s: %s", line, strings.Join(path, "."), why)}
}

// eachSecret calls change for every setting of the sources in a YAML list that
// is or may hold a secret, with the source's name and the setting's path, and
// returns the list with what change returns in its place.
func eachSecret(text string, change func(node ast.Node, name string, path []string, value string) (string, error)) (string, error) {
	file, err := parser.ParseBytes([]byte(text), parser.ParseComments)
	if err != nil {
		return text, err
	}
	changed := false
	one := func(pair *ast.MappingValueNode, name string, path ...string) error {
		var value string
		if err := yaml.NodeToValue(pair.Value, &value); err != nil || value == "" {
			return nil //nolint:nilerror // it is no text, which is for whoever reads the sources to say
		}
		now, err := change(pair.Value, name, path, value)
		if err != nil || now == value {
			return err
		}
		node, err := yaml.ValueToNode(now)
		if err != nil {
			return err
		}
		changed = true
		return pair.Replace(node)
	}
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		items, err := itemsOf(doc.Body)
		if err != nil {
			return text, err
		}
		for _, item := range items {
			pairs, _ := pairsOf(item)
			settings := map[string]*ast.MappingValueNode{}
			for _, pair := range pairs {
				settings[pair.Key.GetToken().Value] = pair
			}
			name := textOf(settings["name"])
			if name == "" {
				name = textOf(settings["type"])
			}
			for _, key := range slices.Sorted(maps.Keys(settings)) {
				switch key {
				case "password", "token", "url", "proxy":
					err = one(settings[key], name, key)
				case "headers":
					headers, _ := pairsOf(settings[key].Value)
					for _, header := range headers {
						if err = one(header, name, key, header.Key.GetToken().Value); err != nil {
							break
						}
					}
				}
				if err != nil {
					return text, err
				}
			}
		}
	}
	if !changed {
		return text, nil
	}
	return file.String(), nil
}

// textOf is the text of a pair's value; "" without one.
func textOf(pair *ast.MappingValueNode) string {
	var text string
	if pair != nil {
		_ = yaml.NodeToValue(pair.Value, &text) // then it has no name
	}
	return text
}
