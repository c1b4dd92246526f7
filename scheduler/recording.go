package scheduler

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"math"

	"wingmirror/monitor"
)

// Recording returns everything that the run of m saw. Who ran it (helper files,
// program) is left to the caller.
func (e Evaluation) Recording(m monitor.Monitor) *monitor.Recording {
	return &monitor.Recording{
		Monitor: m.ID, At: e.Outcome.At, Version: m.Version, Window: e.Window, Targets: e.Targets,
		Previous: e.Previous, Limits: e.Limits, Digest: e.Digest(),
	}
}

// Replay makes a recorded run again, with m as the monitor: the recorded version
// for the same result, another for what that would have said. The error is as in
// Evaluate.
func Replay(ctx context.Context, runner Runner, m monitor.Monitor, r monitor.Recording) (Evaluation, error) {
	return Evaluate(ctx, runner, Case{
		Monitor: m, At: r.At, Window: r.Window, Targets: r.Targets, Previous: r.Previous, Limits: r.Limits,
	})
}

// digestSize is how many bytes of SHA-256 tell results apart.
const digestSize = 16

// Digest returns a short text that is equal for evaluations that are equal in
// everything but what they cost.
func (e Evaluation) Digest() string {
	d := digester{sha256.New()}
	d.number(uint64(e.Outcome.Level))
	d.text(string(e.Outcome.Fault))
	d.text(e.Outcome.Message)
	d.text(e.Result.Output)
	d.number(uint64(len(e.Result.Graph)))
	for _, line := range e.Result.Graph {
		d.line(line)
	}
	if thrown := e.Result.Thrown; thrown != nil {
		d.text(thrown.Message)
		d.number(uint64(thrown.Line))
		d.number(uint64(thrown.Column))
		d.text(thrown.Stack)
	}
	return hex.EncodeToString(d.Sum(nil)[:digestSize])
}

type digester struct{ hash.Hash }

func (d digester) number(n uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], n)
	d.Write(b[:])
}

func (d digester) text(s string) {
	d.number(uint64(len(s)))
	d.Write([]byte(s))
}

func (d digester) line(line monitor.Line) {
	d.text(line.Label)
	d.number(uint64(len(line.Points)))
	b := make([]byte, 0, 16*len(line.Points))
	for _, p := range line.Points {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(p.Time))
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(p.Value))
	}
	d.Write(b)
}
