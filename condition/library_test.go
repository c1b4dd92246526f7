package condition_test

import (
	"encoding/json"
	"strings"
	"testing"

	"wingmirror/condition"
)

// TestMatch_MeansWhatTheLibraryMeans goes through the language's description,
// sentence by sentence, in strict mode.
func TestMatch_MeansWhatTheLibraryMeans(t *testing.T) {
	const fails = "fails"
	for text, want := range map[string]string{
		// literals
		`1e3 == 1000 and 1.e3 == 1000 and .5e1 == 5 and 1E-2 == 0.01`: "true",
		`0xFF == 255 and 0o777 == 511 and 0b1010 == 10`:               "true",
		`0XFF == 255`:   fails,
		`1_000 == 1000`: fails,
		`inf > 1 and -inf < 1 and not (nan == nan)`: "true",
		`nan`:                               "true", // as in Python
		`'it''s'`:                           fails,
		`"it's" == 'it\'s' and s'a' == "a"`: "true",
		`"\x41\u00e9\101\n" == "Aé` + "\\101" + `\n"`: "true",
		`"\d" == "\\d"`: "true",
		`d"2019-09-23" < d"2019-09-23T11:32:00" and d'20190923' == d"2019-09-23"`: "true",
		`d"2019-09-23T10:00:00+02:00" == d"2019-09-23T08:00:00+00:00"`:            "true",
		`d"2019-13-01" < $now`:                       fails,
		`[1, "a", null, [2]] == [1, 'a', null, [2]]`: "true",
		`[]`:            "false",
		`[false]`:       "true",
		`null`:          "false",
		`d"1970-01-01"`: "true",
		// precedence
		`true or false and false`:        "true",
		`not true or true`:               "true",
		`not (true or true)`:             "false",
		`not not active`:                 "true",
		`1 + 1 == 2 and 2 * 3 + 1 == 7`:  "true",
		`2 * 3 ** 2 == 18`:               "true",
		`-2 ** 2 == 4`:                   "true",
		`2 ** -1 == 0.5`:                 "true",
		`8 >> 1 + 1 == 5`:                "true", // (8 >> 1) + 1
		`16 >> 2 * 1 == 4`:               "true",
		`1 | 2 ^ 3 & 1 == 3`:             fails, // & of 3 and a truth value
		`(1 | 2 ^ (3 & 1)) == 3`:         "true",
		`true ? false : true ? true : 1`: "false",
		`1 > 0 ? 5 : 6`:                  "true",
		`zero ? true : empty`:            "false",
		`1 == 1 == true`:                 fails,
		`1 < 2 < 3`:                      fails,
		`1 in [1] in [true]`:             fails,
		`(1 < 2) == true`:                "true",
		`1 not in [2] and not 1 in [2]`:  "true",
		`"a" not in tags or true`:        "true",
		// equality takes any types, order equal ones
		`value == "3.2"`:                   "false",
		`value != "3.2" and active != 1`:   "true",
		`missing == null and null == null`: "true",
		`missing != 0`:                     "true",
		`missing > 1`:                      fails,
		`1 > missing`:                      fails,
		`missing >= null and null <= null`: "true",
		`missing > null`:                   "false",
		`value > "3"`:                      fails,
		`active > 0`:                       fails,
		`true > false and "b" > "a"`:       "true",
		`"Z" < "a" and "é" > "z"`:          "true",
		`[1, 2] < [1, 2, 0]`:               "true",
		`[1, 2] >= [1, 2] and [2] > [1]`:   "true",
		`[null, 1] <= [null, 2]`:           "true",
		`[1] < ["a"]`:                      fails,
		`meta > meta`:                      fails,
		// regular expressions
		`server =~ "inbox"`:                    "true",
		`server =~ "box"`:                      "false",
		`server =~~ "box"`:                     "true",
		`server !~ "box" and server !~~ "x$"`:  "true",
		`missing =~ ".*"`:                      "false",
		`missing !~ ".*" and missing !~~ ".*"`: "true",
		`value =~ "3"`:                         fails,
		`server =~ value`:                      fails,
		`server =~ "a|inbox"`:                  "true",
		`server =~ "(?i)INBOX"`:                "true",
		`server =~ "x*"`:                       "true",
		`"a\nb" =~ "a.b"`:                      "false",
		`server =~ "(.*)_(.*)" and $re_groups[1] == "01" and $re_groups.length == 2`: "true",
		// in
		`"box" in server and "" in server`: "true",
		`1 in server`:                      fails,
		`1 in value`:                       fails,
		`1 in missing`:                     fails,
		`"dc" in meta`:                     "true",
		`"a" in ["a", 1]`:                  "true",
		`null in [null]`:                   "true",
		// bits
		`6 & 2`:                       "true",
		`4 & 2`:                       "false",
		`value & 1`:                   fails,
		`-1 & 1`:                      fails,
		`1.5 | 1`:                     fails,
		`5.0 | 2`:                     "true",
		`"a" & 1`:                     fails,
		`1 << 3 == 8 and 9 >> 3 == 1`: "true",
		// arithmetic
		`7 // 2 == 3 and -7 // 2 == -4 and 7 // -2 == -4`: "true",
		`-7 % 3 == 2 and 7 % -3 == -2`:                    "true",
		`1 // 0.1 == 9`:                                   "true",
		`1 / 0`:                                           fails,
		`1 // 0`:                                          fails,
		`1 % 0`:                                           fails,
		`10 ** 400 > 0`:                                   fails,
		`0 ** -1 > 0`:                                     fails,
		`(-8) ** 0.5 > 0`:                                 fails,
		`missing + 1 > 0`:                                 fails,
		`active + 1 > 0`:                                  fails,
		`server + "x" == "inbox_01x"`:                     fails,
		`-server == 1`:                                    fails,
		// parts
		`meta.dc == "par" and meta["dc"] == "par"`: "true",
		`meta.no == 1`:                       "false",
		`missing.x == null`:                  fails,
		`missing&.x == null`:                 "true",
		`missing&.x&.y == null`:              "true",
		`missing["x"] == null`:               fails,
		`missing&["x"] == null`:              "true",
		`missing&[0:1] == null`:              "true",
		`tags[0] == "a" and tags[-1] == "b"`: "true",
		`tags[2] == "a"`:                     fails,
		`tags[0.5] == "a"`:                   fails,
		`tags[1:] == ["b"] and tags[:1] == ["a"] and tags[:] == tags`: "true",
		`tags[5:9] == []`:                                                              "true",
		`server[0] == "i" and server[-2:] == "01"`:                                     "true",
		`"é日本"[1] == "日" and "é日本".length == 3`:                                        "true",
		`tags.length == 2 and tags.is_empty == false`:                                  "true",
		`meta.keys == ["dc"] and meta.values == ["par"]`:                               "true",
		`"12".to_int == 12 and " 1.5 ".to_flt == 1.5`:                                  "true",
		`"x".to_int == 1`:                                                              fails,
		`"a b  c".to_ary == ["a", "b", "c"]`:                                           "true",
		`$now.year == 2026 and $now.weekday == "Saturday" and $now.zone_name == "UTC"`: "true",
		`$today < $now and $now.date == $today`:                                        "true",
		`$pi > 3.14159 and $e > 2.71828`:                                               "true",
		`$nothing == 1`:                                                                fails,
		// names of the language that later releases reserve
		`missing == if and while == null`: "true",
		// what is no condition
		`value = 3`:        fails,
		`value > 3 # high`: fails,
		`value >`:          fails,
		`and value`:        fails,
		`(value > 3`:       fails,
		`value > 3)`:       fails,
		`"open`:            fails,
		``:                 fails,
		`value > 3; 1`:     fails,
		`!active`:          fails,
		`active && active`: fails,
	} {
		ok, wrong := evaluate(text, condition.Options{Types: types, Strict: true})
		got := map[bool]string{true: "true", false: "false"}[ok]
		if wrong != "" {
			got = fails
		}
		if got != want {
			t.Errorf("%s: got %s (%s), want %s", text, got, wrong, want)
		}
	}
}

