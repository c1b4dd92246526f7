package store

import (
	"context"
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

// Costs returns what each monitor that still exists has used in the runs
// scheduled since then, in no order; monitors without such a run are left out.
func (db *DB) Costs(ctx context.Context, since time.Time) ([]Cost, error) {
	// The join makes of it one walk over the newest rows of each monitor.
	rows, err := db.read.WithContext(ctx).Raw(`SELECT m.id, COUNT(*), SUM(r.fetch_us), MAX(r.memory), SUM(r.wall_us), SUM(r.cpu_us),
		SUM(r.memory), SUM(r.points_in), SUM(r.points_out), SUM(r.output_bytes)
		FROM monitors m JOIN runs r ON r.monitor_id = m.id AND r.scheduled_at >= ? AND r.phase = ?
		GROUP BY m.id`, millis(since), monitor.Done).Rows()
	var all []Cost
	err = scanAll(rows, err, func(r rowScanner) error {
		var c Cost
		var fetch, wall, cpu int64
		err := r.Scan(&c.Monitor, &c.Runs, &fetch, &c.Peak, &wall, &cpu, &c.Total.Memory, &c.Total.PointsIn, &c.Total.PointsOut, &c.Total.OutputBytes)
		c.Fetch, c.Total.Wall, c.Total.CPU = micros(fetch), micros(wall), micros(cpu)
		all = append(all, c)
		return err
	})
	return all, db.fault("sum up costs", err)
}
