package target_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"wingmirror/target"
)

func ExampleParse() {
	expr, err := target.Parse(`alias( sumSeries(app.{web1,web2}.rate), "both" )`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(expr)
	fmt.Println(expr.Functions(), expr.Paths())
	_, err = target.Parse("sumSeries(app.web1.rate")
	fmt.Println(err)
	// Output:
	// alias(sumSeries(app.{web1,web2}.rate),"both")
	// [alias sumSeries] [app.{web1,web2}.rate]
	// column 10: the ( of sumSeries is never closed: add )
}

func TestParse_AcceptsWhatServersAccept(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"a.b.c", "a.b.c"},
		{"  a.b  ", "a.b"},
		{"a.*.b[0-9]?.{c,d}-e_f", "a.*.b[0-9]?.{c,d}-e_f"},
		{"a.{b.{c,d},e}", "a.{b.{c,d},e}"},
		{"disk.used;dc=fra;rack=r1", "disk.used;dc=fra;rack=r1"},
		{`a\(b\).c\,d`, `a\(b\).c\,d`},
		{"5min.count", "5min.count"},
		{"a.b%c:d#e/f@g", "a.b%c:d#e/f@g"},
		{"zürich.*", "zürich.*"},
		{"f()", "f()"},
		{"f( a , 1 )", "f(a,1)"},
		{"f\n(\n\ta,\n\t1\n)", "f(a,1)"},
		{"f(a, -1, 1.5, 2e3, -2.5E-7, +4)", "f(a,-1,1.5,2e3,-2.5E-7,+4)"},
		{"f(a, True, false, None, inf)", "f(a,True,false,None,inf)"},
		{`f(a, "x'y", 'x"y', "x\"y", '')`, `f(a,"x'y",'x"y',"x\"y",'')`},
		{"f(a, b, func='sum', n = 3)", "f(a,b,func='sum',n=3)"},
		{"f(n=3, a)", "f(n=3,a)"},
		{"f(a=)", "f(a=)"},
		{"seriesByTag('name=x', \"dc!=fra\")", "seriesByTag('name=x',\"dc!=fra\")"},
		{"template(app.$h.x, h=\"web1\")", "template(app.$h.x,h=\"web1\")"},
		{"a.b | scale( 2 ) |alias('x')", "a.b|scale(2)|alias('x')"},
		{"f(a|g(1),2)", "f(a|g(1),2)"},
		{"f(5min.x)", "f(5min.x)"},
		{"f(truely)", "f(truely)"},
	} {
		expr, err := target.Parse(row.text)
		if err != nil {
			t.Errorf("Parse(%q): %v", row.text, err)
			continue
		}
		if got := expr.String(); got != row.want {
			t.Errorf("Parse(%q) = %q, want %q", row.text, got, row.want)
		}
		again, err := target.Parse(expr.String())
		if err != nil || !reflect.DeepEqual(expr, again) {
			t.Errorf("%q does not parse back: %v, %s", row.text, err, cmp.Diff(expr, again))
		}
	}
}

