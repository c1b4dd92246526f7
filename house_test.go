package wingmirror

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// floors gives every package its floor. A package imports only packages of
// lower floors, and its own parents: a child package knows its parent, a parent
// never its children.
var floors = map[string]int{
	"condition": 0, "crontab": 0, "oncalendar": 0, "target": 0, "anomaly": 0, "distribution": 0, "stdlib": 0, "migrations": 0, "outbound": 0,
	"monitor":  1,
	"graphite": 2, "sandbox": 2, "store": 2, "ui": 2, "demo": 2,
	"scheduler": 3, "alerting": 3, "account": 3,
	"heartbeat": 3, "event": 3, "histogram": 3, "board": 3,
	"web":         4,
	"cmd":         5,
	"integration": 5,
}

// goPackage is one directory of Go files, as far as these tests look at it.
type goPackage struct {
	dir   string // slash-separated, relative to the module
	files map[string]*ast.File
	tests map[string]*ast.File
	fset  *token.FileSet
}

// floor returns the floor of a package of this module, or -1.
func floor(dir string) int {
	top, _, _ := strings.Cut(dir, "/")
	if f, ok := floors[top]; ok {
		return f
	}
	return -1
}

// packages returns every package of this module, parsed.
func packages(t *testing.T) []goPackage {
	t.Helper()
	all, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 5 {
		t.Fatalf("found only %d packages: the walk is broken", len(all))
	}
	return all
}

var parsed = sync.OnceValues(func() ([]goPackage, error) {
	byDir := map[string]*goPackage{}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			base := d.Name()
			if name != "." && (strings.HasPrefix(base, ".") || base == "node_modules" || base == "testdata" || base == "dist") {
				return filepath.SkipDir
			}
			return nil
		}
		dir := filepath.ToSlash(filepath.Dir(name))
		if !strings.HasSuffix(name, ".go") || dir == "." {
			return nil
		}
		p := byDir[dir]
		if p == nil {
			p = &goPackage{dir: dir, files: map[string]*ast.File{}, tests: map[string]*ast.File{}, fset: token.NewFileSet()}
			byDir[dir] = p
		}
		f, err := parser.ParseFile(p.fset, name, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		if strings.HasSuffix(name, "_test.go") {
			p.tests[name] = f
		} else {
			p.files[name] = f
		}
		return nil
	})
	var all []goPackage
	for _, p := range byDir {
		all = append(all, *p)
	}
	return all, err
})

func imports(f *ast.File) []string {
	var all []string
	for _, spec := range f.Imports {
		all = append(all, strings.Trim(spec.Path.Value, `"`))
	}
	return all
}

func TestHouse_ArrowsPointDown(t *testing.T) {
	for _, p := range packages(t) {
		if floor(p.dir) < 0 {
			t.Errorf("%s stands on no floor: add it to floors and to docs/design.md", p.dir)
			continue
		}
		for name, f := range p.files {
			for _, imported := range imports(f) {
				dir, ok := strings.CutPrefix(imported, "wingmirror/")
				if !ok {
					continue
				}
				lower := floor(dir) < floor(p.dir)
				ownParent := strings.HasPrefix(p.dir, dir+"/")
				sibling := path.Dir(dir) == path.Dir(p.dir) && strings.Contains(dir, "/")
				if !lower && !ownParent && !sibling {
					t.Errorf("%s imports %s, which is not on a lower floor", name, dir)
				}
			}
		}
	}
}

// Only the worker process may run or even parse a script: the engine bounds
// neither memory nor time by itself.
func TestHouse_NoScriptReachesTheServer(t *testing.T) {
	allowed := map[string][]string{
		"github.com/dop251/goja":    {"sandbox/engine"},
		"wingmirror/sandbox/engine": {"sandbox/worker"},
		"wingmirror/sandbox/worker": {"cmd/wingmirror"},
	}
	for _, p := range packages(t) {
		for name, f := range p.files {
			for _, imported := range imports(f) {
				for guarded, where := range allowed {
					inside := imported == guarded || strings.HasPrefix(imported, guarded+"/")
					if inside && !slices.Contains(where, p.dir) {
						t.Errorf("%s imports %s; only %v may", name, imported, where)
					}
				}
				if imported == "wingmirror/sandbox/worker" && filepath.Base(name) != "worker.go" {
					t.Errorf("%s imports the worker; only cmd/wingmirror/worker.go may", name)
				}
			}
		}
	}
}

func TestHouse_EveryPackageHasAComment(t *testing.T) {
	for _, p := range packages(t) {
		if len(p.files) == 0 {
			continue
		}
		found := 0
		for _, f := range p.files {
			if f.Doc != nil {
				found++
			}
		}
		if found != 1 {
			t.Errorf("%s has %d package comments, want 1", p.dir, found)
		}
	}
}

func TestHouse_FilesStayReadable(t *testing.T) {
	for _, p := range packages(t) {
		check := func(files map[string]*ast.File, most int) {
			for name, f := range files {
				if lines := p.fset.File(f.Pos()).LineCount(); lines > most {
					t.Errorf("%s has %d lines, at most %d: split it by noun", name, lines, most)
				}
			}
		}
		check(p.files, 700)
		check(p.tests, 900)
	}
}

func TestHouse_OnlyCmdTouchesTheProcess(t *testing.T) {
	forbidden := []string{"Getenv", "LookupEnv", "Args", "Exit", "Setenv"}
	for _, p := range packages(t) {
		if floor(p.dir) == 5 || p.dir == "ui/build" {
			continue
		}
		for name, f := range p.files {
			ast.Inspect(f, func(n ast.Node) bool {
				if decl, ok := n.(*ast.FuncDecl); ok && decl.Recv == nil && decl.Name.Name == "init" {
					t.Errorf("%s has an init function", name)
				}
				sel, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				pkg, ok := sel.X.(*ast.Ident)
				if ok && pkg.Name == "os" && slices.Contains(forbidden, sel.Sel.Name) && !mayTouchProcess(p.dir) {
					t.Errorf("%s uses os.%s; only cmd may", p.fset.Position(sel.Pos()), sel.Sel.Name)
				}
				return true
			})
		}
	}
}

// mayTouchProcess lists the places below cmd that end or start processes by
// their nature.
func mayTouchProcess(dir string) bool {
	return dir == "sandbox/worker" || strings.HasSuffix(dir, "test")
}

func TestHouse_ClockIsPassedDown(t *testing.T) {
	for _, p := range packages(t) {
		if floor(p.dir) > 1 {
			continue
		}
		for _, f := range p.files {
			ast.Inspect(f, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "time" && (sel.Sel.Name == "Now" || sel.Sel.Name == "Since") {
					t.Errorf("%s reads the clock; pass the time down", p.fset.Position(sel.Pos()))
				}
				return true
			})
		}
	}
}

func TestHouse_NoTracesOfAMachine(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == ".git" || d.Name() == "node_modules" {
				return filepath.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() {
			return nil
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if binary := bytes.IndexByte(data, 0) >= 0; !binary && bytes.Contains(data, []byte(here+"/")) {
			t.Errorf("%s names a path of this machine", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
