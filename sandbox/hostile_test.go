package sandbox_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"wingmirror/monitor"
	"wingmirror/sandbox"
)

func TestHostile_Explore(t *testing.T) {
	dir := os.Getenv("WINGMIRROR_CASES")
	files, _ := filepath.Glob(filepath.Join(dir, "hostile", "*.js"))
	pool := newPool(t, sandbox.Options{Args: []string{"worker"}, Limits: monitor.Limits{CPU: 250 * time.Millisecond}})
	var wg sync.WaitGroup
	sem := make(chan struct{}, 4)
	began := time.Now()
	out := make([]string, len(files))
	for i, f := range files {
		sem <- struct{}{}
		wg.Go(func() {
			defer func() { <-sem }()
			src, _ := os.ReadFile(f)
			r, err := pool.Run(t.Context(), monitor.Input{Script: string(src), JobID: int64(i + 1), At: time.Unix(1_700_000_000, 0)})
			out[i] = fmt.Sprintf("%-50s %-9s %-9s wall=%v cpu=%v mem=%d %.150s %v", filepath.Base(f), r.Fault, r.Level, r.Cost.Wall.Round(time.Millisecond), r.Cost.CPU.Round(time.Millisecond), r.Cost.Memory>>20, r.Message(), err)
		})
	}
	wg.Wait()
	for _, o := range out {
		t.Log(o)
	}
	t.Logf("%v %+v", time.Since(began), pool.Stats())
}