func TestParse_ErrorsHaveAColumnAndAFix(t *testing.T) {
	for _, row := range []struct {
		text   string
		column int
		want   string
	}{
		{"alias@(x)", 6, "is not a function name"},
		{"sumSeries(a", 10, "the ( of sumSeries is never closed: add )"},
		{"sumSeries(a,", 10, "never closed"},
		{"f(g(a)", 2, "the ( of f is never closed"},
		{"f(a))", 5, "no ( for this )"},
		{"é.f(a))", 1, "not a function name"},
		{"éé, b", 3, "a line of its own"},
		{"f(a, 'x)", 6, "this quote is never closed: add '"},
		{"f(a,,b)", 5, `missing before ",b)"`},
		{"f(a,)", 5, `missing before ")"`},
		{"f(a b)", 5, `expected , or ) before "b)"`},
		{"a.{b,c", 3, "this { is never closed"},
		{"a.{b c}", 3, "this { is never closed"},
		{"a.b}", 4, "no { for this }"},
		{"foo bar", 5, "quotes around a text with spaces"},
		{"a|b", 3, "a function call such as alias('name') must follow |"},
		{"a||f()", 3, "missing"},
		{"5", 1, "5 is a value, not a target"},
		{"'x'", 1, "is a value, not a target"},
		{"None", 1, "is a value, not a target"},
		{"", 1, "the target is empty"},
		{"   ", 1, "the target is empty"},
		{`a\`, 2, "a backslash cannot be the last character"},
		{"a\x00b", 2, "cannot be part of a target"},
		{"a\xffb", 2, "cannot be part of a target"},
		{"f(a,'x\ny')", 7, "the line ends inside a quoted text"},
		{"foo bar(((", 5, "unexpected"},
	} {
		_, err := target.Parse(row.text)
		wrong, ok := errors.AsType[*target.Error](err)
		if !ok {
			t.Errorf("Parse(%q) = %v, want an error", row.text, err)
			continue
		}
		if wrong.Column != row.column || !strings.Contains(wrong.Message, row.want) {
			t.Errorf("Parse(%q): %v, want column %d: ...%s...", row.text, err, row.column, row.want)
		}
	}
}

func TestParse_DepthIsBounded(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("f(", n) + "a" + strings.Repeat(")", n) }
	if _, err := target.Parse(nested(target.MaxDepth)); err != nil {
		t.Errorf("depth %d: %v", target.MaxDepth, err)
	}
	for _, text := range []string{
		nested(target.MaxDepth + 1),
		strings.Repeat("f(", 30000),
		"a" + strings.Repeat("|f()", target.MaxDepth+1),
		strings.Repeat("{", target.MaxDepth+1) + strings.Repeat("}", target.MaxDepth+1),
		strings.Repeat("a", target.MaxLength+1),
	} {
		if _, err := target.Parse(text); err == nil {
			t.Errorf("a target of %d bytes starting with %.12q was accepted", len(text), text)
		}
	}
}

func TestPaths_AreWhatTheServerReads(t *testing.T) {
	for _, row := range []struct {
		text  string
		paths []string
	}{
		{"alias(color(summarize(a.b,'1h'),'red'),'x')", []string{"a.b"}},
		{"asPercent(a.b, sumSeries(a.*, a.b))", []string{"a.b", "a.*"}},
		{"sumSeries(seriesByTag('name=x', 'dc=fra'))", []string{"seriesByTag('name=x','dc=fra')"}},
		{"template(app.$h.$1.rate, h='web1', web2)", []string{"app.web1.$1.rate"}},
		{"template(app.$1.rate, 'web1')", []string{"app.web1.rate"}},
		{"template(scale(app.$h.rate, $n), h='web1', n=3)", []string{"app.web1.rate"}},
		{"a|scale(3)", []string{"a"}},
		{"constantLine(3)", nil},
	} {
		expr, err := target.Parse(row.text)
		if err != nil {
			t.Errorf("Parse(%q): %v", row.text, err)
			continue
		}
		if diff := cmp.Diff(row.paths, expr.Paths()); diff != "" {
			t.Errorf("Paths of %q (-want +got):\n%s", row.text, diff)
		}
	}
}

func TestFunctions_OutermostFirst(t *testing.T) {
	expr, err := target.Parse("alias(color(summarize(a.b,'1h'),'red'),'x')|alias('y')|sumSeries()")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"sumSeries", "alias", "color", "summarize"}
	if diff := cmp.Diff(want, expr.Functions()); diff != "" {
		t.Errorf("Functions (-want +got):\n%s", diff)
	}
}

func TestIsComment(t *testing.T) {
	for text, want := range map[string]bool{"": true, " \t": true, "# x": true, "  #alias(a,'b')": true, "a#b": false, "a": false} {
		if got := target.IsComment(text); got != want {
			t.Errorf("IsComment(%q) = %v, want %v", text, got, want)
		}
	}
}

// realTargets are strings that people ran for years.
func realTargets(tb testing.TB) []string {
	tb.Helper()
	dir := os.Getenv("WINGMIRROR_CASES")
	if dir == "" {
		tb.Skip("WINGMIRROR_CASES is not set")
	}
	data, err := os.ReadFile(filepath.Join(dir, "rearview", "graphite-targets.yml"))
	if err != nil {
		tb.Fatal(err)
	}
	var targets []string
	if err := yaml.Unmarshal(data, &targets); err != nil {
		tb.Fatal(err)
	}
	return targets
}

func TestParse_RealTargets(t *testing.T) {
	targets := realTargets(t)
	comments := 0
	for _, text := range targets {
		if target.IsComment(text) {
			comments++
			continue
		}
		expr, err := target.Parse(text)
		if err != nil {
			t.Errorf("Parse(%q): %v", text, err)
			continue
		}
		if len(expr.Paths()) == 0 {
			t.Errorf("%q has no path", text)
		}
		if got, want := strings.ReplaceAll(expr.String(), " ", ""), strings.ReplaceAll(text, " ", ""); got != want {
			t.Errorf("String() = %q, want %q", got, want)
		}
	}
	if len(targets) < 290 || comments == 0 {
		t.Errorf("read %d targets with %d comments: the file is not what it was", len(targets), comments)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"alias(summarize(a.{b,c}.*, \"1h\", 'sum'), \"x\\\"y\")", "a|f(1)|g(x=2)", "template(a.$h, h='b')",
		"f(a=,b==c,d=e|g())", "seriesByTag('a=b')", "f(-1.5e-3,None,inf,true)", "a;b=c", "{a,{b}}", "alias@(x)", "f(((",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		expr, err := target.Parse(text)
		if err != nil {
			wrong, ok := errors.AsType[*target.Error](err)
			if !ok || wrong.Column < 1 || wrong.Message == "" {
				t.Fatalf("Parse(%q) = %#v", text, err)
			}
			return
		}
		again, err := target.Parse(expr.String())
		if err != nil {
			t.Fatalf("%q became %q: %v", text, expr, err)
		}
		if !reflect.DeepEqual(expr, again) {
			t.Fatalf("%q became %q:\n%s", text, expr, cmp.Diff(expr, again))
		}
		expr.Paths()
		expr.Functions()
	})
}
