package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"wingmirror/monitor"
)

// File is one of the users' own helper files.
type File struct {
	Name   string // as errors show it
	Source string
}

// maxLibrary bounds all library files together, in bytes.
const maxLibrary = 1 << 20

// Library is a set of compiled helper files.
type Library struct {
	// Hash identifies the files' names, sources and order; "" for no files.
	Hash string

	programs []libraryFile
	regexps  bool
}

type libraryFile struct {
	name string
	*program
}

// CompileLibrary compiles the files. The error is a monitor.FieldErrors with an
// error for each file that does not compile, its field being the file's name.
func CompileLibrary(files []File) (*Library, error) {
	library := &Library{}
	var wrong monitor.FieldErrors
	hash := sha256.New()
	size := 0
	for _, file := range files {
		size += len(file.Source)
		if size > maxLibrary {
			return nil, append(wrong, monitor.Invalid(file.Name, "the library files together have more than %d bytes", maxLibrary))
		}
		name := libraryName(file.Name)
		p := compile(name, file.Source)
		if p.err != nil {
			wrong = append(wrong, &monitor.FieldError{Field: file.Name, Message: p.err.Message, Line: p.err.Line, Column: p.err.Column})
			continue
		}
		library.programs = append(library.programs, libraryFile{name: name, program: p})
		library.regexps = library.regexps || p.facts.regexps
		for _, part := range []string{file.Name, file.Source} {
			own := sha256.Sum256([]byte(part))
			hash.Write(own[:])
		}
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	if len(files) > 0 {
		library.Hash = hex.EncodeToString(hash.Sum(nil))
	}
	return library, nil
}

// libraryName keeps a file apart from the script in positions.
func libraryName(name string) string {
	if name == scriptFile {
		return "./" + name
	}
	return strings.ReplaceAll(name, "\n", " ")
}
