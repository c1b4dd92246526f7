package sandbox

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"wingmirror/monitor"
)

// A frame is a length (uint32, of what follows it), a kind (uint8) and a
// payload; all numbers are little-endian. The server writes setup once, then
// run, traced and check frames; the worker writes ready once, then one result or
// checked frame for each request, in the order of the requests. Where server
// and worker share no memory, the worker also writes started and partial.
type frameKind uint8

const (
	kindSetup   frameKind = 1
	kindRun     frameKind = 2
	kindCheck   frameKind = 3
	kindTraced  frameKind = 4 // a run that notes its lines
	kindReady   frameKind = 65
	kindResult  frameKind = 66
	kindChecked frameKind = 67
	kindStarted frameKind = 68
	kindPartial frameKind = 69
)

const (
	frameHead    = 5        // length and kind
	maxFrame     = 16 << 20 // bytes of any frame
	maxLabel     = 1 << 10  // bytes of a label in a result
	maxText      = 96 << 10 // bytes of a name, target, reason or stack
	maxParams    = 1 << 20  // bytes of params
	maxTargets   = 10_000   // targets, and series in a target
	maxLibrary   = 1_000    // files of the library
	maxLayers    = 64       // layers in a report
	sourceSlots  = 512      // sources that a worker remembers
	slotMinimum  = 512      // bytes; a shorter source is sent each time
	slotCapacity = 8 << 20  // bytes of remembered sources
)

// begin starts a frame and returns where it begins; finish fills its length in.
func (e *encoder) begin(kind frameKind) int {
	at := len(e.b)
	e.u32(0)
	e.u8(uint8(kind))
	return at
}

func (e *encoder) finish(at int) {
	binary.LittleEndian.PutUint32(e.b[at:], uint32(len(e.b)-at-4))
}

// frameReader reads frames of at most limit bytes. What it returns is valid
// until the next call.
type frameReader struct {
	r     *bufio.Reader
	limit int
	buf   []byte
}

func newFrameReader(r io.Reader, limit int) *frameReader {
	return &frameReader{r: bufio.NewReaderSize(r, 64<<10), limit: limit}
}

// next blocks until a whole frame is there. It returns io.EOF only between frames.
func (f *frameReader) next() (frameKind, []byte, error) {
	head, err := f.r.Peek(frameHead)
	if err != nil {
		if err == io.EOF && len(head) > 0 {
			err = io.ErrUnexpectedEOF
		}
		return 0, nil, err
	}
	size := int(binary.LittleEndian.Uint32(head)) - 1
	kind := frameKind(head[4])
	if size < 0 || size > f.limit {
		return 0, nil, fmt.Errorf("read frame of kind %d with %d bytes: %w", kind, size, errTooLarge)
	}
	if _, err := f.r.Discard(frameHead); err != nil {
		return 0, nil, err
	}
	if cap(f.buf) < size {
		f.buf = make([]byte, size)
	}
	payload := f.buf[:size]
	if _, err := io.ReadFull(f.r, payload); err != nil {
		return 0, nil, io.ErrUnexpectedEOF
	}
	if cap(f.buf) > 1<<20 {
		f.buf = nil // one large frame must not cost memory for ever
	}
	return kind, payload, nil
}

// waiting reports whether a whole frame has already arrived.
func (f *frameReader) waiting() bool {
	if f.r.Buffered() < frameHead {
		return false
	}
	head, err := f.r.Peek(4)
	return err == nil && f.r.Buffered()-4 >= int(binary.LittleEndian.Uint32(head))
}

// inputBody encodes what a run frame holds after the run's id and source.
func inputBody(in monitor.Input, limits monitor.Limits) []byte {
	size := 512 + len(in.Name) + len(in.Params) + len(in.Previous.Message)
	for _, t := range in.Targets {
		size += 64 + len(t.Target) + len(t.Reason)
		for _, s := range t.Series {
			size += 32 + len(s.Label) + 8*len(s.Values)
		}
	}
	e := &encoder{b: make([]byte, 0, size)}
	e.i64(in.JobID)
	e.str(clean(in.Name))
	e.num(in.Minutes)
	e.time(in.At)
	e.u64(in.Seed)
	e.bytes(in.Params)
	e.u8(uint8(in.Previous.Level))
	e.time(in.Previous.Since)
	e.num(in.Previous.Runs)
	e.str(clean(in.Previous.Message))
	e.limits(limits)
	e.count(len(in.Targets))
	for _, t := range in.Targets {
		e.str(clean(t.Target))
		e.str(clean(string(t.Status)))
		e.str(clean(t.Reason))
		e.count(len(t.Series))
		for _, s := range t.Series {
			e.str(clean(s.Label))
			e.i64(s.Start)
			e.i64(s.Step)
			e.floats(s.Values)
		}
	}
	return e.b
}

// clean makes text that strict decoders accept: UTF-8, and not endless. A byte
// that is no UTF-8 grows to three.
func clean(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), maxText/3)], "\uFFFD")
}

// input decodes inputBody; the caller adds the script.
func (d *decoder) input() monitor.Input {
	in := monitor.Input{
		JobID:   d.i64(),
		Name:    d.str(maxText),
		Minutes: d.num(),
		At:      d.time(),
		Seed:    d.u64(),
		Params:  d.bytes(maxParams),
		Previous: monitor.Previous{
			Level: d.level(), Since: d.time(), Runs: d.num(), Message: d.str(maxText),
		},
		Limits: d.limits(),
	}
	in.Targets = make([]monitor.Fetched, d.count(maxTargets, 16))
	for i := range in.Targets {
		t := &in.Targets[i]
		t.Target, t.Status, t.Reason = d.str(maxText), monitor.Status(d.str(maxText)), d.str(maxText)
		t.Series = make([]monitor.Series, d.count(maxTargets, 24))
		for j := range t.Series {
			t.Series[j] = monitor.Series{
				Label: d.str(maxText), Start: d.i64(), Step: d.i64(), Values: d.floats(maxFrame / 8),
			}
		}
	}
	return in
}

func (e *encoder) limits(l monitor.Limits) {
	e.duration(l.CPU)
	e.duration(l.Wall)
	e.duration(l.Regexp)
	e.i64(l.Memory)
	for _, n := range []int{l.Source, l.CallDepth, l.Output, l.Message, l.GraphPoints, l.GraphLines, l.InputPoints} {
		e.num(n)
	}
}

func (d *decoder) limits() monitor.Limits {
	return monitor.Limits{
		CPU: d.duration(), Wall: d.duration(), Regexp: d.duration(), Memory: d.i64(),
		Source: d.num(), CallDepth: d.num(), Output: d.num(), Message: d.num(),
		GraphPoints: d.num(), GraphLines: d.num(), InputPoints: d.num(),
	}
}

func (d *decoder) level() monitor.Level {
	level := monitor.Level(d.u8())
	if level > monitor.Critical {
		d.fail(errValue)
	}
	return level
}
