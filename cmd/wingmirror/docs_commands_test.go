package main

import (
	"cmp"
	commandline "flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// documents are the pages that people read, by their names.
func documents(t *testing.T) map[string]string {
	t.Helper()
	root := filepath.Join("..", "..")
	names, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(names) < 10 {
		t.Fatalf("found %d pages: %v", len(names), err)
	}
	pages := map[string]string{}
	for _, name := range append(names, filepath.Join(root, "README.md"), filepath.Join(root, "CONTRIBUTING.md"), filepath.Join(root, "docs", "performance.sh")) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		pages[filepath.Base(name)] = string(text)
	}
	return pages
}

// calls matches the program's name where it is called, with what follows on the
// line: at a line's beginning, after a prompt, a pipe or a quote, or within backticks.
var calls = regexp.MustCompile("(?m)(?:^|[`'|]\\s*|^\\s+(?:-\\s|script: )?|\\./|go run \\./cmd/)wingmirror ([^`'\n]*)")

// commandLine returns the words that the program is called with, without what a
// shell takes and what only stands for something.
func commandLine(text string) []string {
	if i := strings.IndexAny(text, "#|<>;"); i >= 0 && !strings.Contains(text[:i], "FILE") {
		text = text[:i]
	}
	return strings.Fields(strings.NewReplacer("[", " ", "]", " ", "...", " ", "\\", " ", "|", " | ").Replace(text))
}

// noCommands follow the program's name, and are no commands: what the server starts
// by itself, and the form of a file.
var noCommands = []string{workerCommand, "recording"}

// isProse tells a sentence about Wingmirror from a call of it.
func isProse(root *cobra.Command, words []string) bool {
	return len(words) == 0 || slices.Contains(noCommands, words[0]) || !strings.HasPrefix(words[0], "-") && !slices.ContainsFunc(root.Commands(), func(c *cobra.Command) bool { return c.Name() == words[0] })
}

func TestPages_EveryCommandExistsWithItsFlags(t *testing.T) {
	checked := 0
	for page, text := range documents(t) {
		text = strings.ReplaceAll(text, "\\\n", " ")
		for _, call := range calls.FindAllStringSubmatch(text, -1) {
			root := newRoot(process{})
			words := commandLine(call[1])
			if isProse(root, words) {
				if strings.Contains(call[0], "`") && len(words) > 0 && !slices.Contains(noCommands, words[0]) {
					t.Errorf("%s: there is no command in %q", page, call[0])
				}
				continue
			}
			cmd, rest, err := root.Find(words)
			if err != nil {
				t.Errorf("%s: %q: %v", page, call[0], err)
				continue
			}
			if len(rest) > 0 && cmd.HasSubCommands() && cmd.Name() != "help" && !strings.HasPrefix(rest[0], "-") && strings.ToLower(rest[0]) == rest[0] && cmd.Args == nil {
				t.Errorf("%s: %q: %s has no command %s", page, call[0], cmd.CommandPath(), rest[0])
			}
			for _, word := range rest {
				checked++
				if name, ok := flagName(word); ok && !hasFlag(cmd, name) {
					t.Errorf("%s: %q: %s has no flag %s", page, call[0], cmd.CommandPath(), word)
				}
			}
		}
	}
	if checked < 60 {
		t.Errorf("only %d words were checked", checked)
	}
}

func flagName(word string) (string, bool) {
	name, long := strings.CutPrefix(word, "--")
	name, _, _ = strings.Cut(name, "=")
	name = strings.TrimRight(name, ".,:;)")
	return name, long && name != ""
}

func hasFlag(cmd *cobra.Command, name string) bool {
	cmd.InitDefaultHelpFlag()
	cmd.InitDefaultVersionFlag()
	return cmd.Flags().Lookup(name) != nil || cmd.InheritedFlags().Lookup(name) != nil
}

// othersFlags are flags of other programs that the pages speak of.
var othersFlags = []string{"no-install-recommends", "data-binary", "data", "fail", "tags"}

// A flag that stands alone in the text is one of some command.
func TestPages_EveryFlagExists(t *testing.T) {
	known := map[string]bool{"help": true, "version": true}
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) { known[f.Name] = true })
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(process{}))
	for _, name := range othersFlags {
		known[name] = true
	}
	flags := regexp.MustCompile("`(--[a-z][a-z0-9-]*)[^`]*`")
	for page, text := range documents(t) {
		for _, found := range flags.FindAllStringSubmatch(text, -1) {
			if name, _ := flagName(found[1]); !known[name] {
				t.Errorf("%s: there is no flag %s", page, found[1])
			}
		}
	}
}

var update = commandline.Bool("update", false, "write the generated page of settings anew")

// The page of all settings is what the program has.
func TestPages_SettingsAreThoseOfTheProgram(t *testing.T) {
	var c config
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	all.SortFlags = false
	c.flags(all)
	want := strings.Builder{}
	want.WriteString("# All settings\n\nOf `wingmirror serve`, as flags. [Running it](running.md#settings) says how to give them as environment\n" +
		"variables and in a file, and which of them are secrets.\n\n| flag | without it | what it is |\n|---|---|---|\n")
	all.VisitAll(func(f *pflag.Flag) {
		without := f.DefValue
		if f.Value.Type() == "duration" {
			without = readable(t, without)
		}
		if without == "" || without == "[]" || without == "0" && strings.Contains(f.Usage, "(default") {
			without = ""
		} else {
			without = "`" + without + "`"
		}
		fmt.Fprintf(&want, "| `--%s` | %s | %s |\n", f.Name, without, strings.ReplaceAll(f.Usage, "|", "\\|"))
	})
	path := filepath.Join("..", "..", "docs", "settings.md")
	if *update {
		if err := os.WriteFile(path, []byte(want.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want.String() {
		t.Errorf("docs/settings.md is out of date (%v): go test ./cmd/wingmirror -run TestPages_Settings -update", err)
	}
}

// readable writes a duration without the units that are zero.
func readable(t *testing.T, text string) string {
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	text = strings.TrimSuffix(d.String(), "0s")
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return cmp.Or(text, "0")
}
