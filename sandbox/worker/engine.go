package worker

import "wingmirror/sandbox/engine"

// Goja makes the engine that serves in production.
func Goja(r Resources) (Engine, error) {
	files := make([]engine.File, len(r.Library))
	for i, f := range r.Library {
		files[i] = engine.File{Name: f.Name, Source: f.Source}
	}
	return engine.New(engine.Options{
		Library: files,
		CPUTime: r.CPU,
		Notes: func() engine.Notes {
			if notes := r.Notes(); notes != nil {
				return notes
			}
			return nil // no server waits for them, as in a warm-up
		},
	})
}
