package expiry

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"

	"wingmirror/monitor"
)

// Calendar has the release date of each version, as YYYY-MM-DD.
type Calendar map[string]string

// ParseCalendar reads a calendar: a JSON object of versions and dates, or a page
// with tables of releases, see ParseTables.
func ParseCalendar(data []byte) (Calendar, error) {
	var c Calendar
	if trimmed := bytes.TrimSpace(data); len(trimmed) > 0 && trimmed[0] == '{' {
		if err := json.Unmarshal(trimmed, &c); err != nil {
			return nil, monitor.Invalid("calendar", "is no JSON object of versions and dates: %v", err)
		}
		for version, date := range c {
			if _, err := time.Parse(time.DateOnly, date); err != nil {
				return nil, monitor.Invalid("calendar", "%s: %q is no date; write YYYY-MM-DD", monitor.Cut(version, 40), monitor.Cut(date, 40))
			}
		}
	} else {
		var err error
		if c, err = ParseTables(data); err != nil {
			return nil, err
		}
	}
	if len(c) == 0 {
		return nil, monitor.Invalid("calendar", "has no release date: give a JSON object such as {\"45.0a1\": \"2016-03-08\"}, or a page whose headings Future_branch_dates and Past_branch_dates have tables")
	}
	return c, nil
}

// ParseTables reads the tables after the headings with the ids
// Future_branch_dates and Past_branch_dates; where both name a version, the past
// is right. Rows without four cells that name a Firefox, and dates that are not
// known yet, are passed over.
func ParseTables(page []byte) (Calendar, error) {
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return nil, monitor.Invalid("calendar", "is no HTML: %v", err)
	}
	c := Calendar{}
	for _, id := range []string{"Future_branch_dates", "Past_branch_dates"} {
		if table := tableAfter(root, id); table != nil {
			for row := range elements(table, "tr") {
				c.addRow(row)
			}
		}
	}
	return c, nil
}

// addRow adds what one row says: the first heading is when its nightly version
// begins, the last when the other three do.
func (c Calendar) addRow(row *html.Node) {
	var headings, versions []string
	for cell := range elements(row, "th") {
		headings = append(headings, strings.Trim(content(cell), " \t\n*\u00a0"))
	}
	for cell := range elements(row, "td") {
		if text := content(cell); strings.Contains(text, "Firefox") {
			versions = append(versions, text)
		}
	}
	if len(headings) == 0 || len(versions) < 4 {
		return
	}
	versions = versions[len(versions)-4:]
	for i, suffix := range []string{".0a1", ".0a2", ".0b1", ".0"} {
		date := headings[len(headings)-1]
		if i == 0 {
			date = headings[0]
		}
		major := lastMajor(versions[i])
		if at, err := time.Parse("2006-1-2", date); err == nil && major != "" {
			c[major+suffix] = at.Format(time.DateOnly)
		}
	}
}

var versionNumber = regexp.MustCompile(`\d+(?:\.\d+)*`)

// lastMajor returns the major number of the last version in a cell, such as 60 of
// "Firefox 52.9; 60.1"; "" when there is none.
func lastMajor(text string) string {
	all := versionNumber.FindAllString(text, -1)
	if len(all) == 0 {
		return ""
	}
	major, _, _ := strings.Cut(all[len(all)-1], ".")
	return major
}

// tableAfter returns the first table after the element with the id.
func tableAfter(root *html.Node, id string) *html.Node {
	seen := false
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if seen && n.Data == "table" {
			return n
		}
		seen = seen || slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "id" && a.Val == id })
	}
	return nil
}

func elements(root *html.Node, name string) func(yield func(*html.Node) bool) {
	return func(yield func(*html.Node) bool) {
		for n := range root.Descendants() {
			if n.Type == html.ElementNode && n.Data == name && !yield(n) {
				return
			}
		}
	}
}

func content(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// Has returns the day of a version that the calendar itself names.
func (c Calendar) Has(version string) (time.Time, bool) {
	if Never(version) {
		return time.Time{}, false
	}
	at, err := time.Parse(time.DateOnly, c[Normal(version)])
	return at, err == nil
}

// Date returns the day on which a version is released. A version that the
// calendar does not have counts with the smallest later one; false when there is
// none, or the version never comes.
func (c Calendar) Date(version string) (time.Time, bool) {
	if Never(version) {
		return time.Time{}, false
	}
	version = Normal(version)
	date, ok := c[version]
	if !ok {
		smallest := ""
		for known := range c {
			if Compare(known, version) < 0 {
				continue
			}
			order := 0
			if smallest != "" {
				order = Compare(known, smallest)
			}
			if smallest == "" || order < 0 || order == 0 && c[known] < c[smallest] {
				smallest = known
			}
		}
		date = c[smallest]
	}
	at, err := time.Parse(time.DateOnly, date)
	return at, err == nil
}
