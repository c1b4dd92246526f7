package store

import (
	"context"
	"slices"
	"time"

	"wingmirror/monitor"
)

// Cost is what the runs of one monitor used together in a span of time.
type Cost struct {
	Monitor int64
	Runs    int           // that ended
	Fetch   time.Duration //
	Peak    int64         // bytes of memory that the largest run allocated
	Total   monitor.Cost  // sums; Memory is that of all runs
}

// CostStep is what a monitor used in the step of time that begins at From.
type CostStep struct {
	From time.Time
	Cost
}

func (c *Cost) add(other Cost) {
	c.Runs += other.Runs
	c.Fetch += other.Fetch
	c.Peak = max(c.Peak, other.Peak)
	c.Total.Wall += other.Total.Wall
	c.Total.CPU += other.Total.CPU
	c.Total.Memory += other.Total.Memory
	c.Total.PointsIn += other.Total.PointsIn
	c.Total.PointsOut += other.Total.PointsOut
	c.Total.OutputBytes += other.Total.OutputBytes
}

const (
	costOfRuns = ` COUNT(*), SUM(r.fetch_us), MAX(r.memory), SUM(r.wall_us), SUM(r.cpu_us),
		SUM(r.memory), SUM(r.points_in), SUM(r.points_out), SUM(r.output_bytes) FROM `
	costOfHours = ` SUM(h.runs), SUM(h.fetch_us), MAX(h.peak), SUM(h.wall_us), SUM(h.cpu_us),
		SUM(h.memory), SUM(h.points_in), SUM(h.points_out), SUM(h.output_bytes) FROM `
)

// Costs returns what each monitor that still exists has used in the runs
// scheduled since then, in no order; monitors without such a run are left out.
func (db *DB) Costs(ctx context.Context, since time.Time) ([]Cost, error) {
	sums := map[int64]*Cost{}
	for _, part := range db.costParts(ctx, millis(since)) {
		costs, err := db.costs(ctx, part)
		if err != nil {
			return nil, db.fault("sum up costs", err)
		}
		for _, c := range costs {
			if sums[c.Monitor] == nil {
				sums[c.Monitor] = &Cost{Monitor: c.Monitor}
			}
			sums[c.Monitor].add(c)
		}
	}
	all := make([]Cost, 0, len(sums))
	for _, c := range sums {
		all = append(all, *c)
	}
	return all, nil
}

// CostSteps returns what a monitor used in the runs scheduled since then, step by
// step, oldest first. A step that is a multiple of an hour costs little over any
// span; steps without runs are left out.
func (db *DB) CostSteps(ctx context.Context, id int64, since time.Time, step time.Duration) ([]CostStep, error) {
	var steps []CostStep
	parts := []costPart{{from: millis(since), until: never}}
	if step%time.Hour == 0 {
		parts = db.costParts(ctx, millis(since))
	}
	for _, part := range parts {
		more, err := db.costSteps(ctx, id, part, step.Milliseconds())
		if err != nil {
			return nil, db.fault("sum up costs", err)
		}
		for _, s := range more {
			if last := len(steps) - 1; last >= 0 && steps[last].From.Equal(s.From) {
				steps[last].add(s.Cost)
				continue
			}
			steps = append(steps, s)
		}
	}
	return steps, nil
}

// costPart is a span of time whose costs are read from the runs, or from the sums
// of its hours.
type costPart struct {
	from, until int64
	hours       bool
}

const (
	never    = int64(1) << 62
	costHour = int64(time.Hour / time.Millisecond)
)

// costParts divides the time since then: hours that have been summed up, and what
// is before and after them. A failure to tell means that nothing was.
func (db *DB) costParts(ctx context.Context, since int64) []costPart {
	summed, _ := db.costsSummed(ctx)
	first := (since + costHour - 1) / costHour * costHour
	if summed <= first {
		return []costPart{{from: since, until: never}}
	}
	return []costPart{{from: since, until: first}, {from: first, until: summed, hours: true}, {from: summed, until: never}}
}

func (db *DB) costsSummed(ctx context.Context) (until int64, err error) {
	err = db.read.WithContext(ctx).Raw(`SELECT COALESCE(MAX(ends_at), 0) FROM cost_progress`).Scan(&until).Error
	return until, err
}

func (db *DB) costs(ctx context.Context, part costPart) ([]Cost, error) {
	// The join makes of it one walk over the rows of that time of each monitor.
	query := `SELECT m.id,` + costOfRuns + `monitors m JOIN runs r ON r.monitor_id = m.id
		AND r.scheduled_at >= ? AND r.scheduled_at < ? AND r.phase = 1 GROUP BY m.id`
	if part.hours {
		query = `SELECT m.id,` + costOfHours + `monitors m JOIN cost_hours h ON h.monitor_id = m.id
			AND h.hour >= ? AND h.hour < ? GROUP BY m.id`
	}
	rows, err := db.read.WithContext(ctx).Raw(query, part.from, part.until).Rows()
	var all []Cost
	err = scanAll(rows, err, func(r rowScanner) error {
		var c Cost
		err := c.scan(r, &c.Monitor)
		all = append(all, c)
		return err
	})
	return all, err
}

