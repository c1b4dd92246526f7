package graphite

import (
	"context"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"wingmirror/monitor"
	"wingmirror/target"
)

// sharing lets callers that want the same window share requests and answers.
type sharing struct {
	mu     sync.Mutex
	rounds map[monitor.Window]*round
	kept   int // points of answers that wait for others to ask
}

// round is all that is asked for with one window.
type round struct {
	calls   map[string]*call // by target
	waiting []*call          // not yet sent
	armed   bool             // a timer will send them
}

// call is one target of a round. out is valid once done is closed.
type call struct {
	item *item
	done chan struct{}
	out  monitor.Fetched
}

// mostKept bounds the points of answers that are kept for others: 32 MB.
const mostKept = 4 << 20

// Fetch returns one Fetched for each target, in their order. It never fails as a
// whole: what went wrong is in the statuses. Targets with an error in their
// syntax are failed without being sent, and lines that are comments are missing.
//
// Callers that ask at about the same time with the same window share requests
// and answers: the points in the result must not be changed.
func (c *Client) Fetch(ctx context.Context, w monitor.Window, targets []string) []monitor.Fetched {
	out := make([]monitor.Fetched, len(targets))
	calls := make([]*call, len(targets))
	joined := 0
	c.share.mu.Lock()
	for i, text := range targets {
		var isNew bool
		out[i], calls[i], isNew = c.join(w, text)
		if calls[i] != nil && !isNew {
			joined++
		}
	}
	c.plan(w)
	c.share.mu.Unlock()
	failed := 0
	for i, one := range calls {
		if one != nil {
			out[i] = one.wait(ctx)
			out[i].Target = targets[i]
		}
		if out[i].Status == monitor.StatusFailed {
			failed++
		}
	}
	c.stats.change(func(s *Stats) {
		s.Targets += uint64(len(targets))
		s.Shared += uint64(joined)
		s.Failed += uint64(failed)
	})
	return out
}

// FetchFresh is Fetch past all caches, the client's and the server's, for a
// person who has just changed something and wants to see it.
func (c *Client) FetchFresh(ctx context.Context, w monitor.Window, targets []string) []monitor.Fetched {
	out := make([]monitor.Fetched, len(targets))
	var items []*item
	places := map[*item]int{}
	for i, text := range targets {
		it, fetched := prepare(w, text)
		out[i] = fetched
		if it != nil {
			items = append(items, it)
			places[it] = i
		}
	}
	ctx, cancel := context.WithTimeout(ctx, c.options.Deadline)
	defer cancel()
	var all sync.WaitGroup
	for _, piece := range c.pieces(items, c.way()) {
		all.Go(func() { c.run(ctx, w, true, piece) })
	}
	all.Wait()
	for it, i := range places {
		out[i] = c.judge(w, it)
		out[i].Target = targets[i]
	}
	return out
}

// prepare returns the item for a target, or, when there is nothing to send, nil
// and the result.
func prepare(w monitor.Window, text string) (*item, monitor.Fetched) {
	fetched := monitor.Fetched{Target: text, Status: monitor.StatusMissing}
	if target.IsComment(text) {
		fetched.Reason = "a comment is not sent"
		return nil, fetched
	}
	expr, err := target.Parse(text)
	if err != nil {
		fetched.Status, fetched.Reason = monitor.StatusFailed, err.Error()
		return nil, fetched
	}
	return newItem(strings.TrimSpace(text), expr, w), fetched
}

// join finds or makes the call for a target.
func (c *Client) join(w monitor.Window, text string) (monitor.Fetched, *call, bool) {
	r := c.share.rounds[w]
	key := strings.TrimSpace(text)
	if r != nil && r.calls[key] != nil {
		return monitor.Fetched{}, r.calls[key], false
	}
	it, fetched := prepare(w, text)
	if it == nil {
		return fetched, nil, true
	}
	if r == nil {
		r = &round{calls: map[string]*call{}}
		c.share.rounds[w] = r
	}
	one := &call{item: it, done: make(chan struct{})}
	r.calls[key] = one
	r.waiting = append(r.waiting, one)
	return fetched, one, true
}

// plan sends what waits, now or when others had the time to join. The lock is
// held.
func (c *Client) plan(w monitor.Window) {
	r := c.share.rounds[w]
	switch {
	case r == nil || len(r.waiting) == 0:
	case c.options.Gather < 0 || len(r.waiting) >= c.options.Batch:
		c.launch(w, r)
	case !r.armed:
		r.armed = true
		time.AfterFunc(c.options.Gather, func() {
			c.share.mu.Lock()
			defer c.share.mu.Unlock()
			r.armed = false
			c.launch(w, r)
		})
	}
}

