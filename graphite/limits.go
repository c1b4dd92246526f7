package graphite

import "fmt"

// Limits bound one answer of a server. A zero field means its default.
type Limits struct {
	Bytes  int64 // after decompression, default 64 MiB
	Series int   // default 20,000
	Points int   // over all series and with nulls, default 2,000,000
}

func (l Limits) withDefaults() Limits {
	if l.Bytes == 0 {
		l.Bytes = 64 << 20
	}
	if l.Series == 0 {
		l.Series = 20_000
	}
	if l.Points == 0 {
		l.Points = 2_000_000
	}
	return l
}

// LimitError says which of the Limits an answer went beyond. Its text is safe
// to show.
type LimitError struct {
	What  string // bytes, series or points
	Limit int64
}

// Error names the limit and its setting.
func (e *LimitError) Error() string {
	return fmt.Sprintf("the answer has more than %d %s: ask for less, or raise graphite-max-%s", e.Limit, e.What, e.What)
}
