package scheduler

import "wingmirror/monitor"

// Run returns the evaluation as a row of m's history, without what alerting
// decides.
func (e Evaluation) Run(m monitor.Monitor) monitor.Run {
	return monitor.Run{
		Monitor: m.ID, At: e.Outcome.At, Phase: monitor.Done, Version: m.Version,
		Started: e.Started, Fetch: e.Fetch, Cost: e.Result.Cost,
		Level: e.Outcome.Level, Fault: e.Outcome.Fault, Message: monitor.Cut(e.Outcome.Message, monitor.MaxRunMessage),
	}
}

// Detail returns everything that the run gave back, and what each target
// brought, without the points.
func (e Evaluation) Detail() *monitor.Detail {
	return &monitor.Detail{
		Message: e.Outcome.Message, Output: e.Result.Output, Graph: e.Result.Graph, Thrown: e.Result.Thrown,
		Targets: monitor.CountTargets(e.Targets), Window: e.Window,
	}
}
