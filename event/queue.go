package event

import (
	"container/heap"

	"wingmirror/monitor"
)

// queue holds events back until those that come late are there too, and gives
// them out in the order of their time.
type queue struct {
	lateness float64 // seconds
	rules    []*ruleState
	events   pending
	released float64 // events up to here have been given out
	timers   timers  // of the keys of its rules
}

func (q *queue) add(e *monitor.PushedEvent) {
	if e.Timestamp < q.released {
		for _, state := range q.rules {
			state.trouble.Late++
		}
		return
	}
	q.events.count++
	heap.Push(&q.events, waitingEvent{e, q.events.count})
}

// next takes the oldest event that is not newer than a time.
func (q *queue) next(asOf float64) (*monitor.PushedEvent, bool) {
	if len(q.events.all) == 0 || q.events.all[0].event.Timestamp > asOf {
		q.released = max(q.released, asOf)
		return nil, false
	}
	return heap.Pop(&q.events).(waitingEvent).event, true
}

// waitingEvent is an event, and how many came before it.
type waitingEvent struct {
	event *monitor.PushedEvent
	order int64
}

// pending is a heap of events by time, and by arrival where that is the same.
type pending struct {
	all   []waitingEvent
	count int64
}

func (p *pending) Len() int { return len(p.all) }

func (p *pending) Less(i, j int) bool {
	a, b := p.all[i], p.all[j]
	if a.event.Timestamp != b.event.Timestamp {
		return a.event.Timestamp < b.event.Timestamp
	}
	return a.order < b.order
}

func (p *pending) Swap(i, j int) { p.all[i], p.all[j] = p.all[j], p.all[i] }

func (p *pending) Push(one any) { p.all = append(p.all, one.(waitingEvent)) }

func (p *pending) Pop() any {
	last := len(p.all) - 1
	one := p.all[last]
	p.all[last] = waitingEvent{}
	p.all = p.all[:last]
	return one
}
