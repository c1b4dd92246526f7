package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"wingmirror/monitor"
	"wingmirror/sandbox"
)

// readLibrary reads the .js files of a directory of helpers, in name order; ""
// is none.
func readLibrary(dir string) ([]sandbox.File, error) {
	if dir == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, monitor.Invalid("stdlib", "%v", err)
	}
	var files []sandbox.File
	for _, entry := range entries {
		if entry.IsDir() || filepath.Ext(entry.Name()) != ".js" {
			continue
		}
		source, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, monitor.Invalid("stdlib", "%v", err)
		}
		files = append(files, sandbox.File{Name: entry.Name(), Source: string(source)})
	}
	slices.SortFunc(files, func(a, b sandbox.File) int { return strings.Compare(a.Name, b.Name) })
	return files, nil
}

// withPlaces writes errors about helper files as file:line:column: message. The
// result wraps what err wraps.
func withPlaces(err error) error {
	var places monitor.FieldErrors
	for _, wrong := range monitor.AllFieldErrors(err) {
		if wrong.Line == 0 {
			return err
		}
		places = append(places, monitor.Invalid("", "%s:%d:%d: %s", wrong.Field, wrong.Line, max(1, wrong.Column), wrong.Message))
	}
	if places == nil {
		return err
	}
	return places
}

// library keeps the scripts' helpers as they are in their directory.
type library struct {
	dir  string
	pool interface {
		SetLibrary(ctx context.Context, files []sandbox.File) error
	}
	changed func(ctx context.Context, files []sandbox.File, at time.Time) // files are in force; nil: nobody needs to know
	log     *slog.Logger
}

// libraryEvery is how often the directory is looked at. Looking costs as much as
// reading it, and edits are rare.
const libraryEvery = 5 * time.Second

// follow puts changed helpers in force until ctx ends. Files that do not compile
// are refused with their places in the log, and the old ones stay in force.
func (l library) follow(ctx context.Context, inForce []sandbox.File) {
	if l.dir == "" {
		return
	}
	ticks := time.NewTicker(libraryEvery)
	defer ticks.Stop()
	refused := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		files, err := readLibrary(l.dir)
		if err == nil && slices.Equal(files, inForce) {
			refused = ""
			continue
		}
		if err == nil {
			err = l.pool.SetLibrary(ctx, files)
		}
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			inForce, refused = files, ""
			if l.changed != nil {
				l.changed(ctx, files, time.Now())
			}
			l.log.Info("helper files are in force", "directory", l.dir, "files", len(files))
		case err.Error() != refused:
			refused = err.Error()
			l.log.Error("changed helper files are refused; the old ones stay in force", "directory", l.dir, "error", withPlaces(err))
		}
	}
}
