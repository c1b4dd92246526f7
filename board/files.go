package board

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"path"
	"slices"
	"strings"

	"wingmirror/monitor"
)

// Shelf keeps the files of a board as they were when they could last be used, so
// that a start knows them, too.
type Shelf interface {
	// BoardFiles returns the texts by the files' names.
	BoardFiles(ctx context.Context) (map[string]string, error)
	// SaveBoardFiles keeps these texts and no others.
	SaveBoardFiles(ctx context.Context, texts map[string]string) error
}

// Files are the files of a directory and what they said when they could last be
// used. A file that cannot be used now counts as it was then, and stops none of
// the others. It is for one goroutine.
type Files struct {
	dir     fs.FS
	checker Checker
	shelf   Shelf
	log     *slog.Logger

	good   map[string]string // texts that could be used last; nil until they are known
	stored bool              // good is on the shelf
}

// NewFiles returns the files of a directory. Nothing is read yet.
func NewFiles(dir fs.FS, checker Checker, shelf Shelf, log *slog.Logger) *Files {
	return &Files{dir: dir, checker: checker, shelf: shelf, log: log}
}

// Read returns what the files say, and everything that is wrong with them. What
// is returned can always be used. Of a file that never could, whatever can be
// told of its components is there, with Fault set.
func (f *Files) Read(ctx context.Context) (Config, Problems) {
	found := readFiles(f.dir)
	f.recall(ctx)
	now := map[string]parsed{}
	problems := slices.Clone(found.problems)
	for name, text := range found.texts {
		one := parseText(name, text, f.checker)
		now[name] = one
		problems = append(problems, one.problems...)
	}
	before := map[string]parsed{}
	for name, text := range f.good {
		before[name] = parseText(name, text, f.checker)
	}
	taken, refused := choose(before, now, found)
	problems = append(problems, refused...)
	config, good := join(taken), map[string]string{}
	for name, one := range taken {
		good[name] = one.text
	}
	if len(problems) > 0 {
		for name := range config.retain(before) {
			good[name] = f.good[name]
		}
	}
	config.salvage(now, taken)
	f.keep(ctx, good)
	slices.SortStableFunc(problems, func(a, b Problem) int { return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line)) })
	return config, slices.Compact(problems)
}

// recall asks the shelf until it has answered once.
func (f *Files) recall(ctx context.Context) {
	if f.good != nil {
		return
	}
	texts, err := f.shelf.BoardFiles(ctx)
	if err != nil {
		f.log.Error("what the board's files said last is not known", "error", err)
		return
	}
	if f.good, f.stored = texts, true; texts == nil {
		f.good = map[string]string{}
	}
}

// keep notes what can be used, and stores it when it is news.
func (f *Files) keep(ctx context.Context, good map[string]string) {
	if f.good == nil { // the shelf has never answered: what it holds must not be lost
		return
	}
	if f.stored && maps.Equal(good, f.good) {
		return
	}
	f.good = good
	if err := f.shelf.SaveBoardFiles(ctx, good); err != nil {
		f.stored = false
		f.log.Error("what the board's files say cannot be kept for the next start", "error", err)
		return
	}
	f.stored = true
}

// parsed is one file with what it says.
type parsed struct {
	text     string
	config   Config
	problems Problems
}

func parseText(name, text string, checker Checker) parsed {
	config, problems := parse(name, []byte(text), checker)
	return parsed{text, config, problems}
}

// found is what was found in a directory.
type found struct {
	texts    map[string]string // by name
	problems Problems          // of what cannot be read
}

// unread reports whether a file may be there though it was not found, because
// it, or a directory above it, cannot be read.
func (f found) unread(name string) bool {
	return slices.ContainsFunc(f.problems, func(p Problem) bool {
		return p.File == name || p.File == "." || p.File == "" || strings.HasPrefix(name, p.File+"/")
	})
}

