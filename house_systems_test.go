package wingmirror

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"

	load "golang.org/x/tools/go/packages"
)

// The program is for other systems, too. Their files are checked from source as
// the compiler would, without compiling everything once more for each of them.
func TestOtherSystems_CanBuildIt(t *testing.T) {
	if testing.Short() {
		t.Skip("reads the sources of all dependencies")
	}
	for _, system := range []string{"darwin", "windows"} {
		t.Run(system, func(t *testing.T) {
			all, err := load.Load(&load.Config{
				Mode: load.NeedName | load.NeedFiles | load.NeedImports | load.NeedDeps |
					load.NeedTypes | load.NeedSyntax | load.NeedTypesSizes,
				Env:       append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0"),
				ParseFile: parseOurs,
				Fset:      token.NewFileSet(),
			}, "./cmd/...")
			if err != nil {
				t.Fatal(err)
			}
			load.Visit(all, nil, func(p *load.Package) {
				if strings.HasPrefix(p.PkgPath, "wingmirror/") {
					for _, e := range p.Errors {
						t.Error(e)
					}
				}
			})
		})
	}
}

// parseOurs parses a file, and leaves out what functions of other modules do.
func parseOurs(fset *token.FileSet, name string, text []byte) (*ast.File, error) {
	f, err := parser.ParseFile(fset, name, text, parser.SkipObjectResolution)
	if here, _ := os.Getwd(); f == nil || strings.HasPrefix(name, here+string(os.PathSeparator)) {
		return f, err
	}
	for _, d := range f.Decls {
		if function, ok := d.(*ast.FuncDecl); ok {
			function.Body = nil
		}
	}
	return f, err
}
