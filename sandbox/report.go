package sandbox

import (
	"fmt"
	"strings"

	"wingmirror/monitor"
)

// Report says how scripts are locked down on this machine.
type Report struct {
	Layers []Layer // in the order from the outside inwards
}

// Layer returns the layer with the given name, or a zero one.
func (r Report) Layer(name string) Layer {
	for _, l := range r.Layers {
		if l.Name == name {
			return l
		}
	}
	return Layer{}
}

// missing is an error that names the layers that are not active, or nil.
func (r Report) missing() error {
	var names []string
	for _, l := range r.Layers {
		if !l.Active && !l.Extra {
			names = append(names, fmt.Sprintf("%s (%s)", l.Name, l.Why))
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("layers of the sandbox are not to be had, and strict mode asks for all: %s: %w",
		strings.Join(names, "; "), monitor.ErrUnavailable)
}

// Report returns what the newest worker and its start say about the lock-down.
func (p *Pool) Report() Report {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Report{Layers: append([]Layer(nil), p.report.Layers...)}
}

func (p *Pool) makeReport(inside []Layer) Report {
	return Report{Layers: append(p.spawner.layers(), inside...)}
}

// Stats are counters since the start, and a look at now.
type Stats struct {
	Runs        int // answered, checks included
	Killed      int // of those, the ones that ended their worker
	Resent      int // bystanders that were sent to another worker
	Quarantined int // refused
	Started     int // worker processes
	Died        int // of those, the ones that did not end as planned
	Recycled    int // of those, the ones that were replaced in time

	Workers  int // processes that take requests now
	Slow     int // processes busy with one long run
	Queued   int // requests that wait for a worker
	InFlight int // requests in workers
	Suspects int // scripts in quarantine
}

// Stats returns the counters.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	s.Workers, s.Slow = p.count(active), p.count(slow)
	s.Queued = len(p.queue[lightLane]) + len(p.queue[heavyLane])
	for _, w := range p.processes {
		for _, e := range w.sent {
			if e.request != nil {
				s.InFlight++
			}
		}
	}
	s.Suspects = p.memory.size(p.now())
	return s
}
