package main

import (
	"context"
	"fmt"
	"time"
)

// turn is a part of a measurement in which the hostile monitors all run, or none.
type turn struct {
	hostile     bool
	from, until time.Time
}

// turns is how often both ways take their turn in one measurement: what else the
// machine does meets both.
func (b benchPlan) turns() (n int, each time.Duration) {
	pairs := min(max(int(b.length/(10*time.Second)), 1), 3)
	return 2 * pairs, max(b.length/time.Duration(2*pairs), time.Second)
}

// takeTurns lets the hostile monitors run in every other part of the measurement.
// A part without them begins when the last of their runs has ended.
func (m measurement) takeTurns(ctx context.Context) ([]turn, error) {
	n, length := m.plan.turns()
	var turns []turn
	for i := range n {
		hostile := i%2 == 1
		if err := m.letHostile(ctx, hostile); err != nil {
			return nil, err
		}
		from := time.Now().Truncate(time.Second).Add(1800 * time.Millisecond) // between ticks
		if m.plan.burst {
			next, err := m.next(time.Now())
			if err != nil {
				return nil, err
			}
			from = next.Add(-200 * time.Millisecond)
		}
		t := turn{hostile: hostile, from: from, until: from.Add(length)}
		if err := pause(ctx, time.Until(t.until)); err != nil {
			return nil, err
		}
		turns = append(turns, t)
		fmt.Fprintf(m.stderr, "turn %d of %d over\n", i+1, n)
	}
	return turns, pause(ctx, time.Second) // for the last runs to be stored
}

// letHostile switches the hostile monitors on or off.
func (m measurement) letHostile(ctx context.Context, on bool) error {
	for _, one := range m.load.monitors {
		if !m.load.hostile[one.ID] {
			continue
		}
		if !on {
			m.server.scheduler.Drop(one.ID)
		} else if err := m.server.scheduler.Put(one); err != nil {
			return err
		}
	}
	if on {
		return nil
	}
	for limit := time.Now().Add(drainLimit); m.server.pool.Stats().Slow > 0 && time.Now().Before(limit); {
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return pause(ctx, time.Second)
}

// comparison is the times of good monitors without hostile ones and beside them.
type comparison struct {
	Late         spread `json:"start_lateness_ms"`
	Stored       spread `json:"until_stored_ms"`
	LateBeside   spread `json:"start_lateness_beside_ms"`
	StoredBeside spread `json:"until_stored_beside_ms"`
}

func (r *benchResult) compare(w *benchWatch, turns []turn, hostile map[int64]bool) {
	var late, stored [2][]time.Duration // without, beside
	for _, t := range turns {
		way := 0
		if t.hostile {
			way = 1
		}
		for _, run := range w.between(t.from, t.until) {
			if !hostile[run.monitor] {
				late[way], stored[way] = append(late[way], run.late), append(stored[way], run.stored)
			}
		}
	}
	r.Turns = &comparison{
		Late: spreadOf(late[0]), Stored: spreadOf(stored[0]),
		LateBeside: spreadOf(late[1]), StoredBeside: spreadOf(stored[1]),
	}
}
