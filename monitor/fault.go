package monitor

// Fault says why we could not tell how the world is. The empty Fault means
// that nothing stood in the way. A faulty run has Level Unknown and leaves the
// last known level of its subject in force.
type Fault string

// The faults of a run.
const (
	NoFault         Fault = ""
	FaultFetch      Fault = "fetch"      // the source did not answer, or refused a target
	FaultNoData     Fault = "no_data"    // the script failed because no target had a point
	FaultSyntax     Fault = "syntax"     // the script does not parse
	FaultScript     Fault = "script"     // the engine raised an error: unknown name, wrong type
	FaultTimeout    Fault = "timeout"    // the script used more time than it may
	FaultMemory     Fault = "memory"     // the script used more memory than it may
	FaultStack      Fault = "stack"      // the script called itself too deeply
	FaultRegexp     Fault = "regexp"     // a regular expression was given up, so its answer would be wrong
	FaultLimit      Fault = "limit"      // output, graph, source or input was larger than allowed
	FaultSandbox    Fault = "sandbox"    // the worker process died or broke the rules
	FaultQuarantine Fault = "quarantine" // not run: it killed too many workers lately
	FaultInternal   Fault = "internal"   // our own failure; details are in the log
)

// Faults lists every fault with a plain description, in a stable order, for
// pages and documentation.
func Faults() []FaultInfo {
	return []FaultInfo{
		{FaultFetch, "the metrics source did not answer or refused a target"},
		{FaultNoData, "the script failed because no target had any data"},
		{FaultSyntax, "the script does not parse"},
		{FaultScript, "the script has an error"},
		{FaultTimeout, "the script ran longer than allowed"},
		{FaultMemory, "the script used more memory than allowed"},
		{FaultStack, "the script called itself too deeply"},
		{FaultRegexp, "a regular expression took too long and was given up"},
		{FaultLimit, "output, graph, source or input was larger than allowed"},
		{FaultSandbox, "the sandbox stopped the script"},
		{FaultQuarantine, "not run, because the script killed its sandbox too often"},
		{FaultInternal, "Wingmirror itself failed; the log has details"},
	}
}

// FaultInfo pairs a Fault with its description.
type FaultInfo struct {
	Fault       Fault
	Description string
}

// Description returns the fault's plain sentence, or "" for NoFault.
func (f Fault) Description() string {
	for _, info := range Faults() {
		if info.Fault == f {
			return info.Description
		}
	}
	return string(f)
}
