// Command build bundles the scripts and styles of ui/src into ui/dist, which is
// committed, so that building and testing Wingmirror need no Node. The same
// sources and the locked libraries give the same bytes on every machine.
//
// Run it from the top of the module, after npm ci in ui:
//
//	go run ./ui/build          writes ui/dist
//	go run ./ui/build -check   fails when ui/dist is not what the sources give
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"

	"github.com/evanw/esbuild/pkg/api"
)

const (
	sources = "ui/src"
	dist    = "ui/dist"
	modules = "ui/node_modules"
)

// entries are the bundles. A page loads site and at most one of the others.
func entries() []string {
	return []string{"site.ts", "editor.ts", "chart.ts", "silences.ts", "heartbeats.ts", "board.ts", "rules.ts", "histograms.css"}
}

func main() {
	check := flag.Bool("check", false, "compare ui/dist with what the sources give, and write nothing")
	flag.Parse()
	if err := run(*check); err != nil {
		fmt.Fprintln(os.Stderr, "ui/build:", err)
		os.Exit(1)
	}
}

func run(check bool) error {
	if _, err := os.Stat(modules); errors.Is(err, fs.ErrNotExist) {
		if check {
			fmt.Println("skipped: ui/node_modules is missing; run npm ci in ui first")
			return nil
		}
		return errors.New("ui/node_modules is missing; run npm ci in ui first")
	}
	files, err := bundle()
	if err != nil {
		return err
	}
	if check {
		return compare(files)
	}
	return write(files)
}

// bundle returns the content of every file of dist by its base name.
func bundle() (map[string][]byte, error) {
	points := make([]string, 0, len(entries()))
	for _, name := range entries() {
		points = append(points, filepath.Join(sources, name))
	}
	result := api.Build(api.BuildOptions{
		EntryPoints:       points,
		Outdir:            dist,
		Bundle:            true,
		Format:            api.FormatESModule,
		Target:            api.ES2022,
		Charset:           api.CharsetUTF8,
		LegalComments:     api.LegalCommentsNone,
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		TreeShaking:       api.TreeShakingTrue,
		LogLevel:          api.LogLevelWarning,
	})
	if len(result.Errors) > 0 {
		return nil, fmt.Errorf("%d errors in %s", len(result.Errors), sources)
	}
	files := map[string][]byte{}
	for _, f := range result.OutputFiles {
		files[filepath.Base(f.Path)] = f.Contents
	}
	return files, nil
}

func write(files map[string][]byte) error {
	if err := os.RemoveAll(dist); err != nil {
		return fmt.Errorf("empty %s: %w", dist, err)
	}
	if err := os.MkdirAll(dist, 0o755); err != nil {
		return fmt.Errorf("make %s: %w", dist, err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dist, name), content, 0o644); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return nil
}

func compare(files map[string][]byte) error {
	var stale []string
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(dist, name))
		if err != nil || !bytes.Equal(got, want) {
			stale = append(stale, name)
		}
	}
	committed, err := os.ReadDir(dist)
	if err != nil {
		return fmt.Errorf("read %s: %w", dist, err)
	}
	for _, f := range committed {
		if _, ok := files[f.Name()]; !ok {
			stale = append(stale, f.Name())
		}
	}
	if len(stale) > 0 {
		sort.Strings(stale)
		return fmt.Errorf("%v in %s are not what %s gives; run go run ./ui/build", stale, dist, sources)
	}
	return nil
}
