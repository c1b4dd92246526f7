package store

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"sync"

	"wingmirror/monitor"
)

// listing is the list of monitors that pages show, in memory, since reading
// thousands of rows for each look takes longer than all the rest of a page. It
// holds nothing that the tables do not hold: commits of runs are followed as
// they are stored, by the same rule of versions by which they are stored, and
// whatever else changed a monitor has its row read again. The zero value reads
// everything when it is first asked.
//
// Nothing here is held while the database is read, so the writer never waits.
type listing struct {
	refresh sync.Mutex // one caller at a time reads

	mu      sync.Mutex
	loaded  bool
	rows    []Overview    // by name
	at      map[int64]int // place in rows, by id
	stale   map[int64]bool
	reading bool   // rows are being read: what is followed meanwhile is kept in news
	news    []move //
}

// move is what one commit did to a row.
type move struct {
	id     int64
	next   Overview // without what belongs to the monitor; state is the version before
	seen   string   // letter of the run; "" for a decision without one
	steady bool     // only LastRun and Runs moved on
	sure   bool     // it is known that it was stored
}

// all returns the rows, after reading those that are not known to be right.
func (l *listing) all(ctx context.Context, read func(ctx context.Context, ids []int64) ([]Overview, error)) ([]Overview, error) {
	l.refresh.Lock()
	defer l.refresh.Unlock()
	ids, needed := l.begin()
	if needed {
		rows, err := read(ctx, ids)
		l.end(ids, rows, err)
		if err != nil {
			return nil, err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.rows), nil
}

// mostStale is how many rows are read one by one; more of them, and reading all
// is as fast.
const mostStale = 500

// begin says which rows have to be read; nil for all of them.
func (l *listing) begin() (ids []int64, needed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.loaded && len(l.stale) == 0 {
		return nil, false
	}
	if l.loaded && len(l.stale) <= mostStale {
		for id := range l.stale {
			ids = append(ids, id)
		}
	}
	l.stale, l.reading = nil, true
	return ids, true
}

// end puts what was read in its place, and then what happened meanwhile.
func (l *listing) end(ids []int64, rows []Overview, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	news := l.news
	l.reading, l.news = false, nil
	switch {
	case err != nil:
		l.loaded = false
		return
	case ids != nil:
		again := make(map[int64]bool, len(ids))
		for _, id := range ids {
			again[id] = true
		}
		kept := slices.DeleteFunc(l.rows, func(o Overview) bool { return again[o.ID] })
		rows = append(kept, rows...)
	}
	slices.SortFunc(rows, func(a, b Overview) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	l.rows, l.loaded, l.at = rows, true, make(map[int64]int, len(rows))
	for i := range rows {
		l.at[rows[i].ID] = i
	}
	for _, n := range news {
		l.apply(n)
	}
}

// outdate has rows read again before they are shown. It is called after whatever
// changed them is stored, and does no harm when nothing was.
func (l *listing) outdate(ids ...int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mark(ids...)
}

func (l *listing) mark(ids ...int64) {
	if l.stale == nil {
		l.stale = map[int64]bool{}
	}
	for _, id := range ids {
		l.stale[id] = true
	}
}

// follow does to the list what a commit did to the table of states. Of one that
// may not have been stored it only knows that the row may have changed.
func (l *listing) follow(c monitor.Commit, stored bool) {
	if c.State.Subject.Kind != monitor.KindMonitor {
		return
	}
	n := move{steady: c.Steady, sure: stored}
	var err error
	if n.id, err = strconv.ParseInt(c.State.Subject.Key, 10, 64); err != nil {
		return // no monitor has such a key
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.loaded && !l.reading {
		return
	}
	if n.next, err = overviewOf(c); err != nil {
		n.sure = false
	}
	if c.Run != nil {
		n.seen = letter(c.Run.Level, c.Run.Fault)
	}
	if l.reading {
		l.news = append(l.news, n)
	}
	l.apply(n)
}

// overviewOf returns what a row says after a commit, as it is read from the table.
func overviewOf(c monitor.Commit) (Overview, error) {
	o := Overview{state: c.State.Version, LastRun: fromMillis(millis(c.State.At))}
	if c.Steady {
		return o, nil
	}
	row, err := rowOfState(c.State)
	if err != nil {
		return o, err
	}
	o.Level, o.Since, o.Runs, o.Fault, o.Message = row.Level, fromMillis(row.Since), row.Runs, monitor.Fault(row.Fault), row.Message
	o.Open, err = openOf(row.Incident, row.Open)
	return o, err
}

// apply moves a row on if it is where the commit began. One that is further has
// been read since; one that is not so far missed something.
func (l *listing) apply(n move) {
	place, known := l.at[n.id]
	if !known || !n.sure {
		l.mark(n.id)
		return
	}
	row := &l.rows[place]
	switch {
	case n.next.state < row.state:
	case n.next.state > row.state:
		l.mark(n.id)
	case n.steady && !n.next.LastRun.After(row.LastRun):
	case n.steady:
		row.Runs, row.LastRun, row.Recent = row.Runs+1, n.next.LastRun, row.Recent[len(n.seen):]+n.seen
	default:
		row.Level, row.Since, row.Runs, row.LastRun = n.next.Level, n.next.Since, n.next.Runs, n.next.LastRun
		row.Fault, row.Message, row.Open = n.next.Fault, n.next.Message, n.next.Open
		row.Recent, row.state = row.Recent[len(n.seen):]+n.seen, n.next.state+1
	}
}
