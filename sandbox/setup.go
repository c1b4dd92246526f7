package sandbox

import "wingmirror/monitor"

// File is one file of the user's own helper library.
type File struct {
	Name   string // as it is shown in errors
	Source string
}

// Setup is what a worker is told once, before its first run.
type Setup struct {
	Limits   monitor.Limits // the installation's; no run has higher ones
	Library  []File         // loaded in this order into every run
	Disabled []string       // layers of the lock-down that the operator has switched off
	Shared   int            // bytes of memory behind descriptor 3 for Conn.Share, 0 for none
}

// Layer is one layer of the lock-down, and whether it is in force.
type Layer struct {
	Name   string // such as "seccomp"
	Does   string // what it keeps a worker from, or what it bounds
	Active bool
	Extra  bool   // worth having, but Options.Strict does not ask for it
	Why    string // why it is not in force, or a detail worth knowing; else ""
}

// Ready is what a worker says once, when it is able to serve.
type Ready struct {
	Layers  []Layer
	Library monitor.FieldErrors // the library is refused; the worker then ends
	Failure string              // the worker cannot serve at all; it then ends
}

func (e *encoder) setup(s Setup) {
	e.limits(s.Limits)
	e.count(len(s.Library))
	for _, f := range s.Library {
		e.str(clean(f.Name))
		e.str(f.Source)
	}
	e.count(len(s.Disabled))
	for _, name := range s.Disabled {
		e.str(clean(name))
	}
	e.num(s.Shared)
}

func (d *decoder) setup() Setup {
	s := Setup{Limits: d.limits()}
	s.Library = make([]File, d.count(maxLibrary, 8))
	for i := range s.Library {
		s.Library[i] = File{Name: d.str(maxText), Source: d.str(maxFrame)}
	}
	s.Disabled = make([]string, d.count(maxLayers, 4))
	for i := range s.Disabled {
		s.Disabled[i] = d.str(maxText)
	}
	s.Shared = d.num()
	return s
}

func (e *encoder) ready(r Ready) {
	e.count(len(r.Layers))
	for _, l := range r.Layers {
		e.str(clean(l.Name))
		e.str(clean(l.Does))
		e.flag(l.Active)
		e.str(clean(l.Why))
	}
	e.str(clean(r.Failure))
	e.count(len(r.Library))
	for _, wrong := range r.Library {
		e.str(clean(wrong.Field))
		e.str(clean(wrong.Message))
		e.num(wrong.Line)
		e.num(wrong.Column)
	}
}

func (d *decoder) ready() Ready {
	var r Ready
	r.Layers = make([]Layer, d.count(maxLayers, 13))
	for i := range r.Layers {
		r.Layers[i] = Layer{Name: d.str(maxText), Does: d.str(maxText), Active: d.flag(), Why: d.str(maxText)}
	}
	r.Failure = d.str(maxText)
	for range d.count(maxLibrary, 24) {
		r.Library = append(r.Library, &monitor.FieldError{
			Field: d.str(maxText), Message: d.str(maxText), Line: d.num(), Column: d.num(),
		})
	}
	return r
}
