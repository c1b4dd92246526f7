package sandbox

import (
	"encoding/binary"
	"math"
	"strings"
	"sync/atomic"
	"unsafe"

	"wingmirror/monitor"
)

// Journal is where a worker notes which run it is at, and what that run has
// printed and drawn so far. On Linux it is memory that the server shares, so
// that it outlives the worker's most sudden death and costs no system call;
// elsewhere a Conn sends it along from time to time. It holds a header of three
// words, the id of the run (0 for none), the bytes noted, and the line that a
// traced run is at (0 for unknown), and then records.
type Journal struct {
	mem    []byte
	traced bool
	used   int
	lines  int
	open   int // where the newest record is, if it is of output; -1 if not

	// Where no memory is shared: what has been noted and not yet sent.
	conn *Conn
}

const (
	journalHead   = 24
	recordOutput  = 'o' // uint32 length, text
	recordLabel   = 'l' // uint32 length, text; lines are numbered in their order from 0
	recordPoint   = 'p' // uint16 line, float64 time, float64 value
	pointBytes    = 1 + 2 + 8 + 8
	recordMinimum = 5
)

// journalSize is how much one run can note under the limits.
func journalSize(l monitor.Limits) int {
	size := journalHead + 2*l.Output + l.GraphPoints*pointBytes + l.GraphLines*(maxLabel+recordMinimum) + resultSlack
	const page = 4096
	return (min(size, maxFrame) + page - 1) / page * page
}

func (j *Journal) word(i int) *uint64 { return (*uint64)(unsafe.Pointer(&j.mem[8*i])) }

// begin notes that a run starts, and forgets the one before.
func (j *Journal) begin(id uint64) {
	j.used, j.lines, j.open = 0, 0, -1
	j.traced = false
	atomic.StoreUint64(j.word(1), 0)
	atomic.StoreUint64(j.word(2), 0)
	atomic.StoreUint64(j.word(0), id)
}

// current is the run that the worker says it is at; 0 is none. The word of a
// worker is not to be trusted.
func (j *Journal) current() uint64 { return atomic.LoadUint64(j.word(0)) }

// Traced reports whether the run is to say at which line it is.
func (j *Journal) Traced() bool { return j.traced }

// At notes at which line of its script, from 1, the run is now.
func (j *Journal) At(line int) { atomic.StoreUint64(j.word(2), uint64(line)) }

// line is where the run is by the worker's word, 0 where that is not known, or
// no line of a script of so many bytes.
func (j *Journal) line(source int) int {
	if n := atomic.LoadUint64(j.word(2)); n <= uint64(source)+1 {
		return int(n)
	}
	return 0
}

// room returns the place for a record of n bytes, or nil when there is none.
func (j *Journal) room(n int) []byte {
	at := journalHead + j.used
	if n > len(j.mem)-at {
		return nil
	}
	return j.mem[at : at+n]
}

func (j *Journal) commit(n int) {
	j.used += n
	atomic.StoreUint64(j.word(1), uint64(j.used))
	if j.conn != nil {
		j.conn.noted(j.mem[journalHead : journalHead+j.used])
	}
}

func (j *Journal) text(kind byte, text string) bool {
	n := recordMinimum + len(text)
	b := j.room(n)
	if b == nil {
		return false
	}
	j.open = -1
	b[0] = kind
	binary.LittleEndian.PutUint32(b[1:], uint32(len(text)))
	copy(b[recordMinimum:], text)
	j.commit(n)
	return true
}

// Output notes text that the run has printed. It goes on with the newest record
// where it can, or a script that prints letter by letter would fill the journal.
func (j *Journal) Output(text string) {
	if text == "" {
		return
	}
	if j.open < 0 || j.conn != nil { // what has been sent stays as it is
		if at := j.used; j.text(recordOutput, text) {
			j.open = at
		}
		return
	}
	b := j.room(len(text))
	if b == nil {
		return
	}
	copy(b, text)
	size := j.mem[journalHead+j.open+1:]
	binary.LittleEndian.PutUint32(size, binary.LittleEndian.Uint32(size)+uint32(len(text)))
	j.commit(len(text))
}

// Line notes that the run has begun a line of its graph. Lines are numbered in
// their order, from 0.
func (j *Journal) Line(label string) {
	if len(label) <= maxLabel && j.lines < math.MaxUint16 && j.text(recordLabel, label) {
		j.lines++
	}
}

// Point notes a point that the run has drawn on a line.
func (j *Journal) Point(line int, at, value float64) {
	b := j.room(pointBytes)
	if b == nil || line >= j.lines {
		return
	}
	j.open = -1
	b[0] = recordPoint
	binary.LittleEndian.PutUint16(b[1:], uint16(line))
	binary.LittleEndian.PutUint64(b[3:], math.Float64bits(at))
	binary.LittleEndian.PutUint64(b[11:], math.Float64bits(value))
	j.commit(pointBytes)
}

// partial returns what the run had printed and drawn, within its limits. The
// worker should be dead by now; whatever it has left is survived.
func (j *Journal) partial(l monitor.Limits) (string, []monitor.Line) {
	n := atomic.LoadUint64(j.word(1))
	n = min(n, uint64(len(j.mem)-journalHead))
	return readNotes(append([]byte(nil), j.mem[journalHead:journalHead+n]...), l)
}

// readNotes reads records up to the first one that makes no sense.
func readNotes(notes []byte, l monitor.Limits) (string, []monitor.Line) {
	d := &decoder{b: notes}
	var output strings.Builder
	var lines []monitor.Line
	points := 0
	for len(d.b) > 0 && d.err == nil {
		switch d.u8() {
		case recordOutput:
			// The end may have come between a text and the note of its size.
			text := string(d.take(min(int(d.u32()), len(d.b))))
			output.WriteString(text[:min(len(text), max(0, l.Output-output.Len()))])
		case recordLabel:
			label := string(d.take(d.count(maxLabel, 1)))
			if len(lines) == l.GraphLines || d.err != nil {
				d.fail(errTooLarge)
				break
			}
			lines = append(lines, monitor.Line{Label: strings.ToValidUTF8(label, "\uFFFD")})
		case recordPoint:
			n, at, value := int(d.u16()), d.f64(), d.f64()
			if n >= len(lines) || points == l.GraphPoints || d.err != nil {
				d.fail(errValue)
				break
			}
			lines[n].Points = append(lines[n].Points, monitor.GraphPoint{Time: at, Value: value})
			points++
		default:
			d.fail(errValue)
		}
	}
	return strings.ToValidUTF8(output.String(), "\uFFFD"), lines
}
