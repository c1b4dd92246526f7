package sandbox

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"

	"wingmirror/monitor"
)

// Handler does the work of a worker. One call is under way at a time.
type Handler interface {
	// Run evaluates the input and notes in the journal what it prints and
	// draws while it does. tired asks for the worker to be replaced.
	Run(in monitor.Input, notes *Journal) (result monitor.Result, tired bool)
	// Check says what keeps a script from being parsed, or nil.
	Check(script string) *monitor.ScriptError
}

// Conn is the worker's end of the pipes. Results are held back while more
// requests have already arrived, since a system call for each costs as much as
// a third of a typical run; Flush, which may be called at any time from any
// goroutine, sends what is held back.
type Conn struct {
	in      *frameReader
	journal *Journal
	shared  bool
	limits  monitor.Limits
	follows bool
	sources [sourceSlots]string

	mu     sync.Mutex
	out    io.Writer
	held   encoder
	count  int // results in held
	failed error
	notes  []byte // of the current run, where the journal is not shared
	sent   int    // bytes of notes that have been sent
}

// Results that wait for the requests behind them are sent when there are as many
// as the server refills by, or when they are as large as this.
const (
	holdBack = 64 << 10 // bytes
	holdMost = 16       // results
)

// NewConn returns the end of the pipes in and out.
func NewConn(in io.Reader, out io.Writer) *Conn {
	return &Conn{in: newFrameReader(in, maxFrame), out: out, journal: &Journal{}}
}

// Share makes memory that the server sees too the place of the journal. It
// must be as large as Setup.Shared says, and be called before Ready.
func (c *Conn) Share(memory []byte) {
	c.journal.mem, c.journal.conn, c.shared = memory, nil, true
}

// Setup waits for the server's first frame.
func (c *Conn) Setup() (Setup, error) {
	kind, payload, err := c.in.next()
	if err != nil {
		return Setup{}, err
	}
	if kind != kindSetup {
		return Setup{}, fmt.Errorf("read frame of kind %d: %w", kind, errValue)
	}
	d := decoder{b: payload}
	setup := d.setup()
	if err := d.end(); err != nil {
		return Setup{}, err
	}
	c.limits = setup.Limits
	c.journal.mem, c.journal.conn = make([]byte, journalSize(setup.Limits)), c
	return setup, nil
}

// Ready tells the server that this worker can serve, or why it cannot.
func (c *Conn) Ready(r Ready) error {
	c.mu.Lock()
	at := c.held.begin(kindReady)
	c.held.ready(r)
	c.held.finish(at)
	c.mu.Unlock()
	return c.Flush()
}

// Serve answers requests until the server closes the pipe, which is no error.
func (c *Conn) Serve(h Handler) error {
	for {
		c.follows = c.in.waiting()
		if !c.follows {
			if err := c.Flush(); err != nil {
				return err
			}
			// A goroutine that reads for ever without a rest looks like one that
			// holds on to its processor, and the runtime then watches it every
			// 20 µs, which costs 2 µs a run.
			runtime.Gosched()
		}
		kind, payload, err := c.in.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := c.answer(h, kind, payload); err != nil {
			return err
		}
	}
}

// Follows reports whether the request under way had arrived before the one before
// it was answered, so that this process did nothing in between. It is for Handlers.
func (c *Conn) Follows() bool { return c.follows }

func (c *Conn) answer(h Handler, kind frameKind, payload []byte) error {
	d := decoder{b: payload}
	id := d.u64()
	source := c.source(&d)
	switch kind {
	case kindRun, kindTraced:
		in := d.input()
		if err := d.end(); err != nil {
			return fmt.Errorf("read run: %w", err)
		}
		in.Script = source
		c.start(id)
		c.journal.traced = kind == kindTraced
		result, tired := h.Run(in, c.journal)
		return c.reply(kindResult, id, func(e *encoder) {
			e.flag(tired)
			e.result(result)
		})
	case kindCheck:
		if err := d.end(); err != nil {
			return fmt.Errorf("read check: %w", err)
		}
		c.start(id)
		problem := h.Check(source)
		return c.reply(kindChecked, id, func(e *encoder) { e.scriptError(problem) })
	}
	return fmt.Errorf("read frame of kind %d: %w", kind, errValue)
}

// A source comes with each request, or once with a slot to remember it in, and
// then as the slot's number.
const (
	sourceInline = 0
	sourceDefine = 1
	sourceKnown  = 2
)

func (c *Conn) source(d *decoder) string {
	mode, slot := d.u8(), int(d.u16())
	if slot >= sourceSlots || mode > sourceKnown {
		d.fail(errValue)
		return ""
	}
	if mode == sourceKnown {
		return c.sources[slot]
	}
	source := d.str(maxFrame)
	if mode == sourceDefine {
		c.sources[slot] = source
	}
	return source
}

// start notes which request is being answered. Without shared memory the
// server has to be told before anything can go wrong.
func (c *Conn) start(id uint64) {
	c.journal.begin(id)
	if c.shared {
		return
	}
	c.mu.Lock()
	at := c.held.begin(kindStarted)
	c.held.u64(id)
	c.held.finish(at)
	c.mu.Unlock()
	_ = c.Flush() // the next reply meets the same error and reports it
}

// noted takes over what the current run has noted so far, and sends it once it
// is worth a frame. Flush sends less.
func (c *Conn) noted(all []byte) {
	const piece = 4 << 10
	c.mu.Lock()
	c.notes = all
	ripe := len(all)-c.sent >= piece
	c.mu.Unlock()
	if ripe {
		_ = c.Flush() // as in start
	}
}

func (c *Conn) reply(kind frameKind, id uint64, fill func(*encoder)) error {
	c.mu.Lock()
	c.notes, c.sent = nil, 0
	at := c.held.begin(kind)
	c.held.u64(id)
	fill(&c.held)
	c.held.finish(at)
	c.count++
	full := c.count >= holdMost || len(c.held.b) >= holdBack
	c.mu.Unlock()
	c.journal.begin(0)
	if full {
		return c.Flush()
	}
	return nil
}

// Flush sends the results that are held back, and what the current run has
// noted where that memory is not shared.
func (c *Conn) Flush() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.notes) > c.sent {
		at := c.held.begin(kindPartial)
		c.held.b = append(c.held.b, c.notes[c.sent:]...)
		c.held.finish(at)
		c.sent = len(c.notes)
	}
	if c.failed != nil || len(c.held.b) == 0 {
		return c.failed
	}
	_, c.failed = c.out.Write(c.held.b)
	c.held.b, c.count = c.held.b[:0], 0
	if cap(c.held.b) > 1<<20 {
		c.held.b = nil
	}
	return c.failed
}
