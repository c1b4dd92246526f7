package store

import (
	"context"
	"fmt"
	"math"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"wingmirror/monitor"
)

// typicalDetail is what a run over two series of an hour gives back.
func typicalDetail() *monitor.Detail {
	d := &monitor.Detail{Output: "451\n86\n19.06873614190687\n", Targets: []monitor.TargetCount{
		{Target: "stats.impressions", Status: monitor.StatusOK, Series: 1, Points: 60}, {Target: "stats.conversions", Status: monitor.StatusOK, Series: 1, Points: 60},
	}}
	for l := range 2 {
		line := monitor.Line{Label: fmt.Sprint("line ", l)}
		for i := range 60 {
			line.Points = append(line.Points, monitor.GraphPoint{Time: float64(1338842370 + 60*i), Value: math.Sin(float64(i)) * 100})
		}
		d.Graph = append(d.Graph, line)
	}
	return d
}

func benchMonitors(b *testing.B, db *DB, n int) []monitor.Monitor {
	b.Helper()
	all := make([]monitor.Monitor, n)
	for i := range all {
		all[i] = newMonitor(b, db, fmt.Sprintf("monitor %05d", i))
		if err := db.Commit(b.Context(), commitOf(all[i], start, monitor.OK, 0)); err != nil {
			b.Fatal(err)
		}
	}
	return all
}

// BenchmarkCommit_Steady is the cost of storing a run that changed nothing, with
// its output and graph, 1,000 monitors at a tick as the scheduler hands them in.
func BenchmarkCommit_Steady(b *testing.B) {
	db := openNew(b)
	monitors := benchMonitors(b, db, 1000)
	detail := typicalDetail()
	b.ResetTimer()
	runAll(b, db, monitors, func(c *monitor.Commit) { c.Detail = detail })
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}

// BenchmarkCommit_SteadyRecorded keeps what the run saw as well, as a server does
// unless it is told otherwise.
func BenchmarkCommit_SteadyRecorded(b *testing.B) {
	db := openNew(b)
	monitors := benchMonitors(b, db, 1000)
	detail, recording := typicalDetail(), typicalRecording()
	b.ResetTimer()
	runAll(b, db, monitors, func(c *monitor.Commit) { c.Detail, c.Recording = detail, recording })
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}

// BenchmarkCommit_SteadyRowOnly leaves output and graph out.
func BenchmarkCommit_SteadyRowOnly(b *testing.B) {
	db := openNew(b)
	monitors := benchMonitors(b, db, 1000)
	b.ResetTimer()
	runAll(b, db, monitors, func(c *monitor.Commit) { c.Detail = nil })
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}

// cpuPerRun reports processor time, which other work on the machine disturbs less
// than elapsed time.
func cpuPerRun(b *testing.B) (stop func()) {
	b.Helper()
	used := func() time.Duration {
		var r syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
			b.Fatal(err)
		}
		return time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	before := used()
	return func() { b.ReportMetric(float64((used()-before).Microseconds())/float64(b.N), "cpu-us/op") }
}

