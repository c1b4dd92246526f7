package graphite_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"wingmirror/graphite"
)

func TestReason_FirstMeaningfulLine(t *testing.T) {
	for page, want := range map[string]string{
		"":                                "",
		" \n\n plain words \nmore":        "plain words",
		`{"error": "no \"such\" thing"}`:  `no "such" thing`,
		`{"status":500,"message":"late"}`: "late",
		"Bad Request\n\nTarget    : a b(\nError : missing comma\n": "Target: a b(; Error: missing comma",
		"f(x): unknown function: &amp;#34;f&amp;#34;":              `f(x): unknown function: "f"`,
		"<!doctype html>\n<html><head><title>Not Found</title><style>x{}</style></head><body><h1>Not Found</h1><p>Nothing <b>here</b>.</p></body></html>": "Nothing here.",
		"<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center><hr>nginx</body></html>":                         "502 Bad Gateway",
		"<body><script>alert('x')</script><p>&lt;script&gt;alert(1)&lt;/script&gt; said\x1b[31m the\u202e server</p></body>":                              "<script>alert(1)</script> said[31m the server",
		"Traceback (most recent call last):\n  File \"x\", line 1\n    f()\nKeyError: 'a'\n":                                                              "KeyError: 'a'",
		"\x00\x01\x02binary": "binary data",
	} {
		if got := graphite.Reason([]byte(page)); got != want {
			t.Errorf("Reason(%q) = %q, want %q", page, got, want)
		}
	}
	long := graphite.Reason([]byte(strings.Repeat("é", 1000)))
	if len(long) > 310 || !utf8.ValidString(long) || !strings.HasSuffix(long, "é ...") {
		t.Errorf("cut to %q", long)
	}
}

func FuzzReason(f *testing.F) {
	f.Add([]byte("<html><title>x</title><p>&amp;lt;y"))
	f.Add([]byte("Traceback (most recent call last):\n x\ny"))
	f.Add([]byte(`{"error":"a\nb"}`))
	f.Fuzz(func(t *testing.T, page []byte) {
		got := graphite.Reason(page)
		if len(got) > 310 || !utf8.ValidString(got) || strings.ContainsFunc(got, unicode.IsControl) {
			t.Fatalf("Reason(%q) = %q", page, got)
		}
	})
}
