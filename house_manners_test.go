package wingmirror

import (
	"fmt"
	"go/ast"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// libraries calls check for each file that is no test and not of cmd.
func libraries(t *testing.T, check func(p goPackage, name string, f *ast.File)) {
	t.Helper()
	for _, p := range packages(t) {
		if floor(p.dir) == 5 || p.dir == "ui/build" {
			continue
		}
		for name, f := range p.files {
			check(p, name, f)
		}
	}
}

func TestManners_ExportedNamesAreExplained(t *testing.T) {
	for _, p := range packages(t) {
		for _, f := range p.files {
			for _, d := range f.Decls {
				for _, name := range unexplained(d) {
					t.Errorf("%s: %s has no comment, or one that does not begin with its name and end in a period", p.fset.Position(name.Pos()), name.Name)
				}
			}
		}
	}
}

// unexplained returns the exported names of a declaration that have no comment. A
// comment on a group, or behind a constant or a variable, is one for all in it.
func unexplained(d ast.Decl) []*ast.Ident {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && receiverIsExported(d) && !explains(d.Doc, d.Name.Name) {
			return []*ast.Ident{d.Name}
		}
	case *ast.GenDecl:
		var missing []*ast.Ident
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && !explains(s.Doc, s.Name.Name) && !explains(d.Doc, s.Name.Name) {
					missing = append(missing, s.Name)
				}
			case *ast.ValueSpec:
				if s.Names[0].IsExported() && s.Doc == nil && s.Comment == nil && d.Doc == nil {
					missing = append(missing, s.Names[0])
				}
			}
		}
		return missing
	}
	return nil
}

func receiverIsExported(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	exported := false
	ast.Inspect(d.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			exported = exported || id.IsExported()
		}
		return true
	})
	return exported
}

func explains(doc *ast.CommentGroup, name string) bool {
	if doc == nil {
		return false
	}
	text := strings.TrimSpace(doc.Text())
	first := strings.Fields(text)[0]
	if slices.Contains([]string{"A", "An", "The"}, first) {
		return true
	}
	return strings.TrimRight(first, ",.:'s") == strings.TrimRight(name, "s") || strings.HasPrefix(first, name) || strings.Contains(text, name)
}

func TestManners_FunctionsStayReadable(t *testing.T) {
	const mostLines, mostParameters = 100, 5
	for _, p := range packages(t) {
		for _, f := range p.files {
			for _, d := range f.Decls {
				function, ok := d.(*ast.FuncDecl)
				if !ok || function.Body == nil {
					continue
				}
				lines := p.fset.Position(function.End()).Line - p.fset.Position(function.Pos()).Line
				if lines > mostLines {
					t.Errorf("%s: %s has %d lines, at most %d", p.fset.Position(function.Pos()), function.Name.Name, lines, mostLines)
				}
				if n := function.Type.Params.NumFields(); n > mostParameters && !(n == mostParameters+1 && takesContext(function)) {
					t.Errorf("%s: %s takes %d parameters, at most %d besides the context", p.fset.Position(function.Pos()), function.Name.Name, n, mostParameters)
				}
			}
		}
	}
}

func takesContext(f *ast.FuncDecl) bool {
	sel, ok := f.Type.Params.List[0].Type.(*ast.SelectorExpr)
	return ok && sel.Sel.Name == "Context"
}

func TestManners_OnlyCmdPrints(t *testing.T) {
	libraries(t, func(p goPackage, _ string, f *ast.File) {
		calls(f, func(pkg, name string, at token.Pos) {
			if pkg == "fmt" && strings.HasPrefix(name, "Print") || pkg == "log" && name != "New" || pkg == "slog" && slices.Contains([]string{"Debug", "Info", "Warn", "Error", "Log", "Default", "SetDefault"}, name) {
				t.Errorf("%s calls %s.%s: take a writer or a logger", p.fset.Position(at), pkg, name)
			}
		})
	})
}

