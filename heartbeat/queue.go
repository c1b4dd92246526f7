package heartbeat

import (
	"container/heap"
	"time"
)

// queue holds the checks that something is due of, the earliest first.
type queue []*check

// Len implements heap.Interface.
func (q queue) Len() int { return len(q) }

// Less implements heap.Interface.
func (q queue) Less(i, j int) bool { return q[i].dueAt.Before(q[j].dueAt) }

// Swap implements heap.Interface.
func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

// Push implements heap.Interface.
func (q *queue) Push(x any) {
	c := x.(*check)
	c.index = len(*q)
	*q = append(*q, c)
}

// Pop implements heap.Interface.
func (q *queue) Pop() any {
	last := len(*q) - 1
	c := (*q)[last]
	(*q)[last] = nil
	*q, c.index = (*q)[:last], -1
	return c
}

// settle puts a check where its deadline belongs, or takes it out. It reports
// whether the head of the queue is another one, or due at another time.
func (q *queue) settle(c *check) (sooner bool) {
	before := q.next()
	c.dueAt = c.due()
	switch {
	case c.dueAt.IsZero() && c.index >= 0:
		heap.Remove(q, c.index)
	case c.dueAt.IsZero():
	case c.index >= 0:
		heap.Fix(q, c.index)
	default:
		heap.Push(q, c)
	}
	next := q.next()
	return !next.IsZero() && (before.IsZero() || next.Before(before))
}

func (q *queue) remove(c *check) {
	if c.index >= 0 {
		heap.Remove(q, c.index)
	}
}

// next is when the earliest is due; zero when nothing is.
func (q queue) next() time.Time {
	if len(q) == 0 {
		return time.Time{}
	}
	return q[0].dueAt
}
