package heartbeat

import (
	"context"
	"fmt"
	"slices"
	"time"

	"wingmirror/monitor"
)

// View is one heartbeat as pages and the API show it.
type View struct {
	Heartbeat monitor.Heartbeat
	State     monitor.HeartbeatState
	Learned   string // in words
	Wait      Wait
	Shared    string // why it looks as if several senders share it; "" when it does not
}

// Save makes a heartbeat, whose ID is zero, or changes one. It is checked as a
// whole: see monitor.ValidateHeartbeat.
func (b *Book) Save(ctx context.Context, h monitor.Heartbeat, author string) (monitor.Heartbeat, error) {
	b.creating.Lock()
	defer b.creating.Unlock()
	return b.save(ctx, h, author)
}

func (b *Book) save(ctx context.Context, h monitor.Heartbeat, author string) (monitor.Heartbeat, error) {
	if err := monitor.ValidateHeartbeat(h); err != nil {
		return h, err
	}
	at := b.o.Now().UTC()
	saved, err := b.o.Store.SaveHeartbeat(ctx, h, at)
	if err != nil {
		return h, err
	}
	b.mu.Lock()
	c, there := b.byID[saved.ID]
	if !there {
		c = &check{h: saved, s: monitor.HeartbeatState{ID: saved.ID}, index: -1}
		b.add(c)
		b.mu.Unlock()
		b.o.Changed()
		return saved, nil
	}
	before := c.h
	b.rename(c, saved)
	wait := b.replan(ctx, c, before, author, at)
	b.mu.Unlock()
	if err := wait(); err != nil {
		return saved, err
	}
	if before.Active && !saved.Active || before.Ref() != saved.Ref() {
		err = b.retire(ctx, before, author, at)
	}
	b.o.Changed()
	return saved, err
}

// rename puts the new definition into the indexes.
func (b *Book) rename(c *check, next monitor.Heartbeat) {
	delete(b.byRef, c.h.Ref())
	b.spaces[c.h.Space]--
	c.h = next
	b.byRef[next.Ref()] = c
	b.spaces[next.Space]++
}

// replan works out the deadline that the new definition gives.
func (b *Book) replan(ctx context.Context, c *check, before monitor.Heartbeat, author string, at time.Time) func() error {
	s := &c.s
	if c.values != nil {
		c.values.SetThreshold(c.threshold())
		c.saved = time.Time{} // beats after this one are judged by another threshold
	}
	if !c.h.Active {
		s.Blind = true
	}
	if s.Beats > 0 && (before.Schedule != c.h.Schedule || before.Active != c.h.Active) {
		from := s.Seen
		if !before.Active {
			from = at // what came meanwhile, or did not, was not watched
		}
		w := expect(c.h.Schedule, &c.rhythm, from, b.o.Zone)
		s.Expected, s.Deadline, s.Overdue = w.Expected, w.Deadline, false
		if s.Why == monitor.WhyMissing && !w.Deadline.IsZero() && w.Deadline.After(at) {
			c.turn(finding{level: monitor.OK}, StateOK, at)
		}
	}
	s.Settled = false
	event := monitor.HeartbeatEvent{At: at, Level: s.Level, What: "changed", Text: "changed by " + author}
	return b.put(ctx, c, monitor.BeatCommit{Events: []monitor.HeartbeatEvent{event}})
}

// Delete removes a heartbeat and everything that is kept of it. Whoever was told
// that it is bad is told that it is gone.
func (b *Book) Delete(ctx context.Context, ref monitor.HeartbeatRef, author string) error {
	b.creating.Lock()
	defer b.creating.Unlock()
	b.mu.Lock()
	c, ok := b.byRef[ref]
	b.mu.Unlock()
	if !ok {
		return missing(ref)
	}
	if err := b.o.Store.DeleteHeartbeat(ctx, c.h.ID); err != nil {
		return err
	}
	b.mu.Lock()
	delete(b.byRef, ref)
	delete(b.byID, c.h.ID)
	delete(b.unsettled, c)
	b.spaces[ref.Space]--
	b.queue.remove(c)
	b.shelf.remove(c)
	b.mu.Unlock()
	defer b.o.Changed()
	return b.retire(ctx, c.h, author, b.o.Now().UTC())
}