// calls tells of each call of a package's function.
func calls(f *ast.File, tell func(pkg, name string, at token.Pos)) {
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
			if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Obj == nil {
				tell(pkg.Name, sel.Sel.Name, call.Pos())
			}
		}
		return true
	})
}

// launches are the functions with a go statement, and who sees to the end of what
// they begin. Everything else that works in the background is begun by a WaitGroup.
var launches = map[string]string{
	"alerting/dispatcher.go: fill":           "the lane ends only when each has told ended",
	"alerting/shoutrrr/shoutrrr.go: Deliver": "the library takes no context: what is late ends by itself, into a channel with room",
	"graphite/fetch.go: launch":              "a deadline and the client's life end it, and those who wait for the call hear of it",
	"sandbox/process.go: live":               "live waits for the words of the process that it buries",
	"sandbox/process.go: awaitEnd":           "awaitEnd waits for ended",
	"sandbox/spawn.go: newSpawner":           "close waits for ended",
	"scheduler/round.go: begin":              "its tasks are in flight until finish, and Close waits for those",
	"scheduler/round.go: fetch":              "its tasks are in flight until it arrives, and Close waits for those",
	"store/store.go: Open":                   "Close waits for closed, and for the batcher's own",
	"web/backtests/stream.go: stream":        "it ends with the request, into a channel with room",
}

func TestManners_EveryGoroutineHasAnOwner(t *testing.T) {
	seen := map[string]bool{}
	libraries(t, func(p goPackage, name string, f *ast.File) {
		for _, d := range f.Decls {
			function, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			where := filepath.ToSlash(name) + ": " + function.Name.Name
			ast.Inspect(function, func(n ast.Node) bool {
				if statement, ok := n.(*ast.GoStmt); ok && !seen[where] {
					if seen[where] = true; launches[where] == "" {
						t.Errorf("%s: %s has a go statement; begin it with a WaitGroup that somebody waits for, or list it in launches", p.fset.Position(statement.Pos()), where)
					}
				}
				return true
			})
		}
	})
	for where := range launches {
		if !seen[where] {
			t.Errorf("launches lists %s, which has no go statement", where)
		}
	}
}

// A package's variable may be a sentinel, a compiled expression, a table or
// something embedded. What changes while the program runs has an owner.
func TestManners_NothingGlobalChanges(t *testing.T) {
	for _, p := range packages(t) {
		globals := map[string]bool{}
		for _, f := range p.files {
			for _, d := range f.Decls {
				if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
					for _, spec := range g.Specs {
						for _, name := range spec.(*ast.ValueSpec).Names {
							globals[name.Name] = name.Name != "_"
						}
					}
				}
			}
		}
		for _, f := range p.files {
			ast.Inspect(f, func(n ast.Node) bool {
				assign, ok := n.(*ast.AssignStmt)
				if !ok || assign.Tok == token.DEFINE {
					return true
				}
				for _, left := range assign.Lhs {
					if i, ok := left.(*ast.IndexExpr); ok {
						left = i.X
					}
					id, ok := left.(*ast.Ident)
					if ok && globals[id.Name] && (id.Obj == nil || isPackageVar(f, id)) {
						t.Errorf("%s changes the global %s", p.fset.Position(id.Pos()), id.Name)
					}
				}
				return true
			})
		}
	}
}

func isPackageVar(f *ast.File, id *ast.Ident) bool { return f.Scope.Lookup(id.Name) == id.Obj }

func TestManners_NoGrabBags(t *testing.T) {
	for _, p := range packages(t) {
		if base := filepath.Base(p.dir); slices.Contains([]string{"util", "utils", "common", "types", "helpers", "core", "pkg", "misc", "base"}, base) {
			t.Errorf("%s is named for nothing: name it for what it holds", p.dir)
		}
		for name, f := range p.files {
			if f.Name.Name == "main" && floor(p.dir) == 5 {
				continue
			}
			if base := filepath.Base(name); slices.Contains([]string{"util.go", "utils.go", "common.go", "types.go", "helpers.go", "misc.go"}, base) {
				t.Errorf("%s is named for nothing: name it for what it holds", name)
			}
		}
	}
}

