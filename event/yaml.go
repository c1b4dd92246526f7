package event

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"wingmirror/condition"
	"wingmirror/monitor"
)

// maxFile is how many bytes a rules file may have, and maxErrors how many errors
// of one are told.
const (
	maxFile    = 1 << 20
	maxErrors  = 100
	maxNested  = 50
	maxAliases = 10_000 // that are followed: aliases of aliases could make a few bytes stand for very many
)

// reader walks a YAML document, and collects everything that is wrong with it.
type reader struct {
	lines   []string
	anchors map[string]ast.Node
	aliases int // followed so far
	nested  int // merges under way
	errs    monitor.FieldErrors
}

// document parses the text; nil when it holds nothing.
func (r *reader) document(text string) (root ast.Node) {
	if len(text) > maxFile {
		r.errs = append(r.errs, monitor.Invalid("", "the file has %d bytes; at most %d are accepted", len(text), maxFile))
		return nil
	}
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n") // of editors on Windows
	r.lines = strings.Split(text, "\n")
	defer func() { // a file is somebody's text, and the parser is not ours
		if recover() != nil {
			root = nil
			r.errs = append(r.errs, monitor.Invalid("", "the file is not YAML"))
		}
	}()
	file, err := parser.ParseBytes([]byte(text), 0)
	if err != nil {
		wrong := monitor.Invalid("", "not YAML: %v", err)
		if positioned, ok := errors.AsType[yaml.Error](err); ok {
			wrong.Message = "not YAML: " + positioned.GetMessage()
			if tk := positioned.GetToken(); tk != nil && tk.Position != nil {
				wrong.Line, wrong.Column = tk.Position.Line, tk.Position.Column
			}
		}
		r.errs = append(r.errs, wrong)
		return nil
	}
	r.anchors = map[string]ast.Node{}
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if root != nil {
			r.fail(doc.Body, "", "a rules file is one document: remove the --- before this")
			return nil
		}
		root = doc.Body
		ast.Walk(anchorFinder{r.anchors}, root)
	}
	return root
}

type anchorFinder struct{ anchors map[string]ast.Node }

// Visit notes anchors.
func (f anchorFinder) Visit(n ast.Node) ast.Visitor {
	if anchor, ok := n.(*ast.AnchorNode); ok && anchor.Name != nil {
		f.anchors[anchor.Name.String()] = anchor.Value
	}
	return f
}

// bare returns the node without anchor and tag, and what an alias stands for.
func (r *reader) bare(n ast.Node) ast.Node {
	for range maxNested {
		switch node := n.(type) {
		case *ast.AnchorNode:
			n = node.Value
		case *ast.TagNode:
			n = node.Value
		case *ast.AliasNode:
			if r.aliases++; r.aliases > maxAliases {
				if r.aliases == maxAliases+1 {
					r.fail(node, "", "the file follows aliases more than %d times; write fewer of them", maxAliases)
				}
				return nil
			}
			n = r.anchors[node.Value.String()]
		default:
			return n
		}
	}
	return nil
}

func (r *reader) fail(n ast.Node, field, format string, args ...any) {
	wrong := monitor.Invalid(field, format, args...)
	if n != nil {
		if tk := n.GetToken(); tk != nil && tk.Position != nil {
			wrong.Line, wrong.Column = tk.Position.Line, tk.Position.Column
		}
	}
	if len(r.errs) < maxErrors {
		r.errs = append(r.errs, wrong)
	}
}

// fields are the keys that a mapping may have, with what reads each.
type fields map[string]func(n ast.Node, path string)

// mapping reads a mapping's keys; path is how people name it, "" for the file.
func (r *reader) mapping(n ast.Node, path string, known fields) {
	for _, pair := range r.pairs(n, path) {
		name := pair.name
		read, ok := known[name]
		switch names := slices.Sorted(maps.Keys(known)); {
		case ok:
			read(pair.value, join(path, name))
		case condition.Nearest(name, names) != "":
			r.fail(pair.key, join(path, name), "unknown key; did you mean %s?", condition.Nearest(name, names))
		default:
			r.fail(pair.key, join(path, name), "unknown key; the keys are %s", strings.Join(names, ", "))
		}
	}
}

func join(path, name string) string {
	name = monitor.Cut(name, 60)
	if path == "" {
		return name
	}
	return path + "." + name
}

type pair struct {
	name  string
	key   ast.Node
	value ast.Node
}

// pairs returns a mapping's pairs in order; an absent one has none.
func (r *reader) pairs(n ast.Node, path string) []pair {
	var values []*ast.MappingValueNode
	switch node := r.bare(n).(type) {
	case nil, *ast.NullNode:
		return nil
	case *ast.MappingNode:
		values = node.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{node}
	default:
		r.fail(n, path, "this must be a mapping: `key: value` lines")
		return nil
	}
	var all, merged []pair
	seen := map[string]bool{}
	for _, v := range values {
		if _, merge := v.Key.(*ast.MergeKeyNode); merge {
			merged = append(merged, r.merged(v.Value, path)...)
			continue
		}
		name, _ := r.scalar(v.Key)
		if seen[name] {
			r.fail(v.Key, join(path, name), "it is given twice")
			continue
		}
		seen[name] = true
		all = append(all, pair{name, v.Key, v.Value})
	}
	for _, p := range merged { // what is written here goes before what is merged in, and that before later ones
		if !seen[p.name] {
			seen[p.name] = true
			all = append(all, p)
		}
	}
	return all
}

