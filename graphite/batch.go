package graphite

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"wingmirror/monitor"
	"wingmirror/target"
)

// item is one target on its way through requests.
type item struct {
	text   string // as it is sent, without a tag
	key    memoryKey
	alone  bool // never with others
	series []monitor.Series
	err    error
}

func newItem(text string, expr target.Expr, w monitor.Window) *item {
	it := &item{text: text, key: memoryKey{text, w.Until - w.From}, alone: keywordPath(expr)}
	if strings.ContainsAny(text, "\r\n\t") {
		it.text = expr.String() // not every server takes these for space
	}
	return it
}

// keywordPath reports whether graphite-web would take the start of a path for a
// word of its own inside a call: it finds true.rate, but not f(true.rate).
func keywordPath(expr target.Expr) bool {
	return expr.Kind == target.Path && keywordStart.MatchString(expr.Text)
}

var keywordStart = regexp.MustCompile(`(?i)^(true|false|none|inf)[^\w$]`)

// tagged wraps a target so that the names of its series say which target they
// came from. aliasSub is outermost, so no function sees the changed names; the
// pattern matches once, at the start of any name; and the replacement has no
// character that is special in Python's, Go's or VictoriaMetrics' replacements.
func tagged(text string, i int) string {
	return `aliasSub(` + text + `,"^","` + tagPrefix + strconv.Itoa(i) + `:")`
}

const tagPrefix = "wm"

// untag splits a tagged name.
func untag(label string) (i int, name string, ok bool) {
	rest, ok := strings.CutPrefix(label, tagPrefix)
	digits, name, found := strings.Cut(rest, ":")
	i, err := strconv.Atoi(digits)
	return i, name, ok && found && err == nil
}

// attribute gives every series to its item. It reports whether all of them were
// tagged.
func attribute(series []monitor.Series, items []*item) bool {
	for _, s := range series {
		i, name, ok := untag(s.Label)
		if !ok || i < 0 || i >= len(items) {
			for _, it := range items {
				it.series = nil
			}
			return false
		}
		s.Label = name
		items[i].series = append(items[i].series, s)
	}
	return true
}

// Bytes of form that one request holds at most. Django refuses more than 2.5 MB,
// and proxies in front of GET may refuse more than 4 kB.
const (
	mostForm  = 1 << 20
	mostQuery = 3500
)

// pieces splits items into what goes into one request each, sent in the given
// way.
func (c *Client) pieces(items []*item, w way) [][]*item {
	now := c.options.Now()
	single := c.server.noTags.holds(now)
	most := mostForm
	if w.get {
		most = mostQuery
	}
	var all [][]*item
	var together []*item
	size := 0
	for _, it := range items {
		if single || it.alone || c.memory.get(it.key).aloneUntil.After(now) {
			it.alone = true
			all = append(all, []*item{it})
			continue
		}
		length := len(url.QueryEscape(it.text)) + 64
		if len(together) == c.options.Batch || len(together) > 0 && size+length > most {
			all = append(all, together)
			together, size = nil, 0
		}
		together, size = append(together, it), size+length
	}
	if len(together) > 0 {
		all = append(all, together)
	}
	return all
}

// batch fills one piece's items.
type batch struct {
	client *Client
	window monitor.Window
	fresh  bool
	budget atomic.Int32 // requests that may still be spent on finding out whose fault it is

	trouble sync.Once // guards first
	first   error     // of the first request that failed
}

// run asks for all items of one piece. When the request fails as a whole, the
// piece is halved until the targets at fault are alone.
func (c *Client) run(ctx context.Context, w monitor.Window, fresh bool, items []*item) {
	b := &batch{client: c, window: w, fresh: fresh}
	b.budget.Store(int32(8 + 6*bits.Len(uint(len(items)))))
	tries := 1 + max(c.options.Retries, 0)
	if len(items) == 1 && items[0].alone && !c.server.noTags.holds(c.options.Now()) {
		tries = 1 // it is known to fail
	}
	b.askAll(ctx, items, tries)
	b.remember(items)
	b.explain(items)
}

// explain gives the items whose turn did not come in time the reason for which
// the time ran out.
func (b *batch) explain(items []*item) {
	for _, it := range items {
		if it.err != nil && b.first != nil && errors.Is(it.err, context.DeadlineExceeded) {
			it.err = b.first
		}
	}
}

// askAll asks for items in the way that is known by now, in as many requests as
// that needs.
func (b *batch) askAll(ctx context.Context, items []*item, tries int) {
	w := b.client.way()
	for _, part := range b.client.pieces(items, w) {
		b.ask(ctx, part, w, tries)
	}
}

func (b *batch) ask(ctx context.Context, items []*item, w way, tries int) {
	if len(items) == 1 {
		b.single(ctx, items[0], tries)
		return
	}
	c := b.client
	targets := make([]string, len(items))
	for i, it := range items {
		targets[i] = tagged(it.text, i)
	}
	b.budget.Add(-1)
	a, err := c.render(ctx, query{b.window, targets, b.fresh, w}, tries)
	if err != nil {
		b.trouble.Do(func() { b.first = err })
	}
	switch {
	case err == nil && attribute(a.series, items):
		c.server.tagsFine.Store(true)
		if a.lossy {
			b.verifyMissing(ctx, items)
		}
	case err == nil:
		c.server.noTags.set(c.options.Now().Add(findingHolds))
		b.apart(ctx, items, tries)
	case c.otherWay(w, err):
		b.askAll(ctx, items, tries)
	case !oneTargetsFault(err) || b.budget.Load() <= 0:
		fail(items, err)
	case !c.server.tagsFine.Load() && !b.checkTags(ctx):
		c.server.noTags.set(c.options.Now().Add(findingHolds))
		b.apart(ctx, items, tries)
	default:
		b.halve(ctx, items, w)
	}
}

