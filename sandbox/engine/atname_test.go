package engine

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/dop251/goja/parser"
)

// written returns the source as goja gets it.
func written(source string) (string, error) {
	tree, _, err := parse(scriptFile, source)
	if err != nil {
		return "", err
	}
	return tree.File.Source(), nil
}

func TestParse_AtBecomesDollarWhereANameStands(t *testing.T) {
	for source, want := range map[string]string{
		"@a":                                "$a",
		"@a + @b2 * @timeseries[0]":         "$a + $b2 * $timeseries[0]",
		"puts('@a', \"@b\", @c)":            "puts('@a', \"@b\", $c)",
		"`@a ${@b} @c ${`${@d} @e`}`":       "`@a ${$b} @c ${`${$d} @e`}`",
		"@a // @b\n/* @c */ @d":             "$a // @b\n/* @c */ $d",
		"/@a/.test(@b) / @c / 2":            "/@a/.test($b) / $c / 2",
		"/[@a-z/]@x/g.test('x') || @a":      "/[@a-z/]@x/g.test('x') || $a",
		"const o = {@a: 1, @b}; o.@a":       "const o = {$a: 1, $b}; o.$a",
		"let {@x, y: @z = 1} = @params":     "let {$x, y: $z = 1} = $params",
		"const f = (@a, ...@b) => @a":       "const f = ($a, ...$b) => $a",
		"function @f(@x) { return @x }":     "function $f($x) { return $x }",
		"@loop: for (;;) { break @loop }":   "$loop: for (;;) { break $loop }",
		"class @K { @m() { return @a } }":   "class $K { $m() { return $a } }",
		"tag`@a ${@b}` + @a?.value":         "tag`@a ${$b}` + $a?.value",
		"@ä + @_ + @$x":                     "$ä + $_ + $$x",
		"x = 'a' + /* ' */ @b + \"\\\"@c\"": "x = 'a' + /* ' */ $b + \"\\\"@c\"",
	} {
		if got, err := written(source); err != nil || got != want {
			t.Errorf("%s\ngot  %s (%v)\nwant %s", source, got, err, want)
		}
	}
}

func TestParse_OtherUsesOfAtStayErrors(t *testing.T) {
	for _, source := range []string{"@", "@ a", "@1", "a@b", "@@a", "a @b", "@a @b", "'@a", "`@a", "@a.@", "`${@}`"} {
		if got, err := written(source); err == nil {
			t.Errorf("%q became %q", source, got)
		}
	}
}

func TestParse_ManyNamesTakeOneMoreParseNotOneEach(t *testing.T) {
	source := strings.Repeat("@a+", 10_000) + "1"
	began := time.Now()
	if _, err := written(source); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("10,000 names took %v", took)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"@a", "`${@a}`", "'@a' + @b", "/@a/ / @b", "x = {@a: 1}", "// @a\n@b", "a@b", "@a\u2028@b", "`${`@a${@b}`}`", "class A { #@a }",
		"if (@a) /@b/.test(@c)", "@a\r\n@b", "@\\u0061", "\"\\\n@a\"", "<!-- @a\n@b", "#!@a\n@b",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		if len(source) > 300 || !utf8.ValidString(source) || strings.Count(source, "(") > 8 {
			t.Skip() // the parser's time grows exponentially with some of them
		}
		_, plain := parser.ParseFile(nil, "", source, 0, parser.WithDisableSourceMaps)
		got, err := written(source)
		if plain == nil {
			if err != nil || got != source {
				t.Fatalf("valid source %q became %q, %v", source, got, err)
			}
			return
		}
		if err != nil {
			return
		}
		if len(got) != len(source) {
			t.Fatalf("%q changed its length to %q", source, got)
		}
		for i := range len(source) {
			if got[i] != source[i] && (source[i] != '@' || got[i] != '$') {
				t.Fatalf("%q changed elsewhere to %q", source, got)
			}
		}
		// Every name that was rewritten was one that the parser rejected: with
		// any one @ put back the source is no longer valid.
		for i := range len(source) {
			if got[i] == source[i] {
				continue
			}
			back := got[:i] + "@" + got[i+1:]
			if _, err := parseText("", back); err == nil {
				t.Fatalf("in %q the @ at %d was rewritten without need", source, i)
			}
		}
	})
}
