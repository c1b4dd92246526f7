// Package ui holds what a browser is given: the page templates, and the bundled
// scripts and styles, which are built from src by ui/build and committed.
//
// The package is a leaf. It knows no routes and no data: it parses templates
// with the functions it is handed, and names each asset by its content, so that
// an asset may be cached for ever.
package ui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"
)

//go:embed templates
var templates embed.FS

//go:embed dist
var dist embed.FS

// Templates parses every page with the functions in funcs. The result has one
// set per page, named as its file without ".html"; each holds the layout and
// the shared parts. Execute "layout" for a page, or a part by its name.
func Templates(funcs template.FuncMap) (map[string]*template.Template, error) {
	shared, err := template.New("").Funcs(funcs).ParseFS(templates, "templates/shared/*.html")
	if err != nil {
		return nil, fmt.Errorf("parse shared templates: %w", err)
	}
	pages, err := fs.Glob(templates, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("list templates: %w", err)
	}
	all := make(map[string]*template.Template, len(pages))
	for _, file := range pages {
		set, err := shared.Clone()
		if err == nil {
			_, err = set.ParseFS(templates, file)
		}
		if err != nil {
			return nil, fmt.Errorf("parse %s: %w", file, err)
		}
		all[strings.TrimSuffix(path.Base(file), ".html")] = set
	}
	return all, nil
}

// Asset is one bundled file.
type Asset struct {
	Name    string // "site.js"
	Hashed  string // "site-0123456789ab.js": changes whenever the content does
	Content []byte //
	Gzipped []byte // Content, compressed; nil when that saves nothing
}

// Assets returns all bundled files by both of their names.
func Assets() (map[string]Asset, error) {
	files, err := fs.ReadDir(dist, "dist")
	if err != nil {
		return nil, fmt.Errorf("list assets: %w", err)
	}
	all := make(map[string]Asset, 2*len(files))
	for _, file := range files {
		content, err := fs.ReadFile(dist, "dist/"+file.Name())
		if err != nil {
			return nil, fmt.Errorf("read asset %q: %w", file.Name(), err)
		}
		sum := sha256.Sum256(content)
		ext := path.Ext(file.Name())
		a := Asset{
			Name:    file.Name(),
			Hashed:  strings.TrimSuffix(file.Name(), ext) + "-" + hex.EncodeToString(sum[:6]) + ext,
			Content: content,
		}
		if a.Gzipped, err = compress(content); err != nil {
			return nil, fmt.Errorf("compress asset %q: %w", a.Name, err)
		}
		all[a.Name], all[a.Hashed] = a, a
	}
	return all, nil
}

func compress(content []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if out.Len() >= len(content) {
		return nil, nil
	}
	return out.Bytes(), nil
}
