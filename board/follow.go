package board

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"wingmirror/monitor"
)

const (
	lookEvery   = 15 * time.Second // at the records
	reportEvery = time.Minute      // of components that alert somebody, changed or not
	maxUnstored = 10_000           // changes kept while the database is down
)

// follow does what follows from changes: it stores them, reports the
// components that alert somebody, and rings for the pages.
func (b *Board) follow(ctx context.Context) {
	records := time.NewTicker(lookEvery)
	defer records.Stop()
	reports := time.NewTicker(reportEvery)
	defer reports.Stop()
	reported := map[string]monitor.DC{}
	seen := b.Look()
	b.report(ctx, seen, reported, true)
	for {
		planned, stop := b.planned(seen)
		select {
		case <-ctx.Done():
			stop()
			return
		case <-records.C:
			b.reload(ctx)
		case <-reports.C:
			b.report(ctx, b.Look(), reported, true)
		case <-b.kick:
		case <-planned:
		}
		stop()
		look := b.Look()
		b.store(ctx)
		if look != seen {
			b.report(ctx, look, reported, false)
			b.o.Changed()
			seen = look
		}
	}
}

// planned is when the look will be over by itself.
func (b *Board) planned(l *Look) (<-chan time.Time, func()) {
	if l.until.IsZero() {
		return nil, func() {}
	}
	timer := time.NewTimer(max(0, l.until.Sub(b.o.Now())))
	return timer.C, func() { timer.Stop() }
}

// store hands the changes on that are not stored yet. What cannot be stored now
// is tried again with the next look at the records.
func (b *Board) store(ctx context.Context) {
	b.mu.Lock()
	changes, news := b.changes, b.news
	if !b.storeDown.IsZero() {
		changes = nil
	}
	b.mu.Unlock()
	if len(changes) == 0 {
		return
	}
	err := b.o.Journal.AddBoardChanges(ctx, changes, news)
	b.mu.Lock()
	if err == nil {
		b.changes, b.news = slices.Clone(b.changes[len(changes):]), slices.Clone(b.news[len(news):])
	} else {
		b.changes, b.news = newest(b.changes), newest(b.news)
	}
	b.mu.Unlock()
	if err != nil && ctx.Err() == nil {
		b.recordsFail(err)
	}
}

// newest returns what may wait for the database, of a list in the order of time.
func newest[T any](all []T) []T {
	return slices.Clone(all[max(0, len(all)-maxUnstored):])
}