// heading and link are those of Markdown.
var (
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	fenced  = regexp.MustCompile("(?ms)^```.*?^```$")
)

func TestManners_LinksOfThePagesLeadSomewhere(t *testing.T) {
	checked := 0
	for _, page := range append(glob(t, "docs/*.md"), "README.md", "CONTRIBUTING.md") {
		for _, found := range link.FindAllStringSubmatch(fenced.ReplaceAllString(read(t, page), ""), -1) {
			to, anchor, _ := strings.Cut(found[1], "#")
			if strings.Contains(to, "://") || strings.HasPrefix(to, "mailto:") || strings.HasPrefix(to, "/") {
				continue
			}
			checked++
			file := page
			if to != "" {
				file = filepath.Join(filepath.Dir(page), to)
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s links to %s, which is not there", page, found[1])
			} else if anchor != "" && !slices.Contains(anchors(read(t, file)), anchor) {
				t.Errorf("%s links to %s, but there is no such heading", page, found[1])
			}
		}
	}
	if checked < 50 {
		t.Errorf("only %d links were found", checked)
	}
}

// anchors are the names by which the headings of a page can be linked to, as
// GitHub makes them.
func anchors(text string) []string {
	var all []string
	seen := map[string]int{}
	for _, found := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		name := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r > 127:
				return r
			}
			return -1
		}, strings.ToLower(found[1]))
		if n := seen[name]; n > 0 {
			all = append(all, fmt.Sprintf("%s-%d", name, n))
		} else {
			all = append(all, name)
		}
		seen[name]++
	}
	return all
}

// Every page of the docs is in the README's list.
func TestManners_EveryPageIsListed(t *testing.T) {
	readme := read(t, "README.md")
	for _, page := range glob(t, "docs/*.md") {
		if !strings.Contains(readme, "("+filepath.ToSlash(page)+")") {
			t.Errorf("README.md does not list %s", page)
		}
	}
}

// The design page tells of every package, and the tests that it names are there.
// Rooms and what only tests import go without saying.
func TestManners_DesignIsTrue(t *testing.T) {
	design := read(t, "docs/design.md")
	tests := map[string]bool{}
	for _, p := range packages(t) {
		for _, f := range p.tests {
			for _, d := range f.Decls {
				if function, ok := d.(*ast.FuncDecl); ok {
					tests[function.Name.Name] = true
				}
			}
		}
		room := strings.HasPrefix(p.dir, "web/")
		if base := filepath.Base(p.dir); !room && len(p.files) > 0 && !strings.HasSuffix(base, "test") && !strings.Contains(design, base) {
			t.Errorf("docs/design.md does not tell of %s", p.dir)
		}
	}
	house := regexp.MustCompile(`(?m)^func (Test\w+)`)
	for _, file := range glob(t, "*_test.go") {
		for _, found := range house.FindAllStringSubmatch(read(t, file), -1) {
			tests[found[1]] = true
		}
	}
	for _, page := range append(glob(t, "docs/*.md"), "README.md", "CONTRIBUTING.md") {
		for _, name := range regexp.MustCompile("`(Test[A-Z]\\w*_\\w+)`").FindAllStringSubmatch(read(t, page), -1) {
			if !tests[name[1]] {
				t.Errorf("%s names %s, which is no test", page, name[1])
			}
		}
	}
}

// unfinished are words of things that are not done.
var unfinished = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|HA` + `CK)\b`)

func TestManners_NothingIsLeftForLater(t *testing.T) {
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules" || d.Name() == "dist" || d.Name() == "testdata") {
			if d != nil && d.IsDir() {
				return filepath.SkipDir
			}
			return err
		}
		if !d.Type().IsRegular() || !slices.Contains([]string{".go", ".ts", ".css", ".html", ".md", ".js", ".sql", ".sh"}, filepath.Ext(name)) {
			return nil
		}
		if found := unfinished.FindString(read(t, name)); found != "" {
			t.Errorf("%s says %s", name, found)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: nothing is there (%v)", pattern, err)
	}
	return names
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
