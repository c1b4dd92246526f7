package board

import (
	"context"
	"fmt"
	"slices"
	"time"

	"wingmirror/monitor"
)

// known returns ErrNotFound, with the name that was perhaps meant, unless the
// component is there.
func (b *Board) known(component string) error {
	look := b.Look()
	if look.Node(component) != nil {
		return nil
	}
	return look.NotFound(component)
}

// NotFound is the error about a component that is not there.
func (l *Look) NotFound(component string) error {
	text := fmt.Sprintf("there is no component %q", monitor.Cut(component, 100))
	if near := monitor.Nearest(component, l.IDs()); near != "" {
		text += "; did you mean " + near + "?"
	}
	return monitor.Missing("%s", text)
}

// Override stores an override, new (ID 0) or changed, and lets it work at once.
func (b *Board) Override(ctx context.Context, o monitor.Override) (monitor.Override, error) {
	if err := b.known(o.Component); err != nil {
		return o, err
	}
	now := b.o.Now()
	if o.From.IsZero() {
		o.From = now
	}
	if o.ID == 0 {
		o.CreatedAt = now
	}
	o.UpdatedAt = now
	if err := monitor.ValidateOverride(o, now); err != nil {
		return o, err
	}
	b.mu.Lock()
	n := len(b.overrides)
	b.mu.Unlock()
	if o.ID == 0 {
		if err := full(n, maxOverrides, "overrides", "end some"); err != nil {
			return o, err
		}
	}
	return b.saveOverride(ctx, o)
}

func (b *Board) saveOverride(ctx context.Context, o monitor.Override) (monitor.Override, error) {
	b.acting.Lock()
	defer b.acting.Unlock()
	stored, err := b.o.Acts.SaveOverride(ctx, o)
	if err != nil {
		return o, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.overrides = slices.DeleteFunc(slices.Clone(b.overrides), func(other monitor.Override) bool { return other.ID == stored.ID })
	b.overrides = append(b.overrides, stored)
	b.changed()
	return stored, nil
}

// FindOverride returns an override that holds or is still to begin.
func (b *Board) FindOverride(component string, id int64) (monitor.Override, error) {
	now := b.o.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range b.overrides {
		if o.ID == id && o.Component == component && o.EndedAt.IsZero() && now.Before(o.Until) {
			return o, nil
		}
	}
	return monitor.Override{}, monitor.Missing("component %s has no override %d that is not over", component, id)
}

// Extend moves the end of an override.
func (b *Board) Extend(ctx context.Context, component string, id int64, until time.Time, by string) (monitor.Override, error) {
	o, err := b.FindOverride(component, id)
	if err != nil {
		return o, err
	}
	o.Until, o.UpdatedBy = until, by
	return b.Override(ctx, o)
}

// EndOverride ends an override early, for good.
func (b *Board) EndOverride(ctx context.Context, component string, id int64, by string) (monitor.Override, error) {
	o, err := b.FindOverride(component, id)
	if err != nil {
		return o, err
	}
	o.EndedAt, o.EndedBy = b.o.Now(), by
	return b.saveOverride(ctx, o)
}

// Bounds of what people and programs bring.
const (
	maxPushes    = 10_000 // pushed rationales, of all components
	maxInstances = 10_000
	maxOverrides = 10_000 // that hold or are still to begin
)

// full is the error when there is no room for one more.
func full(n, most int, what, fix string) error {
	if n < most {
		return nil
	}
	return fmt.Errorf("%w: the board holds %d %s already; %s", monitor.ErrDenied, n, what, fix)
}

// Push stores a rationale that a person or a program brings, in place of one
// with the same ID. No run of a source touches it; it ends by itself.
func (b *Board) Push(ctx context.Context, r monitor.Rationale) (monitor.Rationale, error) {
	if r.Component != "" {
		if err := b.known(r.Component); err != nil {
			return r, err
		}
		r.Source = pushed
	}
	now := b.o.Now()
	if r.Start.IsZero() {
		r.Start = now
	}
	if r.Seen.IsZero() {
		r.Seen = now
	}
	r.Changed = now
	b.acting.Lock()
	defer b.acting.Unlock()
	key := pushKey{r.Component, r.ID}
	b.mu.Lock()
	before, again := b.pushes[key]
	n := len(b.pushes)
	b.mu.Unlock()
	if again {
		r.Seen = before.Seen
	} else if err := full(n, maxPushes, "pushed rationales", "withdraw some, or push in place of one under its id"); err != nil {
		return r, err
	}
	if err := monitor.ValidatePush(r, now); err != nil {
		return r, err
	}
	if err := b.o.Acts.SavePush(ctx, r); err != nil {
		return r, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pushes[key] = r
	b.changed()
	return r, nil
}

// Withdraw takes a pushed rationale back.
func (b *Board) Withdraw(ctx context.Context, component, id string) error {
	b.acting.Lock()
	defer b.acting.Unlock()
	key := pushKey{component, id}
	b.mu.Lock()
	_, there := b.pushes[key]
	b.mu.Unlock()
	if !there {
		return monitor.Missing("nothing was pushed to %q with the id %q", component, monitor.Cut(id, 100))
	}
	if err := b.o.Acts.DeletePush(ctx, component, id); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.pushes, key)
	b.changed()
	return nil
}

// Pushed returns the rationales that were pushed without a component, and the
// instances that bind them to one: the older API's way to override.
func (b *Board) Pushed() (statuses []monitor.Rationale, instances []monitor.BoardInstance) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for key, r := range b.pushes {
		if key.component == "" {
			statuses = append(statuses, r)
		}
	}
	for _, i := range b.instances {
		instances = append(instances, i)
	}
	return statuses, instances
}

