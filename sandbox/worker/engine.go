package worker

import (
	"wingmirror/monitor"
	"wingmirror/sandbox/engine"
)

// Goja makes the engine that serves in production.
func Goja(r Resources) (Engine, error) {
	files := make([]engine.File, len(r.Library))
	for i, f := range r.Library {
		files[i] = engine.File{Name: f.Name, Source: f.Source}
	}
	return engine.New(engine.Options{
		Library: files,
		CPUTime: r.CPU,
		OnProgress: func(more engine.Progress) {
			note(r, more.Output, more.Graph)
		},
	})
}

func note(r Resources, output string, graph []monitor.Line) {
	notes := r.Notes()
	if notes == nil {
		return // no server waits for it, as in a warm-up
	}
	notes.Output(output)
	for _, line := range graph {
		for _, p := range line.Points {
			notes.Point(line.Label, p.Time, p.Value)
		}
	}
}