// runAll claims and commits b.N runs, as many at a time as the scheduler.
func runAll(b *testing.B, db *DB, monitors []monitor.Monitor, set func(*monitor.Commit)) {
	b.Helper()
	ids := make([]int64, len(monitors))
	for i, m := range monitors {
		ids[i] = m.ID
	}
	defer cpuPerRun(b)()
	work := make(chan monitor.Commit)
	var wg sync.WaitGroup
	for range 256 {
		wg.Go(func() {
			for c := range work {
				if err := db.Commit(context.Background(), c); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for n := 0; n < b.N; {
		at := start.Add(time.Duration(n/len(monitors)+1) * time.Minute)
		if _, err := db.Claim(b.Context(), at, ids); err != nil {
			b.Fatal(err)
		}
		for i := 0; i < len(monitors) && n < b.N; i, n = i+1, n+1 {
			c := commitOf(monitors[i], at, monitor.OK, 1)
			set(&c)
			work <- c
		}
	}
	close(work)
	wg.Wait()
}

// BenchmarkCommit_Fire opens an incident and queues a notice, one after another.
func BenchmarkCommit_Fire(b *testing.B) {
	db := openNew(b)
	m := newMonitor(b, db, "a")
	b.ResetTimer()
	for i := range b.N {
		fire(b, db, m, fmt.Sprint(i), start.Add(time.Duration(i)*time.Second), "mailto:a@b.c")
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}

func BenchmarkOverview_5000Monitors(b *testing.B) {
	db := openNew(b)
	benchMonitors(b, db, 5000)
	defer cpuPerRun(b)()
	for b.Loop() {
		if all, err := db.Overview(b.Context()); err != nil || len(all) != 5000 {
			b.Fatal(len(all), err)
		}
	}
}

// BenchmarkOverview_First5000 reads the list from the tables, as the first look at it does.
func BenchmarkOverview_First5000(b *testing.B) {
	db := openNew(b)
	benchMonitors(b, db, 5000)
	defer cpuPerRun(b)()
	for b.Loop() {
		if all, err := db.readOverview(b.Context(), nil); err != nil || len(all) != 5000 {
			b.Fatal(len(all), err)
		}
	}
}

func BenchmarkRuns_Last1000Of250000(b *testing.B) {
	db := openNew(b)
	monitors := benchMonitors(b, db, 10)
	err := db.write.Exec(`INSERT INTO runs (monitor_id, scheduled_at, phase, version, level)
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25000)
		SELECT m.id, ? + n.i * 60000, 1, 1, 1 FROM n, monitors m`, millis(start)).Error
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if all, err := db.Runs(b.Context(), monitors[3].ID, time.Time{}, 1000); err != nil || len(all) != 1000 {
			b.Fatal(len(all), err)
		}
	}
}

func BenchmarkPackDetail(b *testing.B) {
	d := *typicalDetail()
	size := 0
	for b.Loop() {
		size = len(packDetail(d))
	}
	b.ReportMetric(float64(size), "bytes")
}

// BenchmarkRunRow_Bytes measures how much a steady run adds to the file.
func BenchmarkRunRow_Bytes(b *testing.B) {
	db := openNew(b)
	monitors := benchMonitors(b, db, 1000)
	size := func() float64 {
		if err := db.write.Exec(`PRAGMA wal_checkpoint(TRUNCATE)`).Error; err != nil {
			b.Fatal(err)
		}
		info, err := os.Stat(db.path)
		if err != nil {
			b.Fatal(err)
		}
		return float64(info.Size())
	}
	before := size()
	runAll(b, db, monitors, func(c *monitor.Commit) { c.Detail = nil })
	b.ReportMetric((size()-before)/float64(b.N), "bytes/run")
}

// The longest that a run waits to be stored while a month of a monitor's runs is
// removed is worst-ms.
func BenchmarkCommit_WhileSweeping(b *testing.B) {
	db := openNew(b)
	m := newMonitor(b, db, "a")
	if err := db.Commit(b.Context(), commitOf(m, start, monitor.OK, 0)); err != nil {
		b.Fatal(err)
	}
	var worst time.Duration
	sweeping := make(chan error)
	close(sweeping)
	for i := 1; b.Loop(); i++ {
		select {
		case err := <-sweeping:
			if err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			oldRuns(b, db, m, 30*24*60)
			sweeping = make(chan error)
			go func() {
				defer close(sweeping)
				if _, err := db.Sweep(b.Context(), Retention{Runs: time.Hour}, start); err != nil && b.Context().Err() == nil {
					sweeping <- err
				}
			}()
			b.StartTimer()
		default:
		}
		begun := time.Now()
		if err := db.Commit(b.Context(), commitOf(m, start.Add(time.Duration(i)*time.Minute), monitor.OK, 1)); err != nil {
			b.Fatal(err)
		}
		worst = max(worst, time.Since(begun))
	}
	b.ReportMetric(float64(worst.Microseconds())/1000, "worst-ms")
}

// BenchmarkCosts_WeekOfAMillion sums up what 100 monitors used that ran every
// minute of a week.
func BenchmarkCosts_WeekOfAMillion(b *testing.B) {
	db := openNew(b)
	benchMonitors(b, db, 100)
	err := db.write.Exec(`INSERT INTO runs (monitor_id, scheduled_at, phase, version, level, wall_us, cpu_us, memory, points_in, points_out, output_bytes, fetch_us)
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
		SELECT m.id, ? + n.i * 60000, 1, 1, 1, 150, 100, 44000, 120, 60, 20, 5000 FROM monitors m, n`, millis(start)).Error
	if err != nil {
		b.Fatal(err)
	}
	if err := db.sumCosts(b.Context(), start.Add(7*24*time.Hour)); err != nil {
		b.Fatal(err)
	}
	done := cpuPerRun(b)
	for b.Loop() {
		if all, err := db.Costs(b.Context(), start.Add(-time.Hour)); err != nil || len(all) != 100 {
			b.Fatal(len(all), err)
		}
	}
	done()
}
