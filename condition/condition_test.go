package condition_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wingmirror/condition"
)

var at = time.Date(2026, 11, 21, 3, 4, 5, 0, time.UTC)

// record is a JSON object as a Record.
type record map[string]any

func (r record) Field(name string) condition.Value { return condition.FromJSON(r[name]) }

var types = condition.Types{
	"server": condition.Text, "service": condition.Text, "component": condition.Text,
	"value": condition.Number, "timestamp": condition.Number, "active": condition.Bool,
}

func sample() record {
	return record{
		"server": "inbox_01", "service": "Inbox", "component": "Load5mAvg", "value": 3.2, "timestamp": 1476057600.0, "active": true,
		"tags": []any{"a", "b"}, "meta": map[string]any{"dc": "par"}, "zero": 0.0, "empty": "", "text": "5", "n": 6.0,
	}
}

// evaluate returns the result, or the first error's message.
func evaluate(text string, o condition.Options) (bool, string) {
	c, errs := condition.Parse(text, o)
	if len(errs) > 0 {
		return false, errs[0].Error()
	}
	ok, err := c.Match(sample(), at)
	if err != nil {
		return false, err.Error()
	}
	return ok, ""
}

func TestCondition_GivesWhatTheLibraryGives(t *testing.T) {
	dir := os.Getenv("WINGMIRROR_CASES")
	if dir == "" {
		t.Skip("set WINGMIRROR_CASES to the directory of recorded cases")
	}
	data, err := os.ReadFile(filepath.Join(dir, "sereno", "condition_cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Event record
		Cases []struct {
			Expr    string
			Matches bool
			Error   string
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	for _, c := range file.Cases {
		parsed, errs := condition.Parse(c.Expr, condition.Options{Types: types, Strict: true})
		if len(errs) > 0 {
			if c.Error == "" {
				t.Errorf("%s: %v", c.Expr, errs[0])
			}
			continue
		}
		got, err := parsed.Match(file.Event, at)
		if (err != nil) != (c.Error != "") || got != c.Matches {
			t.Errorf("%s: got %v, %v; want %v, error %q", c.Expr, got, err, c.Matches, c.Error)
		}
	}
	if len(file.Cases) == 0 {
		t.Error("no cases found")
	}
}

func TestMatch_FollowsPrecedenceAndTypes(t *testing.T) {
	for text, want := range map[string]bool{
		`2**3**2 == 64`:                      true, // left to right
		`-2 ** 2 == 4`:                       true,
		`1 + 2 * 3 == 7`:                     true,
		`1 << 2 + 1 == 5`:                    true, // shift binds tighter than plus
		`not 1 == 2`:                         true,
		`1 == not 2 == 2`:                    false, // not takes all of 2 == 2
		`(6 & 3) == 2 and (6 | 1) == 7`:      true,
		`(6 ^ 3) == 5 and 1 << 4 == 16`:      true,
		`9 >> 1 == 4`:                        true,
		`-7 // 2 == -4 and -7 % 3 == 2`:      true,
		`true ? false : true`:                false,
		`value > 3 ? active : false`:         true,
		`false ? 1 : true ? 2 : 0`:           true,
		`value > 3 and tags.length == 2`:     true,
		`missing > 3`:                        false,
		`missing <= 3`:                       false,
		`missing + 1 > 0`:                    false,
		`not (missing > 3)`:                  true,
		`null == null and missing == null`:   true,
		`zero or empty or missing`:           false,
		`text == 5`:                          false,
		`text.to_flt == 5`:                   true,
		`text != 5`:                          true,
		`true == 1`:                          false,
		`"c" not in tags`:                    true,
		`"a" in tags == true`:                false, // an error, see below
		`1 == 1 not in [false]`:              true,
		`"dc" in meta and meta.dc == "par"`:  true,
		`meta["no"] == null`:                 false,
		`meta&["no"] == null`:                true,
		`missing&.length == null`:            true,
		`tags[0] == "a" and tags[-1] == "b"`: true,
		`tags&[9] == null`:                   true,
		`server[0:5] == "inbox"`:             true,
		`server[-2:] == "01"`:                true,
		`server =~ "inbox_\d+"`:              true,
		`server =~ "01"`:                     false,
		`server =~~ "01$"`:                   true,
		`server !~ "01" and server !~~ "y"`:  true,
		`missing =~ "x"`:                     false,
		`missing !~ "x"`:                     true,
		`server =~ "(\w+)_(\d+)" and $re_groups[1] == "01"`:    true,
		`d"2026-11-20" < $now and d'2026-11-21' == $today`:     true,
		`$now.hour == 3 and $now.weekday == "Saturday"`:        true,
		`inf > 1e308 and nan != nan`:                           true,
		`0x1F == 31 and 0o17 == 15 and .5 == 0.5 and 1. == 1`:  true,
		`s"a" == 'a' and "é".length == 1`:                      true,
		`"a" + "b" == "ab"`:                                    true,
		`[1, 2,] == [1, 2] and [] == []`:                       true,
		`[1, 2] < [1, 3]`:                                      true,
		"value > 3\n and\tactive":                              true,
		`$pi > 3.14 and $e < 2.72`:                             true,
		`"x".as_upper == "X" and component.as_lower =~ "load"`: true,
		`n & 1 ? true : false`:                                 true, // n & (1 ? true : false), an error
	} {
		got, wrong := evaluate(text, condition.Options{Types: types})
		failing := map[string]bool{`"a" in tags == true`: true, `meta["no"] == null`: true, `n & 1 ? true : false`: true}[text]
		if failing != (wrong != "") || !failing && got != want {
			t.Errorf("%q: got %v (%s), want %v", text, got, wrong, want)
		}
	}
}

func TestMatch_NullIsAnErrorWhereStrict(t *testing.T) {
	for _, text := range []string{`missing > 3`, `missing + 1 > 0`, `"a" in missing`} {
		if _, wrong := evaluate(text, condition.Options{Types: types, Strict: true}); wrong == "" {
			t.Errorf("%q: no error", text)
		}
		if got, wrong := evaluate(text, condition.Options{Types: types}); wrong != "" || got {
			t.Errorf("%q: got %v, %s; want false", text, got, wrong)
		}
	}
}

func TestParse_SaysWhereAndHowToMend(t *testing.T) {
	for text, want := range map[string]string{
		``:                           "column 1: the condition is empty",
		`value = 3`:                  "column 7: = is no operator here: a single = compares nothing: write ==",
		`1 < 2 < 3`:                  "column 7: a comparison ends before this: unexpected \"< \"; comparisons do not chain",
		`value > 3 && active`:        "column 11: && is no operator here: write and",
		`!active`:                    "column 1: ! is no operator here: write not",
		`value > 3 # high`:           "column 11: # is no operator here: a condition has no comments",
		`value > `:                   "column 9: a value is missing here: the condition ends too early",
		`(value > 3`:                 "column 11: a ( is not closed before this",
		`server == "a`:               "column 11: the text that starts here has no closing \"",
		`server == “a”`:              "is no quote here",
		`valeu > 3`:                  "column 1: events have no field valeu; did you mean value?",
		`value > "3"`:                "column 7: > cannot compare a number with a text",
		`active > 3`:                 "column 8: > cannot compare a truth value with a number",
		`server.lenght > 3`:          "column 8: a text has no attribute lenght; did you mean length?",
		`server =~ "("`:              "column 11: not a regular expression (RE2): missing closing )",
		`server =~ "a(?!b)"`:         "there is no looking ahead or behind",
		`$nwo > d"2020-01-01"`:       "column 1: there is no $nwo; did you mean $now?",
		`value & 1 == 0`:             "& binds looser than comparisons",
		`d"yesterday" < $now`:        "column 1: \"yesterday\" is no time",
		`value > 012`:                "it must not begin with 0",
		`value > 12abc`:              "column 9: \"12abc\" is no number",
		`value > 3 active`:           "column 11: the condition ends before this",
		`3 in value`:                 "in takes a list",
		"value > 3 and\n  vlaue < 4": "line 2, column 3: events have no field vlaue",
		`tags[`:                      "a value is missing here",
		`value > 3 and or active`:    "column 15: a value is missing here",
		strings.Repeat("(", 200):     "nested more than 100 deep",
		strings.Repeat("not ", 200):  "nested more than 100 deep",
		"\xff":                       "not UTF-8",
	} {
		_, wrong := evaluate(text, condition.Options{Types: types})
		if !strings.Contains(wrong, want) {
			t.Errorf("%.60q:\n got %s\nwant %s", text, wrong, want)
		}
	}
}

func TestParse_FindsAllErrorsAtOnce(t *testing.T) {
	_, errs := condition.Parse(`valeu > 3 and server > 4 and $nwo`, condition.Options{Types: types})
	if len(errs) != 3 {
		t.Errorf("got %d errors, want 3: %v", len(errs), errs)
	}
}

func TestParse_AcceptsNamesThatAreListed(t *testing.T) {
	if _, errs := condition.Parse(`values > 3`, condition.Options{Types: types, Fields: []string{"values"}}); len(errs) > 0 {
		t.Error(errs)
	}
}

func TestSplit_PartsWhatSelectsFromWhatTests(t *testing.T) {
	c, _ := condition.Parse(`component == "Load" and value > 4 and active and service =~ "In"`, condition.Options{Types: types})
	selects, tests := c.Split("component", "service", "server")
	if got := selects.Fields(); len(got) != 2 || got[0] != "component" || got[1] != "service" {
		t.Errorf("selects by %v", got)
	}
	if got := tests.Fields(); len(got) != 2 || got[0] != "active" {
		t.Errorf("tests %v", got)
	}
	if pinned := c.Pinned(); !maps.Equal(pinned, map[string]string{"component": "Load"}) {
		t.Errorf("pinned %v", pinned)
	}
	either, _ := condition.Parse(`component == "Load" or value > 4`, condition.Options{Types: types})
	if selects, tests := either.Split("component"); selects != nil || tests == nil || len(either.Pinned()) != 0 {
		t.Error("an or cannot be parted")
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`component == "Load5mAvg" and value >= 4.0 and active`, `a ? b[1:-1] : c&.d`, `d"2020-01-01" < $now`, `2 ** -1 % .5 // 0x1f`,
		`server =~~ "(a|b)*c" and $re_groups[0] in tags`, `not (a not in [1, "x\u00e9"])`, `missing&["x"] << 3 | 1`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, strict := range []bool{false, true} {
			c, errs := condition.Parse(text, condition.Options{Types: types, Strict: strict})
			if (c == nil) != (len(errs) > 0) {
				t.Fatalf("condition %v, errors %v", c, errs)
			}
			for _, wrong := range errs {
				if wrong.Line < 1 || wrong.Column < 1 || wrong.Message == "" {
					t.Fatalf("error without a place: %+v", wrong)
				}
			}
			if c == nil {
				continue
			}
			first, err1 := c.Match(sample(), at)
			again, err2 := c.Match(sample(), at)
			if first != again || (err1 == nil) != (err2 == nil) {
				t.Fatal("two answers to one question")
			}
			if in, rest := c.Split("component"); err1 == nil && !strict {
				whole := true
				for _, part := range []*condition.Condition{in, rest} {
					if part != nil && whole {
						ok, err := part.Match(sample(), at)
						whole = ok || err != nil && first
					}
				}
				if first && !whole {
					t.Fatal("the parts do not match what the whole does")
				}
			}
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	c, _ := condition.Parse(`component == "Load5mAvg" and value >= 4.0 and active`, condition.Options{Types: types})
	r := sample()
	for b.Loop() {
		_, _ = c.Match(r, at)
	}
}