func TestMatch_NullNeverFailsUnlessStrict(t *testing.T) {
	for _, text := range []string{
		`missing > 1`, `1 > missing`, `missing <= missing`, `null >= null`, `missing + 1 > 0`, `-missing > 0`, `missing // 0 > 1`, `"a" in missing`,
		`missing in server`, `missing and active`, `missing & 1`, `missing ** 2 < 3`,
	} {
		if got, wrong := evaluate(text, condition.Options{Types: types}); got || wrong != "" {
			t.Errorf("%s: got %v, %s; want false", text, got, wrong)
		}
	}
}

func TestMatch_ComparingAFieldOfAnotherTypeFails(t *testing.T) {
	if _, wrong := evaluate(`text > 3`, condition.Options{}); !strings.Contains(wrong, "> cannot compare a text with a number") {
		t.Errorf("got %q", wrong)
	}
	if got, wrong := evaluate(`n > 5 and n >= 6 and n < 7 and n <= 6`, condition.Options{}); !got || wrong != "" {
		t.Errorf("got %v, %s", got, wrong)
	}
}

func TestMatch_LargeWholeNumbersAreTheirDigits(t *testing.T) {
	var r record
	d := json.NewDecoder(strings.NewReader(`{"order": 9007199254740993, "other": 9007199254740992, "huge": 123456789012345678901234567890, "float": 9007199254740993.0}`))
	d.UseNumber()
	if err := d.Decode(&r); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		`order == 9007199254740993`: true, `order == 9007199254740992`: false, `order != other`: true, `order in [9007199254740993]`: true,
		`huge == 123456789012345678901234567890`: true, `huge == 123456789012345678901234567891`: false, `order > 9007199254740990`: true, `float == 9007199254740992`: true,
		`order.to_str == "9007199254740993"`: true, `order - 1 > 9007199254740000`: true,
	} {
		c, errs := condition.Parse(text, condition.Options{})
		if len(errs) > 0 {
			t.Error(errs[0])
			continue
		}
		if got, err := c.Match(r, at); got != want || err != nil {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
	}
	if got := condition.FromJSON(json.Number("9007199254740993")).String(); got != "9007199254740993" {
		t.Errorf("as a key it is %s", got)
	}
}
