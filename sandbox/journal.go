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
// elsewhere a Conn sends it along from time to time. It holds a header of two
// words, the id of the run (0 for none) and the bytes noted, and then records.
type Journal struct {
	mem    []byte
	labels map[string]uint16
	used   int

	// Where no memory is shared: what has been noted and not yet sent.
	conn *Conn
}

const (
	journalHead   = 16
	recordOutput  = 'o' // uint32 length, text
	recordLabel   = 'l' // uint32 length, text; labels are numbered in their order from 0
	recordPoint   = 'p' // uint16 label, float64 time, float64 value
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
	j.used = 0
	clear(j.labels)
	atomic.StoreUint64(j.word(1), 0)
	atomic.StoreUint64(j.word(0), id)
}

// current is the run that the worker says it is at; 0 is none. The word of a
// worker is not to be trusted.
func (j *Journal) current() uint64 { return atomic.LoadUint64(j.word(0)) }

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
	b[0] = kind
	binary.LittleEndian.PutUint32(b[1:], uint32(len(text)))
	copy(b[recordMinimum:], text)
	j.commit(n)
	return true
}

// Output notes text that the run has printed.
func (j *Journal) Output(text string) {
	if text != "" {
		j.text(recordOutput, text)
	}
}

// Point notes a point that the run has drawn.
func (j *Journal) Point(label string, at, value float64) {
	n, known := j.labels[label]
	if !known {
		n = uint16(len(j.labels))
		if len(label) > maxLabel || n == math.MaxUint16 || !j.text(recordLabel, label) {
			return
		}
		j.labels[strings.Clone(label)] = n
	}
	b := j.room(pointBytes)
	if b == nil {
		return
	}
	b[0] = recordPoint
	binary.LittleEndian.PutUint16(b[1:], n)
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
			text := string(d.take(d.count(maxFrame, 1)))
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