// reload looks at the records again, and so finds out whether they answer.
func (b *Board) reload(ctx context.Context) {
	b.acting.Lock()
	defer b.acting.Unlock()
	records, err := b.o.Records.BoardRecords(ctx, b.o.Now())
	if err != nil {
		if ctx.Err() == nil {
			b.recordsFail(err)
		}
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.storeDown.IsZero() {
		b.o.Log.Info("the database answers again", "down_since", b.storeDown)
		b.storeDown = time.Time{}
		b.changed()
	}
	b.takeRecords(records)
}

// takeRecords takes what people did from the records.
func (b *Board) takeRecords(records monitor.BoardRecords) {
	pushes := make(map[pushKey]monitor.Rationale, len(records.Pushes))
	for _, r := range records.Pushes {
		pushes[pushKey{r.Component, r.ID}] = r
	}
	instances := make(map[int64]monitor.BoardInstance, len(records.Instances))
	for _, i := range records.Instances {
		instances[i.Number] = i
	}
	b.overrides, b.pushes, b.instances = records.Overrides, pushes, instances
	b.subscriptions, b.made = records.Subscriptions, records.Components
	if !maps.Equal(b.words, records.Levels) {
		b.words = records.Levels
		b.changed()
	}
	for i := range b.made {
		c := &b.made[i]
		sources, err := ParseSources(c.SourcesText, b.o.Checker)
		if err != nil {
			b.o.Log.Error("sources of a component cannot be used any more; it counts as failing", "component", c.ID, "error", err)
			c.Fault = "Its sources cannot be used any more: " + monitor.AllFieldErrors(err)[0].Message
		}
		c.Sources = sources
	}
}

// recordsFail notes that the database does not answer.
func (b *Board) recordsFail(err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	b.o.Log.Error("the board's records cannot be read or written; it goes on from memory", "error", err)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.storeDown.IsZero() {
		b.storeDown = b.o.Now()
		b.changed()
	}
}

// report tells how the components stand that alert somebody: all of them, or
// only those whose level has changed.
func (b *Board) report(ctx context.Context, l *Look, reported map[string]monitor.DC, all bool) {
	if b.o.Reporter == nil {
		return
	}
	for _, n := range l.nodes {
		alerts := n.Alerts
		before, known := reported[n.ID]
		if len(alerts) == 0 || n.Settling {
			if known && len(alerts) == 0 {
				delete(reported, n.ID)
				b.retire(ctx, n.Component)
			}
			continue
		}
		if !all && known && before == n.Level {
			continue
		}
		reported[n.ID] = n.Level
		if err := b.o.Reporter.ReportComponent(ctx, n.Component, alerts, n.outcome(l, b.o.Now())); err != nil && ctx.Err() == nil {
			b.o.Log.Error("component not reported", "component", n.ID, "error", err)
		}
	}
	for id := range reported {
		if l.byID[id] == nil {
			delete(reported, id)
			b.retire(ctx, monitor.Component{ID: id})
		}
	}
}

func (b *Board) retire(ctx context.Context, c monitor.Component) {
	if err := b.o.Reporter.RetireComponent(ctx, c, b.o.Now()); err != nil && ctx.Err() == nil {
		b.o.Log.Error("component not retired", "component", c.ID, "error", err)
	}
}

// outcome says how a component stands in the words of alerting. Sources that
// fail are a fault, so that they neither page as an incident of the component
// nor end one.
func (n *Node) outcome(l *Look, at time.Time) monitor.Outcome {
	o := monitor.Outcome{Subject: n.Subject(), At: at, Level: n.Known.Level()}
	if !o.Level.Bad() && n.Stale {
		o.Level, o.Fault = monitor.Unknown, monitor.FaultFetch
	}
	if o.Level == monitor.OK {
		return o
	}
	info := l.Info(n, n.Level)
	lines := []string{fmt.Sprintf("%s is %s %s", n.Title(), n.Level, info.Name)}
	if info.Effects != "" {
		lines[0] += ": " + info.Effects
	}
	if n.Override != nil {
		lines = append(lines, fmt.Sprintf("override by %s until %s: %s", n.Override.Author, monitor.Moment(n.Override.Until.UTC()), n.Override.Reason))
	}
	reasons, all := n.Reasons(maxCauses)
	for _, r := range reasons {
		lines = append(lines, line(n, r))
	}
	if all > len(reasons) {
		lines = append(lines, fmt.Sprintf("and %d more", all-len(reasons)))
	}
	o.Message = strings.Join(lines, "\n")
	return o
}

// line is a rationale in one line.
func line(n *Node, r monitor.Rationale) string {
	text := r.Level.String() + " " + r.Title
	if r.Component != n.ID {
		text += " (" + r.Component + ")"
	}
	if r.Link != "" {
		text += " " + r.Link
	}
	return text
}

// maxCauses is how many rationales a cause or a message names.
const maxCauses = 5

// cause says in a sentence why the level is what it is, and who is behind it.
func (n *Node) cause(before *monitor.Override) (text, author string) {
	if o := n.Override; o != nil {
		return fmt.Sprintf("override by %s until %s: %s", o.Author, monitor.Moment(o.Until.UTC()), o.Reason), o.Author
	}
	over := ""
	if before != nil {
		over = "the override by " + before.Author + " is over; "
	}
	var causes []string
	reasons, all := n.Reasons(maxCauses)
	if len(reasons) > 0 {
		author = reasons[0].Author
	}
	for _, r := range reasons {
		if r.Counted() != reasons[0].Counted() {
			break
		}
		where := r.Source
		if r.Component != n.ID {
			where = r.Component + ", " + r.Source
		}
		causes = append(causes, r.Title+" ("+where+")")
	}
	switch {
	case len(causes) == 0 || reasons[0].Counted() == monitor.DC5:
		return over + "nothing is wrong", author
	case all > len(causes):
		return monitor.Cut(fmt.Sprintf("%s%s and %d more", over, strings.Join(causes, ", "), all-len(causes)), maxTitle), author
	}
	return monitor.Cut(over+strings.Join(causes, ", "), maxTitle), author
}