func missing(ref monitor.HeartbeatRef) error {
	return monitor.Missing("there is no heartbeat %s/%s", monitor.Cut(ref.Space, 100), monitor.Cut(ref.Name, 100))
}

func (b *Book) retire(ctx context.Context, h monitor.Heartbeat, author string, at time.Time) error {
	if b.o.Reporter == nil {
		return nil
	}
	return b.o.Reporter.Retire(ctx, h.Watched(), monitor.ReasonRetired, author, at)
}

// Get returns one heartbeat.
func (b *Book) Get(ref monitor.HeartbeatRef) (View, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, ok := b.byRef[ref]
	if !ok {
		return View{}, missing(ref)
	}
	return b.view(c), nil
}

// ByID returns one heartbeat by its number.
func (b *Book) ByID(id int64) (View, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, ok := b.byID[id]
	if !ok {
		return View{}, monitor.Missing("there is no heartbeat %d", id)
	}
	return b.view(c), nil
}

// Watched returns what is known of a heartbeat as a subject, by its subject's key.
func (b *Book) Watched(_ context.Context, key string) (monitor.Watched, error) {
	ref, _ := monitor.HeartbeatOf(monitor.Subject{Kind: monitor.KindHeartbeat, Key: key})
	v, err := b.Get(ref)
	return v.Heartbeat.Watched(), err
}

// AllWatched returns all heartbeats as subjects.
func (b *Book) AllWatched(context.Context) ([]monitor.Watched, error) {
	views := b.List("")
	all := make([]monitor.Watched, len(views))
	for i, v := range views {
		all[i] = v.Heartbeat.Watched()
	}
	return all, nil
}

// Levels counts heartbeats by level; paused ones are left out.
func (b *Book) Levels() map[monitor.Level]int {
	counts := map[monitor.Level]int{monitor.Unknown: 0, monitor.OK: 0, monitor.Warning: 0, monitor.Critical: 0}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.byID {
		if c.h.Active {
			counts[c.s.Level]++
		}
	}
	return counts
}

// Shape is what was learned, for a picture.
type Shape struct {
	Gaps              []float64 // seconds, oldest first; those that were not learned from left out
	Median, Longest   float64   // seconds; 0 while nothing is known; Longest is that after the newest beat
	Shortest          float64
	Runs              []float64     // seconds, oldest first
	RunShort, RunLong time.Duration // bounds in force; 0 for none
	Threshold         float64       // score from which on a value is odd
	Values            bool          // values are watched
}

// Shape returns what a heartbeat's beats have taught.
func (b *Book) Shape(ref monitor.HeartbeatRef) (Shape, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, ok := b.byRef[ref]
	if !ok {
		return Shape{}, missing(ref)
	}
	w := c.rhythm.wait()
	shape := Shape{Median: w.median, Longest: w.longest, Shortest: w.shortest, Threshold: c.threshold(), Values: c.measured}
	if l := c.rhythm.Learned(b.zoneOf(c.h)); l.Calendar != nil {
		shape.Longest = l.Deadline.Sub(c.rhythm.newest).Seconds()
	}
	for _, gap := range c.rhythm.gaps {
		if gap > 0 {
			shape.Gaps = append(shape.Gaps, float64(gap))
		}
	}
	for _, took := range c.runs.took {
		shape.Runs = append(shape.Runs, float64(took))
	}
	shape.RunShort, shape.RunLong, _ = c.runLimits()
	return shape, nil
}

