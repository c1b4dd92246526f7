package sandbox

import (
	"context"
	"unicode/utf8"

	"wingmirror/monitor"
)

// checkLibrary refuses a library that no worker can be told about.
func checkLibrary(files []File) error {
	total := 0
	for _, f := range files {
		total += len(f.Source) + len(f.Name)
		if !utf8.ValidString(f.Source) {
			return monitor.FieldErrors{monitor.Invalid(f.Name, "is not UTF-8 text")}
		}
	}
	if len(files) > maxLibrary || total > maxFrame/2 {
		return monitor.Invalid("library", "has %d files and %d bytes; it may have %d files and %d bytes", len(files), total, maxLibrary, maxFrame/2)
	}
	return nil
}

// SetLibrary puts the user's helper files in place of the ones before, for all
// runs that start after it returns. When a file does not compile it returns
// monitor.FieldErrors that name file, line and column, and the old files stay in
// force.
func (p *Pool) SetLibrary(ctx context.Context, files []File) error {
	if err := checkLibrary(files); err != nil {
		return err
	}
	trial := p.opts
	trial.Workers, trial.Spares, trial.Library, trial.Strict = 1, -1, files, false
	probe, err := NewPool(trial)
	if err != nil {
		return err
	}
	if err := probe.Close(); err != nil {
		return err
	}
	turned := make(chan error, 1)
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return errClosed
	}
	p.library, p.memory = files, newQuarantine()
	p.generation++
	p.waiters = append(p.waiters, turned)
	p.balance()
	p.mu.Unlock()
	select {
	case err := <-turned:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Library returns the files that are in force for runs that start now.
func (p *Pool) Library() []File {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.library
}