// merged returns the pairs that a << takes over: of a mapping, or of several.
func (r *reader) merged(n ast.Node, path string) []pair {
	if r.nested++; r.nested > maxNested {
		r.fail(n, path, "mappings are merged more than %d deep", maxNested)
		return nil
	}
	defer func() { r.nested-- }()
	list, several := r.bare(n).(*ast.SequenceNode)
	if !several {
		return r.pairs(n, path)
	}
	var all []pair
	for _, one := range list.Values {
		all = append(all, r.pairs(one, path)...)
	}
	return all
}

// list returns a list's items; one that is no list is an error.
func (r *reader) list(n ast.Node, path string) []ast.Node {
	switch node := r.bare(n).(type) {
	case nil, *ast.NullNode:
		return nil
	case *ast.SequenceNode:
		return node.Values
	}
	r.fail(n, path, "this must be a list")
	return nil
}

// scalar returns a single value as it is written, without its quotes.
func (r *reader) scalar(n ast.Node) (string, bool) {
	switch node := r.bare(n).(type) {
	case *ast.StringNode:
		return node.Value, true
	case *ast.LiteralNode:
		return node.Value.Value, true
	case *ast.NullNode, nil:
		return "", false
	case *ast.MappingNode, *ast.SequenceNode, *ast.MappingValueNode:
		return "", false
	case ast.MapKeyNode:
		return node.GetToken().Value, true
	}
	return "", false
}

func (r *reader) text(n ast.Node, path string) string {
	text, ok := r.scalar(n)
	if !ok {
		r.fail(n, path, "this must be one text")
	}
	return text
}

func (r *reader) texts(n ast.Node, path string) []string {
	if text, ok := r.scalar(n); ok {
		return []string{text}
	}
	var all []string
	for i, one := range r.list(n, path) {
		all = append(all, r.text(one, path+"["+strconv.Itoa(i)+"]"))
	}
	return all
}

// truth reads true or false, and what YAML 1.1 takes for them.
func (r *reader) truth(n ast.Node, path string) bool {
	text, _ := r.scalar(n)
	switch strings.ToLower(text) {
	case "true", "yes", "on":
		return true
	case "false", "no", "off":
		return false
	}
	r.fail(n, path, "this must be true or false")
	return false
}

func (r *reader) number(n ast.Node, path string) float64 {
	text, _ := r.scalar(n)
	v, err := strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), 64)
	if err != nil || v != v || v > 1e300 || v < -1e300 {
		r.fail(n, path, "this must be a number")
		return 0
	}
	return v
}

func (r *reader) whole(n ast.Node, path string, least, most int) int {
	v := r.number(n, path)
	if v != float64(int(v)) || int(v) < least || int(v) > most {
		r.fail(n, path, "this must be a whole number from %d to %d", least, most)
		return least
	}
	return int(v)
}

func (r *reader) span(n ast.Node, path string) time.Duration {
	text, _ := r.scalar(n)
	d, err := parseSpan(text)
	if err != nil {
		r.fail(n, path, "%v", err)
	}
	return d
}

// maxSpan is the longest duration of a rule.
const maxSpan = 366 * 24 * time.Hour

// parseSpan reads a duration such as 30s, 5m, 1h30m, 2d or 1w; 0 is none.
func parseSpan(text string) (time.Duration, error) {
	wrong := fmt.Errorf("%q is not a duration; write for example 30s, 5m, 2h or 7d", monitor.Cut(text, 40))
	rest := strings.TrimSpace(text)
	if rest == "0" {
		return 0, nil
	}
	var total time.Duration
	for _, unit := range []struct {
		name string
		of   time.Duration
	}{{"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour}} {
		if digits, after, ok := strings.Cut(rest, unit.name); ok {
			n, err := strconv.ParseUint(digits, 10, 16)
			if err != nil {
				return 0, wrong
			}
			total, rest = total+time.Duration(n)*unit.of, after
		}
	}
	if rest != "" {
		d, err := time.ParseDuration(rest)
		if err != nil {
			return 0, wrong
		}
		total += d
	}
	if text == "" || total < 0 {
		return 0, wrong
	}
	if total > maxSpan {
		return 0, fmt.Errorf("%s is longer than a year", text)
	}
	return total, nil
}

// condition reads and checks a condition; nil when it is wrong.
func (r *reader) condition(n ast.Node, path string, o condition.Options) *condition.Condition {
	text, ok := r.scalar(n)
	if !ok {
		r.fail(n, path, `this must be a condition, such as value > 0.9 and active`)
		return nil
	}
	c, errs := condition.Parse(text, o)
	for _, wrong := range errs {
		r.fail(n, path, "%s", wrong.Message)
		last := r.errs[len(r.errs)-1]
		last.Line, last.Column = r.place(n, last, wrong)
	}
	return c
}

// place returns where in the file a place in a condition is.
func (r *reader) place(n ast.Node, at *monitor.FieldError, wrong *condition.Error) (line, column int) {
	node := r.bare(n)
	if _, block := node.(*ast.LiteralNode); block {
		line = at.Line + wrong.Line
		if line > len(r.lines) {
			return at.Line, at.Column
		}
		indent := len(r.lines[line-1]) - len(strings.TrimLeft(r.lines[line-1], " "))
		return line, indent + wrong.Column
	}
	if wrong.Line > 1 || at.Line < 1 || at.Line > len(r.lines) {
		return at.Line, at.Column
	}
	runes := []rune(r.lines[at.Line-1])
	if at.Column >= 1 && at.Column <= len(runes) && (runes[at.Column-1] == '"' || runes[at.Column-1] == '\'') {
		return at.Line, at.Column + wrong.Column
	}
	return at.Line, at.Column + wrong.Column - 1
}