func (b *batch) halve(ctx context.Context, items []*item, w way) {
	middle := len(items) / 2
	var first sync.WaitGroup
	// Both at once: where a target makes the server hang, the deadline would pass
	// before the others' turn came.
	first.Go(func() { b.ask(ctx, items[:middle], w, 1) })
	b.ask(ctx, items[middle:], w, 1)
	first.Wait()
	if len(items) == 2 && items[0].err == nil && items[1].err == nil {
		// Only the tag can have been in the way, as for a name that is a number.
		b.client.keepAlone(items[0])
		b.client.keepAlone(items[1])
	}
}

func (b *batch) apart(ctx context.Context, items []*item, tries int) {
	for _, it := range items {
		b.single(ctx, it, tries)
	}
}

// single asks for one target as it was written, so that the server's words about
// it are about what its author wrote.
func (b *batch) single(ctx context.Context, it *item, tries int) {
	b.budget.Add(-1)
	a, err := b.client.renderEitherWay(ctx, query{b.window, []string{it.text}, b.fresh, b.client.way()}, tries)
	it.series, it.err = nil, err
	if err == nil {
		it.series = a.series
	}
}

// way is a way of asking.
type way struct{ get, raw bool }

// way returns the way that the server is known to take.
func (c *Client) way() way {
	now := c.options.Now()
	return way{get: c.server.useGET.holds(now), raw: c.server.useRaw.holds(now)}
}

// otherWay reports whether the server refuses a way of asking, which is POST or
// format=json, and another is left, which is then taken.
func (c *Client) otherWay(used way, err error) bool {
	until := c.options.Now().Add(findingHolds)
	s := status(err)
	wrong, ok := errors.AsType[*answerError](err)
	switch {
	case (s == http.StatusMethodNotAllowed || s == http.StatusNotImplemented) && !used.get:
		c.server.useGET.set(until)
	case ok && wrong.image && !used.raw:
		c.server.useRaw.set(until)
	default:
		return false
	}
	return true
}

// renderEitherWay is render, and again in another way if the server refuses the
// first.
func (c *Client) renderEitherWay(ctx context.Context, q query, tries int) (*answer, error) {
	a, err := c.render(ctx, q, tries)
	if err == nil || !c.otherWay(q.way, err) {
		return a, err
	}
	first := q.way
	q.way = c.way()
	a, again := c.render(ctx, q, tries)
	if again != nil && status(again) == status(err) {
		if first.get != q.way.get {
			c.server.useGET.set(time.Time{}) // that was not it
		}
		if first.raw != q.way.raw {
			c.server.useRaw.set(time.Time{})
		}
		return nil, err
	}
	return a, again
}

// checkTags asks whether the server tags a series that cannot fail otherwise.
func (b *batch) checkTags(ctx context.Context) bool {
	b.budget.Add(-1)
	a, err := b.client.render(ctx, query{b.window, []string{tagged("constantLine(1)", 0)}, b.fresh, b.client.way()}, 1)
	if err != nil && !oneTargetsFault(err) {
		return true // the server is in trouble, and the next request will say so
	}
	fine := err == nil && len(a.series) == 1 && attribute(a.series, []*item{{}})
	if fine {
		b.client.server.tagsFine.Store(true)
	}
	return fine
}

// verifyMissing asks again, alone, for targets that brought nothing from a server
// that leaves out failed ones.
func (b *batch) verifyMissing(ctx context.Context, items []*item) {
	c := b.client
	for _, it := range items {
		now := c.options.Now()
		if len(it.series) > 0 || b.budget.Load() <= 0 || c.memory.get(it.key).absentUntil.After(now) {
			continue
		}
		if b.single(ctx, it, 1); it.err == nil && len(it.series) == 0 {
			c.memory.change(it.key, func(n *note) { n.absentUntil = now.Add(findingHolds) })
		}
	}
}

// remember notes which targets spoilt the piece, unless all failed: then it was
// not the targets' fault.
func (b *batch) remember(items []*item) {
	good := 0
	for _, it := range items {
		if it.err == nil {
			good++
		}
	}
	for _, it := range items {
		suspect := it.err != nil && (oneTargetsFault(it.err) || errors.Is(it.err, context.DeadlineExceeded))
		if good > 0 && suspect {
			b.client.keepAlone(it)
		}
	}
}

func (c *Client) keepAlone(it *item) {
	until := c.options.Now().Add(findingHolds)
	c.memory.change(it.key, func(n *note) { n.aloneUntil = until })
}

func fail(items []*item, err error) {
	if len(items) > 1 && oneTargetsFault(err) {
		err = fmt.Errorf("in a request with %d other targets: %w", len(items)-1, err)
	}
	for _, it := range items {
		it.series, it.err = nil, err
	}
}
