package encoding_test

import (
	"os"
	"regexp"
	"testing"

	"wingmirror/histogram/encoding"
)

func TestDocs_TheHistogramCanBeRead(t *testing.T) {
	document, err := os.ReadFile("../../docs/histograms.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`-d '(.*?)' http`).FindSubmatch(document)
	if found == nil {
		t.Fatal("there is no example")
	}
	all, err := encoding.Parse(found[1])
	if err != nil || len(all) != 1 {
		t.Fatalf("%s: %v", found[1], err)
	}
	if h, err := all[0].Histogram(nil); err != nil || h.Total() != 84 {
		t.Errorf("got %+v, %v", h, err)
	}
}
