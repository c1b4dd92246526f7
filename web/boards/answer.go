package boards

import (
	"encoding/json"
	"maps"
	"math"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"wingmirror/board"
	"wingmirror/monitor"
)

// question is what a gate is asked.
type question struct {
	node    *board.Node
	least   monitor.DC
	unknown board.Unknown
}

// answer is a gate's answer as it goes over the wire. Its header is shared by
// all who get it and never changed.
type answer struct {
	status int
	header http.Header
	body   []byte
	next   time.Time // of a closed gate: when it can open by itself
}

// answers are those that were given about one look at the board. Pipelines ask
// the same few questions again and again between two changes, so each is worked
// out and written once. The zero value is ready.
type answers struct{ current atomic.Pointer[prepared] }

type prepared struct {
	look  *board.Look
	bytes atomic.Int64
	given sync.Map // question -> *answer
}

// maxPrepared bounds what one look's answers take, in bytes.
const maxPrepared = 64 << 20

// to returns the answer to a question about a look.
func (a *answers) to(look *board.Look, ask question) (*answer, error) {
	p := a.current.Load()
	if p == nil || p.look != look {
		p = &prepared{look: look}
		a.current.Store(p) // two at once: what the other one prepared is prepared again
	}
	if given, ok := p.given.Load(ask); ok {
		return given.(*answer), nil
	}
	made, err := newAnswer(look, ask)
	if err == nil && p.bytes.Add(int64(len(made.body))) <= maxPrepared {
		p.given.Store(ask, made)
	}
	return made, err
}

func newAnswer(look *board.Look, ask question) (*answer, error) {
	n, v := ask.node, look.Gate(ask.node, ask.least, ask.unknown)
	body := gateBody{
		Component: n.ID, Allowed: v.Allowed, Code: int(v.Level), Level: v.Level.String(), LevelName: look.Levels[v.Level].Name, Min: int(v.Min), Stale: v.Stale,
		Why: v.Why, Reasons: make([]rationaleBody, len(v.Reasons)), More: v.All - len(v.Reasons), Ask: v.Ask, NextChange: moment(v.Next),
	}
	for i, reason := range v.Reasons {
		body.Reasons[i] = toRationale(reason)
	}
	data, err := json.Marshal(body)
	made := &answer{status: http.StatusOK, body: data, header: http.Header{
		"Content-Type": {"application/json"}, "Content-Length": {strconv.Itoa(len(data))},
	}}
	if !v.Allowed {
		made.status, made.next = http.StatusLocked, v.Next
	}
	return made, err
}

// send answers; a closed gate says when to ask again, if that is known.
func (a *answer) send(w http.ResponseWriter, now time.Time) {
	maps.Copy(w.Header(), a.header)
	if wait := a.next.Sub(now); wait > 0 && !a.next.IsZero() {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // an error means that nobody is listening any more
}
