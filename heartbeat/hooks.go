package heartbeat

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"wingmirror/monitor"
)

// Caller posts JSON to an address; an answer other than 2xx is an error.
type Caller interface {
	Post(ctx context.Context, url string, body []byte) error
}

const (
	pulse       = 10 * time.Second // between two looks at what is failing
	callTimeout = 10 * time.Second
	calls       = 16 // under way at once
	historyRows = 501
)

// hookBody is what Pacemaker's webhook says.
type hookBody struct {
	Org   string   `json:"org"`
	Check string   `json:"check"`
	Tags  []string `json:"tags"` // null when there are none
	Start int64    `json:"anomaly_start"`
	State string   `json:"state"`
}

// RunHooks calls the webhooks of Pacemaker's kind, until ctx ends: once when a
// check has been CRITICAL or missing for long enough and is not to be quiet, and
// once when it is OK again. What could not be delivered is tried again with the
// next pulse.
func (b *Book) RunHooks(ctx context.Context, keys *Keys, caller Caller) {
	tick := time.NewTicker(pulse)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var group sync.WaitGroup
		slots := make(chan struct{}, calls)
		for _, c := range b.hooked(keys) {
			slots <- struct{}{}
			group.Go(func() {
				defer func() { <-slots }()
				b.callHook(ctx, c, caller)
			})
		}
		group.Wait()
	}
}

// call is a check that a webhook may have to be told about.
type call struct {
	ref   monitor.HeartbeatRef
	id    int64
	state monitor.HeartbeatState
	hook  monitor.PacemakerHook
}

func (b *Book) hooked(keys *Keys) []call {
	now := b.o.Now().Unix()
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []call
	for _, c := range b.byID {
		f := feedbackOf(c.s.Feedback)
		bad, over := isFailing(c.s) && f.Allows(now), c.s.Word == StateOK && f != nil && f.InEvent
		if !c.h.Active || !bad && !over {
			continue
		}
		if hook, ok := keys.Hook(c.h.Space); ok {
			all = append(all, call{c.h.Ref(), c.h.ID, c.s, hook})
		}
	}
	return all
}

// isFailing reports whether a check's state is one that is told: Pacemaker told
// only of CRITICAL, and so never of a beat that did not come.
func isFailing(s monitor.HeartbeatState) bool {
	return s.Word == StateCritical || s.Level == monitor.Critical && s.Overdue
}

func (b *Book) callHook(ctx context.Context, c call, caller Caller) {
	now := b.o.Now().Unix()
	failing := c.hook.Failing
	if failing == 0 {
		failing = PacemakerFailing * time.Second
	}
	body := hookBody{Org: c.ref.Space, Check: c.ref.Name, Tags: tagsOf(c.state.Payload), Start: now, State: c.state.Word}
	if c.state.Word != StateOK {
		start, alert := b.failingSince(ctx, c, now-int64(failing/time.Second))
		if !alert {
			return
		}
		body.Start = start
	}
	text, err := json.Marshal(body)
	if err != nil {
		b.o.Log.Error("a webhook's body cannot be made", "error", err)
		return
	}
	limited, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if err := caller.Post(limited, c.hook.URL, text); err != nil {
		b.o.Log.Warn("a webhook of Pacemaker's kind was not delivered; it is tried again", "space", c.ref.Space, "check", c.ref.Name, "error", err)
		return
	}
	b.called(ctx, c, now)
}

// failingSince looks at the history for CRITICAL, and at the state for a beat
// that is missing.
func (b *Book) failingSince(ctx context.Context, c call, threshold int64) (start int64, alert bool) {
	if c.state.Word != StateCritical {
		start = c.state.Since.Unix()
		return start, start < threshold
	}
	beats, err := b.o.Store.Beats(ctx, c.id, historyRows)
	if err != nil {
		b.o.Log.Error("the history of a check cannot be read", "error", err)
		return 0, false
	}
	return Alertable(History(beats), threshold)
}

// History is the part of a heartbeat's beats that Pacemaker would have kept,
// newest first.
func History(beats []monitor.Beat) []StateRow {
	var rows []StateRow
	for _, beat := range beats {
		if beat.Kind != monitor.BeatStart && beat.Kind != monitor.BeatLog {
			rows = append(rows, StateRow{Timestamp: beat.At.Unix(), State: beat.Word})
		}
	}
	return rows
}

// called notes that a webhook was told.
func (b *Book) called(ctx context.Context, told call, now int64) {
	b.mu.Lock()
	c, ok := b.byID[told.id]
	if !ok {
		b.mu.Unlock()
		return
	}
	f := feedbackOf(c.s.Feedback)
	if told.state.Word != StateOK {
		c.s.Feedback = quietOf(AfterSending(f, now))
	} else if f != nil {
		f.InEvent = false
		c.s.Feedback = quietOf(*f)
	}
	wait := b.put(ctx, c, monitor.BeatCommit{})
	b.mu.Unlock()
	b.stored([]func() error{wait})
}

func tagsOf(payload []byte) []string {
	var fields struct{ Tags []string }
	if len(payload) > 0 {
		_ = json.Unmarshal(payload, &fields) // it was made by ourselves
	}
	return fields.Tags
}
