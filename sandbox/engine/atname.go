package engine

import (
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/dop251/goja/ast"
)

// parse parses source in which names may be written @name, as Rearview's were.
// Source that is valid JavaScript is parsed as it is. Otherwise every @ that
// could begin a name is tried as $, which has the same width, so positions stay
// exact; where a name of the parsed tree then stands, it stays $, and everywhere
// else (strings, templates, comments, regular expressions) the @ comes back.
// at holds the offsets of the names that were written with @.
//
// Three parses at most: giving the parser's errors back to it one by one would
// take a parse for every name.
func parse(name, source string) (tree *ast.Program, at map[int]bool, err error) {
	tree, err = parseText(name, source)
	if err == nil {
		return tree, nil, nil
	}
	candidates := atCandidates(source)
	if len(candidates) == 0 {
		return nil, nil, err
	}
	tried, err := parseText(name, replaceAt(source, candidates))
	if err != nil {
		return nil, nil, err
	}
	named := nameOffsets(tried)
	at = map[int]bool{}
	var chosen []int
	for _, offset := range candidates {
		if named[offset] {
			at[offset] = true
			chosen = append(chosen, offset)
		}
	}
	tree, err = parseText(name, replaceAt(source, chosen))
	return tree, at, err
}

// atCandidates returns the offsets of every @ that a name follows and none precedes.
func atCandidates(source string) []int {
	var offsets []int
	for i := 0; i < len(source); {
		next := strings.IndexByte(source[i:], '@')
		if next < 0 {
			break
		}
		i += next
		before, _ := utf8.DecodeLastRuneInString(source[:i])
		after, _ := utf8.DecodeRuneInString(source[i+1:])
		if isNameStart(after) && !isNamePart(before) {
			offsets = append(offsets, i)
		}
		i++
	}
	return offsets
}

func isNameStart(r rune) bool {
	return r == '$' || r == '_' || r != utf8.RuneError && unicode.IsLetter(r)
}

func isNamePart(r rune) bool {
	return isNameStart(r) || unicode.In(r, unicode.Nd, unicode.Mn, unicode.Mc, unicode.Pc) || r == '\u200c' || r == '\u200d'
}

func replaceAt(source string, offsets []int) string {
	text := []byte(source)
	for _, offset := range offsets {
		text[offset] = '$'
	}
	return string(text)
}

// lineText returns a line of source, counted from 1, without its end. Lines end
// where goja's positions say they do.
func lineText(source string, line int) string {
	rest := source
	for ; line > 1; line-- {
		end, width := lineEnd(rest)
		if end < 0 {
			return ""
		}
		rest = rest[end+width:]
	}
	if end, _ := lineEnd(rest); end >= 0 {
		return rest[:end]
	}
	return rest
}

func lineEnd(text string) (offset, width int) {
	for i, r := range text {
		switch r {
		case '\n', '\u2028', '\u2029':
			return i, utf8.RuneLen(r)
		case '\r':
			if strings.HasPrefix(text[i:], "\r\n") {
				return i, 2
			}
			return i, 1
		}
	}
	return -1, 0
}

// utf16Column turns goja's column, which counts bytes, into one that counts as
// editors of JavaScript do.
func utf16Column(source string, line, column int) int {
	text := lineText(source, line)
	count := 1
	for i, r := range text {
		if i >= column-1 {
			return count
		}
		count += max(utf16.RuneLen(r), 1)
	}
	return count + max(column-1-len(text), 0)
}