func (db *DB) costSteps(ctx context.Context, id int64, part costPart, step int64) ([]CostStep, error) {
	query := `SELECT r.scheduled_at / ?,` + costOfRuns + `runs r WHERE r.monitor_id = ?
		AND r.scheduled_at >= ? AND r.scheduled_at < ? AND r.phase = 1 GROUP BY 1 ORDER BY 1`
	if part.hours {
		query = `SELECT h.hour / ?,` + costOfHours + `cost_hours h WHERE h.monitor_id = ?
			AND h.hour >= ? AND h.hour < ? GROUP BY 1 ORDER BY 1`
	}
	rows, err := db.read.WithContext(ctx).Raw(query, step, id, part.from, part.until).Rows()
	var all []CostStep
	err = scanAll(rows, err, func(r rowScanner) error {
		c := CostStep{Cost: Cost{Monitor: id}}
		var n int64
		err := c.scan(r, &n)
		c.From = fromMillis(n * step)
		all = append(all, c)
		return err
	})
	return all, err
}

// scan reads a row of sums behind its key.
func (c *Cost) scan(r rowScanner, key *int64) error {
	var fetch, wall, cpu int64
	err := r.Scan(key, &c.Runs, &fetch, &c.Peak, &wall, &cpu, &c.Total.Memory, &c.Total.PointsIn, &c.Total.PointsOut, &c.Total.OutputBytes)
	c.Fetch, c.Total.Wall, c.Total.CPU = micros(fetch), micros(wall), micros(cpu)
	return err
}

// costsSettle is how long after an hour its runs have all ended. One that ends
// later still is in its monitor's history, but not in the sums.
const costsSettle = 15 * time.Minute

// sumCosts sums up the hours that are over and have not been yet. It may be cut
// short at any time; an hour that is done twice comes out the same.
func (db *DB) sumCosts(ctx context.Context, at time.Time) error {
	until := millis(at.Add(-costsSettle)) / costHour * costHour
	from, err := db.costsSummed(ctx)
	for err == nil && from < until {
		from, err = db.firstRunSince(ctx, from)
		from = min(from/costHour*costHour, until)
		if err != nil {
			return err
		}
		if from < until {
			err = db.sumHour(ctx, from)
			from += costHour
		}
		if err == nil {
			err = db.write.WithContext(ctx).Exec(`INSERT INTO cost_progress (id, ends_at) VALUES (1, ?)
				ON CONFLICT (id) DO UPDATE SET ends_at = excluded.ends_at`, from).Error
		}
	}
	return err
}

// firstRunSince is when the first run from then on was due; never when none was.
func (db *DB) firstRunSince(ctx context.Context, from int64) (first int64, err error) {
	err = db.read.WithContext(ctx).Raw(`SELECT COALESCE(MIN((SELECT r.scheduled_at FROM runs r
		WHERE r.monitor_id = m.id AND r.scheduled_at >= ? ORDER BY r.scheduled_at LIMIT 1)), ?) FROM monitors m`, from, never).Scan(&first).Error
	return first, err
}

func (db *DB) sumHour(ctx context.Context, hour int64) error {
	costs, err := db.costs(ctx, costPart{from: hour, until: hour + costHour})
	if err != nil {
		return err
	}
	for some := range slices.Chunk(costs, sweepChunk/2) {
		values, args := make([]byte, 0, 24*len(some)), make([]any, 0, 11*len(some))
		for i, c := range some {
			if i > 0 {
				values = append(values, ", "...)
			}
			values = append(values, "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"...)
			args = append(args, c.Monitor, hour, c.Runs, inMicros(c.Fetch), c.Peak, inMicros(c.Total.Wall), inMicros(c.Total.CPU),
				c.Total.Memory, c.Total.PointsIn, c.Total.PointsOut, c.Total.OutputBytes)
		}
		err := db.write.WithContext(ctx).Exec(`INSERT INTO cost_hours (monitor_id, hour, runs, fetch_us, peak, wall_us, cpu_us,
			memory, points_in, points_out, output_bytes) VALUES `+string(values)+` ON CONFLICT (monitor_id, hour) DO NOTHING`, args...).Error
		if err != nil {
			return err
		}
	}
	return nil
}

// sweepCosts removes sums from before the border, and those of deleted monitors.
func (db *DB) sweepCosts(ctx context.Context, border int64) error {
	_, err := db.deleteAll(ctx, `DELETE FROM cost_hours WHERE (monitor_id, hour) IN (SELECT h.monitor_id, h.hour FROM cost_hours h
		WHERE h.hour < ? OR NOT EXISTS (SELECT 1 FROM monitors m WHERE m.id = h.monitor_id) LIMIT ?)`, border, sweepChunk)
	return err
}
