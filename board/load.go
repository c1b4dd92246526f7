package board

import (
	"fmt"
	"io/fs"
	"maps"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"wingmirror/monitor"
)

const (
	maxFile        = 8 << 20 // bytes
	maxName        = 64      // characters
	maxDescription = 1024    // characters
)

// Load reads every .yaml and .yml file of a directory and of those below it,
// one a team, and returns what they say. All that is wrong is found at once and
// returned as Problems.
func Load(dir fs.FS, checker Checker) (Config, error) {
	found := readFiles(dir)
	errs := found.problems
	files := make(map[string]parsed, len(found.texts))
	for _, name := range slices.Sorted(maps.Keys(found.texts)) {
		files[name] = parseText(name, found.texts[name], checker)
		errs = append(errs, files[name].problems...)
	}
	if errs = append(errs, check(files)...); len(errs) > 0 {
		return Config{}, errs
	}
	return join(files), nil
}

// checkTree looks at the components of all files together: each ID once, each
// parent there, and no component above itself.
func checkTree(all []monitor.Component) Problems {
	var errs Problems
	add := func(c monitor.Component, field, format string, args ...any) *Problem {
		errs = append(errs, Problem{File: c.File, Line: c.Line, Field: field, Message: fmt.Sprintf(format, args...)})
		return &errs[len(errs)-1]
	}
	byID := map[string]monitor.Component{}
	for _, c := range all {
		if before, twice := byID[c.ID]; twice && c.ID != "" {
			where := "the pages"
			if before.File != "" {
				where = before.File + ":" + strconv.Itoa(before.Line)
			}
			add(c, "id", "there is a component %s in %s already", c.ID, where).other = before.File
			continue
		}
		byID[c.ID] = c
	}
	for _, c := range all {
		if c.Parent == "" {
			continue
		}
		if _, ok := byID[c.Parent]; !ok {
			names := slices.Sorted(maps.Keys(byID))
			add(c, "parent", "%s", unknown("component "+strconv.Quote(monitor.Cut(c.Parent, 100)), c.Parent, names)).orphan = true
			continue
		}
		seen := map[string]bool{c.ID: true}
		for id := c.Parent; id != ""; id = byID[id].Parent {
			if id == c.ID {
				add(c, "parent", "%s stands above %s, so that it would stand above itself", c.ID, c.Parent)
			}
			if seen[id] {
				break
			}
			seen[id] = true
		}
	}
	return errs
}

// ValidateComponent returns everything that is wrong with a component by itself
// as FieldErrors, or nil. Its sources are checked where they are read.
func ValidateComponent(c monitor.Component) error {
	var errs monitor.FieldErrors
	check := func(ok bool, field, format string, args ...any) {
		if !ok {
			errs = append(errs, monitor.Invalid(field, format, args...))
		}
	}
	check(monitor.ComponentID(c.ID), "id", "%q is no ID of a component: use up to 64 letters, digits, - and _, beginning with a letter or digit", monitor.Cut(c.ID, 100))
	check(utf8.RuneCountInString(c.Name) <= maxName && !strings.ContainsAny(c.Name, "\r\n"), "name", "the name must be one line of at most %d characters", maxName)
	check(utf8.RuneCountInString(c.Description) <= maxDescription, "description", "the description has more than %d characters", maxDescription)
	check(monitor.BoardLink(c.Link), "link", "%q is no web address; write for example https://wiki.example.com/shop", monitor.Cut(c.Link, 100))
	check(len(c.Contact) <= 254 && !strings.ContainsAny(c.Contact, "\r\n"), "contact", "the contact must be one line of at most 254 characters")
	if strings.Contains(c.Contact, "@") {
		_, err := mail.ParseAddress(c.Contact)
		check(err == nil, "contact", "%q is no mail address", monitor.Cut(c.Contact, 100))
	}
	for i, text := range c.Alerts {
		if _, err := monitor.ParseDestination(text); err != nil {
			text := err.Error()
			if all := monitor.AllFieldErrors(err); len(all) > 0 {
				text = all[0].Message
			}
			check(false, fmt.Sprintf("alerts[%d]", i), "%s", text)
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return errs
}
