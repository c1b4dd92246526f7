package sandbox

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"time"

	"wingmirror/monitor"
)

// ExitMemory is the exit status with which a worker says that its own watchdog
// saw the run use more memory than it may.
const ExitMemory = 77

// verdict is why a worker process died, in terms of the run it was at.
type verdict struct {
	fault   monitor.Fault
	reason  string // a plain sentence
	strike  bool   // counts towards quarantine
	culprit uint64 // the request it was at when we ended it
	line    int    // of the script, where that is known; 0 where not
}

// verdictOf is the verdict that a worker gave itself.
func verdictOf(r monitor.Result) verdict {
	v := verdict{fault: r.Fault, reason: r.Reason, strike: true}
	if r.Thrown != nil {
		v.line = r.Thrown.Line
	}
	return v
}

func timeoutCPU(culprit uint64, limit time.Duration) verdict {
	return verdict{fault: monitor.FaultTimeout, strike: true, culprit: culprit,
		reason: fmt.Sprintf("The script used more than %s of processor time in one native call, and was stopped with its worker process.", plain(limit))}
}

func timeoutWall(culprit uint64, limit time.Duration) verdict {
	return verdict{fault: monitor.FaultTimeout, strike: true, culprit: culprit,
		reason: fmt.Sprintf("The script did not finish within %s by the clock, and was stopped with its worker process.", plain(limit))}
}

// shortOfThreads tells a death for which no script can be blamed, since none can
// start a thread: the machine, or the container, had no room for another.
func shortOfThreads(words []byte) bool {
	return bytes.Contains(words, []byte("failed to create new OS thread"))
}

func overMemory(l monitor.Limits) verdict {
	return verdict{fault: monitor.FaultMemory, strike: true, reason: fmt.Sprintf("The script used more than %s of memory.", size(l.Memory))}
}

// judge tells apart how a process ended by itself. The texts are those of the
// Go runtime, which has no other way to say what it died of.
func judge(state *os.ProcessState, words []byte, l monitor.Limits) verdict {
	v := verdict{fault: monitor.FaultSandbox, strike: true}
	signal := deathSignal(state)
	said := func(texts ...string) bool {
		for _, text := range texts {
			if bytes.Contains(words, []byte(text)) {
				return true
			}
		}
		return false
	}
	switch {
	case state.ExitCode() == ExitMemory,
		said("out of memory", "cannot allocate memory", "failed to reserve", "address space collisions"):
		return overMemory(l)
	case said("stack exceeds", "stack overflow"):
		v.fault = monitor.FaultStack
		v.reason = "The script nested calls or values too deeply."
	case signal == "SIGSYS":
		v.reason = "The sandbox ended the script: it tried a forbidden system call."
	case signal == "SIGKILL":
		v.fault = monitor.FaultMemory
		v.reason = "The operating system ended the script, most likely because the machine ran out of memory."
	case signal != "":
		v.reason = "The script's worker process died of " + signal + "."
	default:
		v.reason = fmt.Sprintf("The script's worker process died (exit status %d)%s.", state.ExitCode(), firstLine(words))
	}
	return v
}

func firstLine(words []byte) string {
	line, _, _ := bytes.Cut(bytes.TrimSpace(words), []byte("\n"))
	if len(line) == 0 {
		return ""
	}
	return ": " + strings.ToValidUTF8(string(line[:min(len(line), 200)]), "\uFFFD")
}

// plain writes 1.5s as 1.5 s and 250ms as 250 ms.
func plain(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%g s", d.Seconds())
}

// size writes bytes as people say them.
func size(n int64) string {
	switch {
	case n >= 10<<30 || n >= 1<<30 && n%(1<<30) == 0:
		return fmt.Sprintf("%d GB", n>>30)
	case n >= 1<<20:
		return fmt.Sprintf("%d MB", n>>20)
	}
	return fmt.Sprintf("%d bytes", n)
}
