package event

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"wingmirror/monitor"
)

// Files keeps the versions of the rules file.
type Files interface {
	RuleFiles(ctx context.Context, before, limit int) ([]monitor.RuleFile, error)
	SaveRuleFile(ctx context.Context, text, author string, base int, at time.Time) (monitor.RuleFile, error)
}

// Book is the rules file in force, its versions, and what was refused last. It
// is safe for many goroutines at once.
type Book struct {
	Check func(*File) error // what else must hold of a file that is saved; nil: nothing

	live  *Live
	files Files
	now   func() time.Time
	log   *slog.Logger

	saving  sync.Mutex // one change at a time
	mu      sync.Mutex
	inForce monitor.RuleFile
	problem string
}

// NewBook returns a book without a file; see Open.
func NewBook(live *Live, files Files, now func() time.Time, log *slog.Logger) *Book {
	return &Book{live: live, files: files, now: now, log: log}
}

// tries is how many versions Open goes back to find one that loads.
const tries = 20

// Open puts the newest saved version in force that can be read.
func (b *Book) Open(ctx context.Context) error {
	versions, err := b.files.RuleFiles(ctx, 0, tries)
	if err != nil {
		return err
	}
	for _, version := range versions {
		file, err := Load(version.Text, LoadOptions{})
		if err != nil {
			b.refuse(fmt.Errorf("version %d: %w", version.Version, err))
			continue
		}
		b.take(version)
		return b.live.Open(ctx, file)
	}
	return b.live.Open(ctx, &File{})
}

// InForce returns the file in force; its Version is 0 when there is none.
func (b *Book) InForce() monitor.RuleFile {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.inForce
}

// Problem returns why the newest file is not in force, or "".
func (b *Book) Problem() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.problem
}

func (b *Book) refuse(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if text := err.Error(); text != b.problem {
		b.problem = text
		b.log.Error("the rules file is refused; the old rules stay in force", "error", text)
	}
}

func (b *Book) take(version monitor.RuleFile) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inForce, b.problem = version, ""
}

// Save checks the text and puts it in force as the version after base. A text
// with errors (FieldErrors) changes nothing, and neither does one that replaces
// a version that its author has not seen (ErrConflict).
func (b *Book) Save(ctx context.Context, text, author string, base int) (monitor.RuleFile, error) {
	b.saving.Lock()
	defer b.saving.Unlock()
	file, err := Load(text, LoadOptions{})
	if err != nil {
		return monitor.RuleFile{}, err
	}
	if b.Check != nil {
		if err := b.Check(file); err != nil {
			return monitor.RuleFile{}, err
		}
	}
	version, err := b.files.SaveRuleFile(ctx, text, author, base, b.now())
	if err != nil {
		return monitor.RuleFile{}, err
	}
	b.take(version)
	if err := b.live.Use(ctx, file); err != nil {
		return monitor.RuleFile{}, err
	}
	b.log.Info("rules are in force", "version", version.Version, "rules", len(file.Rules), "author", author)
	return version, nil
}

// Take puts a text that somebody keeps elsewhere in force, as a new version when
// it differs from the one in force. A text with errors is noted as the Problem,
// and the old rules stay.
func (b *Book) Take(ctx context.Context, text, author string) error {
	if text == b.InForce().Text {
		b.take(b.InForce())
		return nil
	}
	newest, err := b.files.RuleFiles(ctx, 0, 1)
	if err != nil {
		return err
	}
	base := 0
	if len(newest) > 0 {
		base = newest[0].Version
	}
	if _, err = b.Save(ctx, text, author, base); errors.Is(err, monitor.ErrInvalid) {
		b.refuse(err)
		return nil
	}
	return err
}

// Note remembers that the file could not be read at all.
func (b *Book) Note(err error) { b.refuse(err) }

// Versions returns saved versions, newest first, those before one (0: all).
func (b *Book) Versions(ctx context.Context, before, limit int) ([]monitor.RuleFile, error) {
	return b.files.RuleFiles(ctx, before, limit)
}
