package source

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"wingmirror/board"
	"wingmirror/monitor"
)

// item is a rationale as it is written by people and programs.
type item struct {
	ID          string          `json:"id"`
	Level       any             `json:"level"`
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Link        string          `json:"link"`
	StartDate   string          `json:"start_date"`
	EndDate     string          `json:"end_date"`
	Override    bool            `json:"override"`
	Metadata    json.RawMessage `json:"metadata"`
}

func (i item) rationale(fallback monitor.DC) (monitor.Rationale, error) {
	level := fallback
	if i.Level != nil || fallback == monitor.NoDC {
		var err error
		if level, err = monitor.ParseDC(textOf(i.Level)); err != nil {
			return monitor.Rationale{}, fmt.Errorf("the level of %q: %w", monitor.Cut(i.Title, 60), err)
		}
	}
	if i.Title == "" {
		return monitor.Rationale{}, errors.New("a rationale has no title")
	}
	start, err := parseTime(i.StartDate, time.UTC)
	if err != nil {
		return monitor.Rationale{}, fmt.Errorf("start_date of %q: %w", monitor.Cut(i.Title, 60), err)
	}
	end, err := parseTime(i.EndDate, time.UTC)
	if err != nil {
		return monitor.Rationale{}, fmt.Errorf("end_date of %q: %w", monitor.Cut(i.Title, 60), err)
	}
	if bytes.Equal(i.Metadata, []byte("null")) {
		i.Metadata = nil
	}
	return monitor.Rationale{
		ID: i.ID, Level: level, Title: i.Title, Description: i.Description, Link: i.Link,
		Start: start, End: end, Overrides: i.Override, Metadata: i.Metadata,
	}, nil
}

// parseTime reads a time; "" is none.
func parseTime(text string, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if at, err := time.ParseInLocation(layout, text, zone); err == nil {
			if at.Year() <= 1 {
				return time.Time{}, nil
			}
			return at.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time; write it as 2030-12-24T18:00:00Z", monitor.Cut(text, 50))
}

// document is what a program prints, and what the board's own API answers: lists
// of rationales by level.
type document struct {
	Rationales []item `json:"rationales"`
	DC1        []item `json:"DC1"`
	DC2        []item `json:"DC2"`
	DC3        []item `json:"DC3"`
	DC4        []item `json:"DC4"`
	DC5        []item `json:"DC5"`
}

// parseDocument reads rationales: a list of them, or an object with the lists
// DC1 to DC5 or rationales. Anything else is an error, so that garbage is never
// taken for good news.
func parseDocument(data []byte) ([]monitor.Rationale, error) {
	data = bytes.TrimSpace(data)
	var doc document
	if bytes.HasPrefix(data, []byte("[")) {
		if err := json.Unmarshal(data, &doc.Rationales); err != nil {
			return nil, fmt.Errorf("the list of rationales cannot be read: %w", err)
		}
	} else {
		var keys map[string]json.RawMessage
		if err := json.Unmarshal(data, &keys); err != nil {
			return nil, fmt.Errorf("this is no JSON of rationales: %w", err)
		}
		known := slices.ContainsFunc([]string{"rationales", "DC1", "DC2", "DC3", "DC4", "DC5"}, func(key string) bool { return keys[key] != nil })
		if !known {
			return nil, errors.New("the JSON has neither rationales nor one of the lists DC1 to DC5")
		}
		if err := json.Unmarshal(data, &doc); err != nil {
			return nil, fmt.Errorf("the rationales cannot be read: %w", err)
		}
	}
	all, err := rationales(doc.Rationales, monitor.NoDC)
	for dc, items := range map[monitor.DC][]item{monitor.DC1: doc.DC1, monitor.DC2: doc.DC2, monitor.DC3: doc.DC3, monitor.DC4: doc.DC4, monitor.DC5: doc.DC5} {
		some, someErr := rationales(items, dc)
		all, err = append(all, some...), errors.Join(err, someErr)
	}
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b monitor.Rationale) int { return int(a.Level) - int(b.Level) })
	return named(all), nil
}

func rationales(items []item, level monitor.DC) ([]monitor.Rationale, error) {
	var all []monitor.Rationale
	for _, i := range items {
		r, err := i.rationale(level)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// named gives each rationale without an ID one: that of its link, or, when it
// has none or another has the same, one of its link and title. Two alerts with
// the same link so stay two.
func named(all []monitor.Rationale) []monitor.Rationale {
	taken := map[string]bool{}
	for _, r := range all {
		taken[r.ID] = true
	}
	for i := range all {
		r := &all[i]
		if r.ID != "" {
			continue
		}
		if r.Link != "" {
			r.ID = LinkID(r.Link)
		}
		if r.ID == "" || taken[r.ID] {
			sum := sha256.Sum256([]byte(r.Link + "\n" + r.Title))
			r.ID = hex.EncodeToString(sum[:8])
		}
		taken[r.ID] = true
	}
	return all
}

// openStatic is rationales that are written down, such as freezes that are planned.
func openStatic(_ Kinds, s *settings) board.Source {
	var items []item
	if !s.get("rationales", &items, "a list of rationales, each with a level and a title") && len(s.errs) == 0 {
		s.wrong("rationales", "list the rationales, each with a level and a title")
	}
	all, err := rationales(items, monitor.NoDC)
	if err != nil {
		s.wrong("rationales", "%v", err)
	}
	for _, r := range all {
		if !monitor.BoardLink(r.Link) {
			s.wrong("rationales", "%q is no web address; write for example https://wiki.example.com/freeze", monitor.Cut(r.Link, 100))
		}
	}
	all = named(all)
	return read(func(context.Context, time.Time) ([]monitor.Rationale, error) { return slices.Clone(all), nil })
}
