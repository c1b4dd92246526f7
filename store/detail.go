package store

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"

	"wingmirror/monitor"
)

// A Detail is stored as one blob. It is written for every run, so the graph is
// packed by what it is rather than by a general compressor: times as the change
// of their distance (one byte on a regular grid), values XORed with the one
// before and their zero bytes left out (after Pelkonen et al., "Gorilla", 2015).
// Output longer than flateFrom bytes is deflated.
//
//	version byte, message, output flag + output, thrown flag + error,
//	targets, window, graph; texts and lists with a varint length in front

const (
	detailVersion = 1
	flateFrom     = 1024
	maxDetailText = 1 << 20 // no text in a Detail is longer; the sandbox's limits are far below
)

var errDetail = errors.New("stored output and graph are damaged")

func packDetail(d monitor.Detail) []byte {
	size := 64 + len(d.Message) + len(d.Output)
	for _, line := range d.Graph {
		size += len(line.Label) + 10*len(line.Points)
	}
	b := append(make([]byte, 0, size), detailVersion)
	b = appendText(b, d.Message)
	b = appendOutput(b, d.Output)
	b = appendThrown(b, d.Thrown)
	b = binary.AppendUvarint(b, uint64(len(d.Targets)))
	for _, t := range d.Targets {
		b = appendText(b, t.Target)
		b = appendText(b, string(t.Status))
		b = appendText(b, t.Reason)
		b = binary.AppendUvarint(b, uint64(t.Series))
		b = binary.AppendUvarint(b, uint64(t.Points))
	}
	b = binary.AppendVarint(b, d.Window.From)
	b = binary.AppendVarint(b, d.Window.Until)
	return appendGraph(b, d.Graph)
}

func appendText(b []byte, text string) []byte {
	if len(text) > maxDetailText {
		text = monitor.Cut(text, maxDetailText)
	}
	b = binary.AppendUvarint(b, uint64(len(text)))
	return append(b, text...)
}

func appendOutput(b []byte, output string) []byte {
	if len(output) > maxDetailText {
		output = monitor.Cut(output, maxDetailText)
	}
	if len(output) < flateFrom {
		return appendText(append(b, 0), output)
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestSpeed)
	if err == nil {
		_, err = io.WriteString(w, output)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil { // a Buffer does not fail; keep the output all the same
		return appendText(append(b, 0), output)
	}
	return appendText(append(b, 1), packed.String())
}

func appendThrown(b []byte, e *monitor.ScriptError) []byte {
	if e == nil {
		return append(b, 0)
	}
	b = appendText(append(b, 1), e.Message)
	b = binary.AppendUvarint(b, uint64(e.Line))
	b = binary.AppendUvarint(b, uint64(e.Column))
	return appendText(b, e.Stack)
}

func appendGraph(b []byte, graph []monitor.Line) []byte {
	b = binary.AppendUvarint(b, uint64(len(graph)))
	for _, line := range graph {
		b = appendText(b, line.Label)
		b = binary.AppendUvarint(b, uint64(len(line.Points)))
		var time, step int64
		var value uint64
		for _, p := range line.Points {
			t := int64(math.Round(p.Time * 1000))
			b = binary.AppendVarint(b, t-time-step)
			step, time = t-time, t
			now := math.Float64bits(p.Value)
			b = appendBits(b, now^value)
			value = now
		}
	}
	return b
}

// appendBits writes x as a byte that counts its leading (high half) and
// trailing (low half) zero bytes, and the bytes between.
func appendBits(b []byte, x uint64) []byte {
	if x == 0 {
		return append(b, 0x80)
	}
	leading, trailing := bits.LeadingZeros64(x)/8, bits.TrailingZeros64(x)/8
	b = append(b, byte(leading<<4|trailing))
	for i := 7 - leading; i >= trailing; i-- {
		b = append(b, byte(x>>(8*i)))
	}
	return b
}

func unpackDetail(blob []byte) (monitor.Detail, error) {
	if len(blob) == 0 || blob[0] != detailVersion {
		return monitor.Detail{}, errDetail
	}
	r := detailReader{b: blob[1:]}
	var d monitor.Detail
	d.Message = r.text()
	d.Output = r.output()
	d.Thrown = r.thrown()
	for range r.count() {
		d.Targets = append(d.Targets, monitor.TargetCount{
			Target: r.text(), Status: monitor.Status(r.text()), Reason: r.text(), Series: int(r.uvarint()), Points: int(r.uvarint()),
		})
	}
	d.Window.From, d.Window.Until = r.varint(), r.varint()
	d.Graph = r.graph()
	if r.bad {
		return monitor.Detail{}, errDetail
	}
	return d, nil
}

// detailReader reads a blob; once it meets something that cannot be, bad stays
// set and everything reads as zero.
type detailReader struct {
	b   []byte
	bad bool
}

func (r *detailReader) fail() { r.b, r.bad = nil, true }

func (r *detailReader) byte() byte {
	if len(r.b) == 0 {
		r.fail()
		return 0
	}
	first := r.b[0]
	r.b = r.b[1:]
	return first
}

func (r *detailReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *detailReader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count reads the length of a list, whose items take a byte at least.
func (r *detailReader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *detailReader) text() string {
	n := r.count()
	text := string(r.b[:n])
	r.b = r.b[n:]
	return text
}

func (r *detailReader) output() string {
	deflated := r.byte() == 1
	text := r.text()
	if !deflated {
		return text
	}
	whole, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader([]byte(text))), maxDetailText+1))
	if err != nil || len(whole) > maxDetailText {
		r.fail()
		return ""
	}
	return string(whole)
}

func (r *detailReader) thrown() *monitor.ScriptError {
	if r.byte() == 0 {
		return nil
	}
	return &monitor.ScriptError{Message: r.text(), Line: int(r.uvarint()), Column: int(r.uvarint()), Stack: r.text()}
}

func (r *detailReader) graph() []monitor.Line {
	var graph []monitor.Line
	for range r.count() {
		line := monitor.Line{Label: r.text()}
		n := r.count()
		if n > 0 {
			line.Points = make([]monitor.GraphPoint, 0, n)
		}
		var time, step int64
		var value uint64
		for range n {
			step += r.varint()
			time += step
			value ^= r.bits()
			line.Points = append(line.Points, monitor.GraphPoint{Time: float64(time) / 1000, Value: math.Float64frombits(value)})
		}
		if r.bad {
			return nil
		}
		graph = append(graph, line)
	}
	return graph
}

func (r *detailReader) bits() uint64 {
	head := r.byte()
	if head == 0x80 {
		return 0
	}
	leading, trailing := int(head>>4), int(head&15)
	if leading+trailing > 7 {
		r.fail()
		return 0
	}
	var x uint64
	for i := 7 - leading; i >= trailing; i-- {
		x |= uint64(r.byte()) << (8 * i)
	}
	return x
}

// packGraph and unpackGraph keep the graph of a message.

func packGraph(graph []monitor.Line) []byte {
	return appendGraph([]byte{detailVersion}, graph)
}

func unpackGraph(blob []byte) ([]monitor.Line, error) {
	if len(blob) == 0 || blob[0] != detailVersion {
		return nil, fmt.Errorf("graph of a message: %w", errDetail)
	}
	r := detailReader{b: blob[1:]}
	graph := r.graph()
	if r.bad {
		return nil, fmt.Errorf("graph of a message: %w", errDetail)
	}
	return graph, nil
}