// readFiles reads every .yaml and .yml file of a directory and of those below
// it, apart from hidden ones.
func readFiles(dir fs.FS) found {
	all := found{texts: map[string]string{}}
	wrong := func(name string, err error) {
		if e, ok := errors.AsType[*fs.PathError](err); ok {
			err = fmt.Errorf("it cannot be read: %w", e.Err)
		}
		all.problems = append(all.problems, Problem{File: name, Message: err.Error()})
	}
	_ = fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error { // every error is a problem of its own
		hidden := strings.HasPrefix(path.Base(name), ".") && name != "."
		switch ext := path.Ext(name); {
		case hidden && d != nil && d.IsDir():
			return fs.SkipDir
		case err != nil:
			wrong(name, err)
			return nil
		case d.IsDir() || hidden || ext != ".yaml" && ext != ".yml":
			return nil
		}
		data, err := fs.ReadFile(dir, name)
		if err == nil && len(data) > maxFile {
			err = fmt.Errorf("the file has more than %d bytes", maxFile)
		}
		if err != nil {
			wrong(name, err)
			return nil
		}
		all.texts[name] = string(data)
		return nil
	})
	return all
}

// choose says which text of each file is used: the new ones that are right by
// themselves and go together with all others, else the ones before. It returns
// why new ones do not go together.
func choose(before, now map[string]parsed, found found) (taken map[string]parsed, refused Problems) {
	base := maps.Clone(before)
	changed := map[string]bool{} // files whose new state may be taken; one that is gone, too
	for name, one := range now {
		if old, known := before[name]; len(one.problems) == 0 && (!known || old.text != one.text) {
			changed[name] = true
		} else if known && old.text == one.text {
			base[name] = one
		}
	}
	for name := range before {
		if _, there := now[name]; !there && !found.unread(name) {
			changed[name] = true
		}
	}
	for {
		taken = maps.Clone(base)
		for name := range changed {
			if one, there := now[name]; there {
				taken[name] = one
			} else {
				delete(taken, name)
			}
		}
		problems := check(taken)
		refused = append(refused, problems...)
		size := len(changed)
		for _, p := range problems {
			// A new file whose parent is nowhere takes nothing from anybody.
			if _, known := before[p.File]; known || !p.orphan {
				delete(changed, p.File)
				delete(changed, p.other)
			}
		}
		if len(changed) < size {
			continue
		}
		gone := func(name string, _ bool) bool { _, there := now[name]; return !there }
		if !slices.ContainsFunc(problems, func(p Problem) bool { _, known := before[p.File]; return known }) {
			return taken, refused
		}
		// A file that has not changed misses what is gone elsewhere.
		if maps.DeleteFunc(changed, gone); len(changed) == size {
			clear(changed)
		}
		if size == 0 {
			return taken, refused
		}
	}
}

// join puts what files say together, in the order of their names.
func join(files map[string]parsed) Config {
	var config Config
	for _, name := range slices.Sorted(maps.Keys(files)) {
		one := files[name].config
		for _, c := range one.Components {
			if monitor.ComponentID(c.ID) && !config.has(c.ID) {
				config.Components = append(config.Components, c)
			}
		}
		if config.Levels == nil {
			config.Levels = one.Levels
		}
	}
	return config
}

func (c Config) has(id string) bool {
	return slices.ContainsFunc(c.Components, func(o monitor.Component) bool { return o.ID == id })
}

// retain adds the components that were there before and are not any more, and
// returns the files that had them. While something is wrong, what is missing in
// one file may be meant to stand in another.
func (c *Config) retain(before map[string]parsed) map[string]bool {
	files := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		for _, one := range before[name].config.Components {
			if monitor.ComponentID(one.ID) && !c.has(one.ID) {
				c.Components = append(c.Components, one)
				files[name] = true
			}
		}
	}
	return files
}

// salvage adds the components of files that cannot be used and never could, as
// far as they can be told, so that nobody takes them for well.
func (c *Config) salvage(now, taken map[string]parsed) {
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if _, used := taken[name]; used {
			continue
		}
		fault := "The file " + name + " has errors and could never be used"
		if problems := now[name].problems; len(problems) > 0 {
			fault += ": " + problems[0].String()
		}
		for _, one := range now[name].config.Components {
			if monitor.ComponentID(one.ID) && !c.has(one.ID) {
				one.Fault = fault
				c.Components = append(c.Components, one)
			}
		}
	}
}

// check looks at all files together.
func check(files map[string]parsed) Problems {
	var errs Problems
	var all []monitor.Component
	levels := "" // the file that names the levels
	for _, name := range slices.Sorted(maps.Keys(files)) {
		one := files[name].config
		all = append(all, one.Components...)
		if one.Levels == nil {
			continue
		}
		if levels != "" {
			errs = append(errs, Problem{File: name, Field: "levels", Message: "the levels are named in " + levels + " already; keep one of them", other: levels})
		}
		levels = name
	}
	return append(errs, checkTree(all)...)
}