// SaveInstance stores an instance, new (Number 0) or changed.
func (b *Board) SaveInstance(ctx context.Context, i monitor.BoardInstance) (monitor.BoardInstance, error) {
	b.acting.Lock()
	defer b.acting.Unlock()
	i.UpdatedAt = b.o.Now()
	if i.Number == 0 {
		i.CreatedAt = i.UpdatedAt
		b.mu.Lock()
		n := len(b.instances)
		b.mu.Unlock()
		if err := full(n, maxInstances, "instances", "delete some"); err != nil {
			return i, err
		}
	}
	stored, err := b.o.Acts.SaveBoardInstance(ctx, i)
	if err != nil {
		return i, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.instances[stored.Number] = stored
	b.changed()
	return stored, nil
}

// Reload takes the components and subscriptions that were changed in the
// records since.
func (b *Board) Reload(ctx context.Context) error {
	b.acting.Lock()
	defer b.acting.Unlock()
	records, err := b.o.Records.BoardRecords(ctx, b.o.Now())
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.takeRecords(records)
	return b.arrange(ctx, nil)
}

// UseFiles takes what the files say now, and shows what is wrong with them.
func (b *Board) UseFiles(ctx context.Context, config Config, problems Problems) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.files, b.problems = config, problems
	if err := b.arrange(ctx, nil); err != nil {
		b.o.Log.Error("the board's files are not used", "error", err)
		b.changed()
	}
}

// CheckComponent returns what is wrong with a component that is to be made or
// changed in the pages as FieldErrors, or nil.
func (b *Board) CheckComponent(c monitor.Component) error {
	errs := monitor.AllFieldErrors(ValidateComponent(c))
	c.Line = -1 // so that what is wrong with it is told from what is wrong with others
	b.mu.Lock()
	all := []monitor.Component{c}
	for _, other := range b.components {
		if other.ID == c.ID && other.File != "" {
			errs = append(errs, monitor.Invalid("id", "the component %s is kept in %s; change it there", c.ID, other.File))
		}
		if other.ID != c.ID {
			all = append(all, other)
		}
	}
	b.mu.Unlock()
	for _, p := range checkTree(all) {
		if p.Line == c.Line {
			errs = append(errs, monitor.Invalid(p.Field, "%s", p.Message))
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return errs
}

// arrange puts the components of files and pages together, and gives each of
// their sources a state. A component of a file counts more than one of the
// pages with its ID. The lock is held.
func (b *Board) arrange(ctx context.Context, stored map[sourceKey]monitor.SourceState) error {
	components := slices.Clone(b.files.Components)
	for _, c := range b.made {
		if slices.ContainsFunc(b.files.Components, func(f monitor.Component) bool { return f.ID == c.ID }) {
			b.o.Log.Warn("a component made in the pages is hidden by one of a file", "component", c.ID)
			continue
		}
		components = append(components, c)
	}
	now := b.o.Now()
	wanted := map[sourceKey]*source{}
	var states []monitor.SourceState
	for _, c := range components {
		for _, config := range c.Sources {
			key := sourceKey{c.ID, config.Name}
			if old := b.sources[key]; old != nil && sameSource(old.config, config) && old.trusted == (c.File != "") {
				wanted[key] = old
				continue
			}
			state, known := stored[key]
			if old := b.sources[key]; old != nil {
				state, known = old.state, true
			}
			if !known {
				state = monitor.SourceState{Component: c.ID, Name: config.Name, CreatedAt: now}
			}
			wanted[key] = &source{config: config, trusted: c.File != "", state: state}
			states = append(states, state)
		}
	}
	if len(states) > 0 {
		slices.SortFunc(states, byComponent(components))
		numbered, err := b.o.Journal.NumberSources(ctx, states, now)
		if err != nil {
			return err
		}
		for _, state := range numbered {
			s := wanted[sourceKey{state.Component, state.Name}]
			s.state.Number, s.state.CreatedAt = state.Number, state.CreatedAt
		}
	}
	for key, s := range b.sources {
		if wanted[key] != s && s.stop != nil {
			s.stop()
		}
	}
	b.components, b.sources = components, wanted
	b.noteFaults(now)
	b.startSources()
	b.changed()
	return nil
}

// noteFaults remembers since when components cannot be used as they are written,
// and how they stood. The lock is held.
func (b *Board) noteFaults(now time.Time) {
	faults := map[string]fault{}
	for _, c := range b.components {
		if c.Fault == "" {
			continue
		}
		one, known := b.faults[c.ID]
		if !known {
			one = fault{since: now, stood: b.levels[c.ID].level}
		}
		faults[c.ID] = one
	}
	b.faults = faults
}

// Subscriptions returns who subscribes to a component.
func (b *Board) Subscriptions(component string) []monitor.Subscription {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []monitor.Subscription
	for _, s := range b.subscriptions {
		if s.Component == component {
			all = append(all, s)
		}
	}
	return all
}
