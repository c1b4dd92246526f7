package medusa_test

import (
	"maps"
	"strings"
	"testing"

	"wingmirror/histogram/medusa"
)

func TestEDN_ReadsMapsAsClojureWritesThem(t *testing.T) {
	for text, want := range map[string]map[string]any{
		`{:name "GC_MS", :url "http://x"}`:                                  {"name": "GC_MS", "url": "http://x"},
		"{:name\"a\" ; the name\n :description \"é \\\"q\\\" \\u00e9\\n\"}": {"name": "a", "description": "é \"q\" é\n"},
		`{:op :subscribe :detector-id 1, "metric-id" -2}`:                   {"op": "subscribe", "detector-id": int64(1), "metric-id": int64(-2)},
		` {} `:                      {},
		`{:a nil :b true :c false}`: {"a": nil, "b": true, "c": false},
	} {
		got, err := medusa.ReadEDN(text)
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("%s: got %v, %v; want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		``: "at byte 0", `[1]`: "a map", `{:a}`: "at byte 3", `{:a 1`: "at byte 5", `{:a "x}`: "no closing quote", `{:a 1.5}`: "at byte 4",
		`{1 2}`: "a keyword", `{:a 1} x`: "nothing may follow", `{:a "\q"}`: "no such escape", `{:a 1 :a 2}`: "of its own", `{: 1}`: "at byte 1", "{:a \"\xff\"}": "UTF-8",
	} {
		if _, err := medusa.ReadEDN(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

func FuzzReadEDN(f *testing.F) {
	f.Add(`{:name "a\u00e9\"", :id -1 ; c` + "\n}")
	f.Fuzz(func(t *testing.T, text string) {
		read, err := medusa.ReadEDN(text)
		if err != nil {
			return
		}
		for name, v := range read {
			if strings.ContainsAny(name, " \t\r\n,;\"{}()[]") || name == "" || v == nil {
				return // written as a text, or nil
			}
		}
		if again, err := medusa.ReadEDN(medusa.WriteEDN(read)); err != nil || !maps.Equal(again, read) {
			t.Fatalf("%v became %v, %v", read, again, err)
		}
	})
}
