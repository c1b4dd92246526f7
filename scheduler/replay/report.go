package replay

import "time"

// Report is how far a replay is, as it is exchanged: lines of the API's answer,
// and the output of --json. Its keys are a promise.
type Report struct {
	Runs    []RunReport `json:"runs" doc:"Runs that did not come out the same, since the line before"`
	Summary Summary     `json:"summary" doc:"Of all runs so far"`
	Partial bool        `json:"partial" doc:"More is to come, or it was cut short"`
	Error   string      `json:"error,omitempty" doc:"Why it was cut short"`
}

// RunReport is one run that was made again.
type RunReport struct {
	Monitor     int64        `json:"monitor"`
	Name        string       `json:"name"`
	At          time.Time    `json:"at"`
	Version     int          `json:"version"`
	Program     string       `json:"program" doc:"Version of the program that made the run"`
	Verdict     Verdict      `json:"verdict" doc:"same, different, unrepeatable, or unknowable"`
	Differences []Difference `json:"differences,omitempty"`
}

// Report returns the run as it is exchanged.
func (d Replayed) Report() RunReport {
	rec := d.Recording
	return RunReport{Monitor: rec.Monitor, Name: d.Monitor.Name, At: rec.At.UTC(), Version: rec.Version, Program: rec.Program, Verdict: d.Verdict, Differences: d.Differences}
}
