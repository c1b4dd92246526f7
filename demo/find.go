package demo

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// node is a place in the tree of metrics.
type node struct {
	path string
	leaf bool
}

// match returns the metrics whose path matches a pattern, sorted by path.
func (g *graphite) match(pattern string) ([]metric, error) {
	glob, err := compileGlob(pattern)
	if err != nil {
		return nil, err
	}
	var found []metric
	for _, m := range g.metrics {
		if glob.MatchString(m.path) {
			found = append(found, m)
		}
	}
	return found, nil
}

// nodes returns the places that match a pattern at its own depth, sorted by path.
func (g *graphite) nodes(pattern string) ([]node, error) {
	glob, err := compileGlob(pattern)
	if err != nil {
		return nil, err
	}
	depth := strings.Count(pattern, ".") + 1
	found := map[string]node{}
	for _, m := range g.metrics {
		parts := strings.Split(m.path, ".")
		if len(parts) < depth {
			continue
		}
		path := strings.Join(parts[:depth], ".")
		if glob.MatchString(path) {
			found[path] = node{path: path, leaf: len(parts) == depth}
		}
	}
	all := make([]node, 0, len(found))
	for _, path := range slices.Sorted(maps.Keys(found)) {
		all = append(all, found[path])
	}
	return all, nil
}

// compileGlob turns Graphite's wildcards (* ? [a-z] {a,b}, none of which
// crosses a dot) into a regular expression, whose matching takes linear time.
func compileGlob(pattern string) (*regexp.Regexp, error) {
	var out strings.Builder
	out.WriteString(`\A`)
	braces, brackets, first := 0, false, false
	for _, c := range pattern {
		switch {
		case brackets:
			brackets = c != ']'
			switch {
			case c == '!' && first:
				out.WriteString(`^.`)
			case c == ']' || c == '-':
				out.WriteRune(c)
			default:
				out.WriteString(regexp.QuoteMeta(string(c)))
			}
			first = false
		case c == '*':
			out.WriteString(`[^.]*`)
		case c == '?':
			out.WriteString(`[^.]`)
		case c == '[':
			brackets, first = true, true
			out.WriteByte('[')
		case c == '{':
			braces++
			out.WriteString(`(?:`)
		case c == '}' && braces > 0:
			braces--
			out.WriteByte(')')
		case c == ',' && braces > 0:
			out.WriteByte('|')
		default:
			out.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	out.WriteString(`\z`)
	glob, err := regexp.Compile(out.String())
	if err != nil {
		return nil, fmt.Errorf("the wildcards of %q are not closed", pattern)
	}
	return glob, nil
}

func (g *graphite) find(w http.ResponseWriter, r *http.Request) {
	if !form(w, r) {
		return
	}
	query, format := r.Form.Get("query"), r.Form.Get("format")
	if query == "" {
		http.Error(w, "Missing required parameter 'query'", http.StatusBadRequest)
		return
	}
	if format == "completer" && !strings.HasSuffix(query, "*") {
		query += "*"
	}
	found, err := g.nodes(query)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	switch format {
	case "", "treejson", "json":
		writeJSON(w, treeOf(query, found))
	case "completer":
		writeJSON(w, completionsOf(found))
	default:
		http.Error(w, fmt.Sprintf("unsupported format %q: this server knows treejson and completer", format), http.StatusBadRequest)
	}
}

// treeNode is a place as the tree of Graphite's own pages wants it.
type treeNode struct {
	Text          string   `json:"text"`
	ID            string   `json:"id"`
	AllowChildren int      `json:"allowChildren"`
	Expandable    int      `json:"expandable"`
	Leaf          int      `json:"leaf"`
	Context       struct{} `json:"context"`
}

// treeOf lists places once each by their last name, below the pattern's own
// path, as Graphite does for wildcards in the middle.
func treeOf(query string, found []node) []treeNode {
	base := query[:strings.LastIndexByte(query, '.')+1]
	seen := map[string]bool{}
	tree := make([]treeNode, 0, len(found))
	for _, n := range found {
		name := n.path[strings.LastIndexByte(n.path, '.')+1:]
		if seen[name] {
			continue
		}
		seen[name] = true
		entry := treeNode{Text: name, ID: base + name}
		if n.leaf {
			entry.Leaf = 1
		} else {
			entry.AllowChildren, entry.Expandable = 1, 1
		}
		tree = append(tree, entry)
	}
	return tree
}

type completion struct {
	Path   string `json:"path"`
	Name   string `json:"name"`
	IsLeaf string `json:"is_leaf"`
}

func completionsOf(found []node) map[string][]completion {
	all := make([]completion, 0, len(found))
	for _, n := range found {
		c := completion{Path: n.path, Name: n.path[strings.LastIndexByte(n.path, '.')+1:], IsLeaf: "1"}
		if !n.leaf {
			c.Path, c.IsLeaf = n.path+".", "0"
		}
		all = append(all, c)
	}
	return map[string][]completion{"metrics": all}
}

func (g *graphite) expand(w http.ResponseWriter, r *http.Request) {
	if !form(w, r) {
		return
	}
	groups := map[string][]string{}
	all := map[string]bool{}
	for _, query := range r.Form["query"] {
		found, err := g.nodes(query)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		groups[query] = []string{}
		for _, n := range found {
			if n.leaf || r.Form.Get("leavesOnly") != "1" {
				groups[query] = append(groups[query], n.path)
				all[n.path] = true
			}
		}
	}
	if r.Form.Get("groupByExpr") == "1" {
		writeJSON(w, map[string]any{"results": groups})
		return
	}
	flat := slices.AppendSeq([]string{}, maps.Keys(all))
	slices.Sort(flat)
	writeJSON(w, map[string]any{"results": flat})
}

func (g *graphite) index(w http.ResponseWriter, _ *http.Request) {
	paths := make([]string, len(g.metrics))
	for i, m := range g.metrics {
		paths[i] = m.path
	}
	writeJSON(w, paths)
}