// launch sends all that waits in a round. The lock is held.
func (c *Client) launch(w monitor.Window, r *round) {
	byItem := make(map[*item]*call, len(r.waiting))
	items := make([]*item, len(r.waiting))
	for i, one := range r.waiting {
		items[i] = one.item
		byItem[one.item] = one
	}
	r.waiting = nil
	for _, piece := range c.pieces(items, c.way()) {
		calls := make([]*call, len(piece))
		for i, it := range piece {
			calls[i] = byItem[it]
		}
		go c.serve(w, r, piece, calls)
	}
}

func (c *Client) serve(w monitor.Window, r *round, piece []*item, calls []*call) {
	ctx, cancel := context.WithTimeout(c.life, c.options.Deadline)
	defer cancel()
	c.run(ctx, w, false, piece)
	for _, one := range calls {
		one.out = c.judge(w, one.item)
	}
	c.keep(w, r, calls)
	for _, one := range calls {
		close(one.done) // last, so that nobody who asks again after a failure gets it again
	}
}

// keep lets good answers serve others for a while.
func (c *Client) keep(w monitor.Window, r *round, calls []*call) {
	c.share.mu.Lock()
	defer c.share.mu.Unlock()
	var good, bad []*call
	points := 0
	for _, one := range calls {
		if one.out.Status == monitor.StatusFailed {
			bad = append(bad, one)
			continue
		}
		good = append(good, one)
		for _, s := range one.out.Series {
			points += len(s.Values)
		}
	}
	c.forget(w, r, bad)
	if c.options.Keep < 0 || c.share.kept+points > mostKept {
		c.forget(w, r, good)
		return
	}
	c.share.kept += points
	time.AfterFunc(c.options.Keep, func() {
		c.share.mu.Lock()
		defer c.share.mu.Unlock()
		c.share.kept -= points
		c.forget(w, r, good)
	})
}

// forget makes the next caller ask anew. The lock is held.
func (c *Client) forget(w monitor.Window, r *round, calls []*call) {
	for _, one := range calls {
		if key := one.item.key.target; r.calls[key] == one {
			delete(r.calls, key)
		}
	}
	if len(r.calls) == 0 && c.share.rounds[w] == r {
		delete(c.share.rounds, w)
	}
}

// wait returns the call's result, or a failed one when the caller's time is up
// first.
func (one *call) wait(ctx context.Context) monitor.Fetched {
	select {
	case <-one.done:
		return one.out
	default:
	}
	select {
	case <-one.done:
		return one.out
	case <-ctx.Done():
		return monitor.Fetched{Status: monitor.StatusFailed, Reason: "gave up waiting for an answer"}
	}
}

// judge says what an item brought.
func (c *Client) judge(w monitor.Window, it *item) monitor.Fetched {
	f := monitor.Fetched{Target: it.text, Status: monitor.StatusOK, Series: it.series}
	if it.err != nil {
		f.Status, f.Reason, f.Series = monitor.StatusFailed, safeText(it.err.Error()), nil
		return f
	}
	before := 0
	if len(it.series) > 0 {
		c.memory.change(it.key, func(n *note) { before, n.series = n.series, len(it.series) })
	}
	return c.assess(w, f, before)
}

// Assess says what a target with these series has brought in a window, as Fetch
// would of an answer that holds them. The client remembers nothing of it.
func (c *Client) Assess(w monitor.Window, text string, series []monitor.Series) monitor.Fetched {
	return c.assess(w, monitor.Fetched{Target: text, Status: monitor.StatusOK, Series: series}, 0)
}

// assess sets the status of what arrived, when there were so many series before.
func (c *Client) assess(w monitor.Window, f monitor.Fetched, before int) monitor.Fetched {
	if len(f.Series) == 0 {
		f.Status = monitor.StatusMissing
		return f
	}
	newest, step := newest(f.Series)
	allowed := max(int64(c.options.StaleAfter/time.Second), 3*step)
	switch {
	case newest == math.MinInt64:
		f.Status = monitor.StatusEmpty
	case len(f.Series) < before:
		f.Status = monitor.StatusPartial
		f.Reason = plural(len(f.Series)) + ", and " + plural(before) + " the time before"
	case c.options.StaleAfter >= 0 && newest < w.Until-allowed:
		f.Status = monitor.StatusStale
		f.Reason = "the newest point is " + (time.Duration(w.Until-newest) * time.Second).String() + " older than the window's end"
	}
	return f
}

func plural(series int) string {
	if series == 1 {
		return "1 series"
	}
	return strconv.Itoa(series) + " series"
}

// newest returns the time of the newest point that is not null, and the longest
// step.
func newest(all []monitor.Series) (at, step int64) {
	at = math.MinInt64
	for _, s := range all {
		step = max(step, s.Step)
		for i := len(s.Values) - 1; i >= 0; i-- {
			if !math.IsNaN(s.Values[i]) {
				at = max(at, s.Time(i))
				break
			}
		}
	}
	return at, step
}
