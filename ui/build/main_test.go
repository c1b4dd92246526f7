package main

import (
	"errors"
	"io/fs"
	"os"
	"testing"
)

func TestDist_IsWhatTheSourcesGive(t *testing.T) {
	t.Chdir("../..")
	if _, err := os.Stat(modules); errors.Is(err, fs.ErrNotExist) {
		t.Skip("ui/node_modules is missing: run npm ci in ui")
	}
	first, err := bundle()
	if err != nil {
		t.Fatal(err)
	}
	if err := compare(first); err != nil {
		t.Error(err)
	}
}