// List returns the heartbeats of a space, or all of them when it is empty, in the
// order of space and name.
func (b *Book) List(space string) []View {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []View
	for _, c := range b.byRef {
		if space == "" || c.h.Space == space {
			all = append(all, View{Heartbeat: c.h, State: c.s})
		}
	}
	slices.SortFunc(all, func(x, y View) int { return sortRefs(x.Heartbeat.Ref(), y.Heartbeat.Ref()) })
	return all
}

// view is a check with everything that was learned.
func (b *Book) view(c *check) View {
	zone := b.zoneOf(c.h)
	return View{Heartbeat: c.h, State: c.s, Learned: c.rhythm.Words(zone), Wait: c.rhythm.Learned(zone), Shared: c.shared()}
}

// Brief says of a heartbeat what was learned in a few words; "" when it is not
// there.
func (b *Book) Brief(ref monitor.HeartbeatRef) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, ok := b.byRef[ref]
	if !ok {
		return ""
	}
	return c.rhythm.Brief(b.zoneOf(c.h))
}

func (b *Book) zoneOf(h monitor.Heartbeat) *time.Location {
	if zone, err := time.LoadLocation(h.Schedule.Zone); err == nil && h.Schedule.Zone != "" {
		return zone
	}
	return b.o.Zone
}

// Pin makes what was learned the heartbeat's schedule, until somebody changes it:
// the crontab when there is one, otherwise the usual gap and the grace beyond it.
func (b *Book) Pin(ctx context.Context, ref monitor.HeartbeatRef, author string) (monitor.Heartbeat, error) {
	b.mu.Lock()
	c, ok := b.byRef[ref]
	if !ok {
		b.mu.Unlock()
		return monitor.Heartbeat{}, missing(ref)
	}
	h, zone := c.h, b.zoneOf(c.h)
	w, calendar, found := c.rhythm.wait(), Calendar{}, false
	calendar, found = c.rhythm.Calendar(zone)
	b.mu.Unlock()
	switch {
	case found:
		h.Schedule = monitor.HeartbeatSchedule{Kind: monitor.ScheduleCron, Spec: calendar.Cron, Zone: zone.String(), Grace: calendar.Late}
	case w.gaps >= fewGaps:
		period := seconds(w.median).Round(time.Second)
		h.Schedule = monitor.HeartbeatSchedule{Kind: monitor.SchedulePeriod, Period: max(period, time.Second), Grace: max((seconds(w.longest) - period).Round(time.Second), time.Second), Zone: h.Schedule.Zone}
	default:
		return h, fmt.Errorf("%w: too little has been learned to pin it; %d more gaps are needed", monitor.ErrConflict, fewGaps-w.gaps)
	}
	return b.Save(ctx, h, author)
}

// Vote says that the newest alert was useful (up) or noise: it moves the quiet
// time, as in Pacemaker, and how sensitive the watch over values is.
func (b *Book) Vote(ctx context.Context, ref monitor.HeartbeatRef, up bool, author string) error {
	b.mu.Lock()
	c, ok := b.byRef[ref]
	if !ok {
		b.mu.Unlock()
		return missing(ref)
	}
	h, at := c.h, b.o.Now().UTC()
	wait := func() error { return nil }
	if f := c.s.Feedback; f != nil {
		next := feedbackOf(f).Vote(up, at.Unix())
		c.s.Feedback = quietOf(next)
		wait = b.put(ctx, c, monitor.BeatCommit{})
	}
	measured := c.measured
	b.mu.Unlock()
	if err := wait(); err != nil || !measured {
		return err
	}
	h.Sensitivity = voted(h.Sensitivity, up)
	_, err := b.Save(ctx, h, author)
	return err
}

func feedbackOf(q *monitor.QuietTime) *Feedback {
	if q == nil {
		return nil
	}
	return &Feedback{Quiet: q.Hours, AlertAfter: unix(q.AlertAfter), InEvent: q.InEvent}
}

func quietOf(f Feedback) *monitor.QuietTime {
	return &monitor.QuietTime{Hours: f.Quiet, AlertAfter: time.Unix(f.AlertAfter, 0).UTC(), InEvent: f.InEvent}
}
