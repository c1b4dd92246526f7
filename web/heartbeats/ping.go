package heartbeats

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"wingmirror/heartbeat"
	"wingmirror/monitor"
	"wingmirror/web"
)

// Taker takes beats.
type Taker interface {
	Take(ctx context.Context, a heartbeat.Arrival) (heartbeat.Verdict, error)
}

// KeyRing knows keys.
type KeyRing interface {
	Find(key string) (monitor.HeartbeatKey, error)
}

// PingPath is where jobs send their beats: PingPath, a key, a slash, a name.
const PingPath = "/ping/"

// Ping takes beats in the form of an address: /ping/KEY/NAME is a success, and
// /start, /fail, /log and an exit status behind it are what they say.
type Ping struct {
	Book Taker
	Keys KeyRing
	Log  *slog.Logger
}

// Routes puts the addresses on a mux.
func (p Ping) Routes(mux *http.ServeMux) {
	mux.HandleFunc(PingPath+"{key}/{name}", p.serve)
	mux.HandleFunc(PingPath+"{key}/{name}/{what}", p.serve)
	mux.HandleFunc(PingPath, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "an address to ping is /ping/KEY/NAME, and may end in /start, /fail, /log or an exit status", http.StatusNotFound)
	})
}

func (p Ping) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodPost {
		w.Header().Set("Allow", "GET, HEAD, POST")
		http.Error(w, "ping with GET, HEAD or POST", http.StatusMethodNotAllowed)
		return
	}
	key, err := p.Keys.Find(r.PathValue("key"))
	if err != nil {
		answerError(w, r, p.Log, err)
		return
	}
	a, err := readPing(w, r)
	if err != nil {
		answerError(w, r, p.Log, err)
		return
	}
	a.Ref.Space, a.Quota = key.Space, key.Quota
	v, err := p.Book.Take(r.Context(), a)
	if err != nil {
		answerError(w, r, p.Log, err)
		return
	}
	w.Header().Set("Ping-Body-Limit", strconv.Itoa(monitor.MaxBeatBody))
	answer(w, r, v)
}

// answer says what became of the heartbeat, in words or, if asked for, as JSON.
func answer(w http.ResponseWriter, r *http.Request, v heartbeat.Verdict) {
	status := http.StatusOK
	if v.Created {
		status = http.StatusCreated
	}
	if strings.Contains(r.Header.Get("Accept"), "application/json") {
		writeJSON(w, status, toVerdictBody(v))
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintln(w, "OK")
	if v.Level.Bad() {
		fmt.Fprintf(w, "%s: %s\n", v.Level, v.Message)
	}
}

// readPing reads everything but the space.
func readPing(w http.ResponseWriter, r *http.Request) (heartbeat.Arrival, error) {
	query := r.URL.Query()
	a := heartbeat.Arrival{Ref: monitor.HeartbeatRef{Name: r.PathValue("name")}, Run: query.Get("rid")}
	var err error
	if a.Kind, a.Code, err = kindOf(r.PathValue("what")); err != nil {
		return a, err
	}
	if a.Schedule, err = scheduleOf(query); err != nil {
		return a, err
	}
	if text := query.Get("metric"); text != "" {
		value, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
			return a, monitor.Invalid("metric", "%q is not a finite number", monitor.Cut(text, 40))
		}
		a.Metric = &value
	}
	if a.Body, err = readBody(w, r); err != nil {
		return a, err
	}
	a.Note = noteOf(a.Kind, a.Body)
	return a, nil
}

// kindOf reads the end of an address: nothing, a word, or an exit status.
func kindOf(what string) (monitor.BeatKind, *int, error) {
	switch what {
	case "":
		return monitor.BeatOK, nil, nil
	case "start", "fail", "log":
		return monitor.BeatKind(what), nil, nil
	}
	code, err := strconv.Atoi(what)
	if err != nil || code < 0 || code > 255 {
		return "", nil, monitor.Invalid("address", "it may end in /start, /fail, /log or an exit status from 0 to 255, not in /%s", monitor.Cut(what, 40))
	}
	if code == 0 {
		return monitor.BeatOK, &code, nil
	}
	return monitor.BeatFail, &code, nil
}

// scheduleOf reads the schedule that a new heartbeat is to have; nil when none
// is named, and it is learned.
func scheduleOf(query url.Values) (*monitor.HeartbeatSchedule, error) {
	s := monitor.HeartbeatSchedule{Zone: query.Get("tz")}
	var err error
	if s.Period, err = durationOf("period", query.Get("period")); err != nil {
		return nil, err
	}
	if s.Grace, err = durationOf("grace", query.Get("grace")); err != nil {
		return nil, err
	}
	switch cron, calendar := query.Get("cron"), query.Get("oncalendar"); {
	case cron != "" && calendar != "" || s.Period > 0 && cron+calendar != "":
		return nil, monitor.Invalid("period", "give one of period, cron and oncalendar")
	case cron != "":
		s.Kind, s.Spec = monitor.ScheduleCron, cron
	case calendar != "":
		s.Kind, s.Spec = monitor.ScheduleCalendar, calendar
	case s.Period > 0:
		s.Kind = monitor.SchedulePeriod
	case s.Zone == "":
		return nil, nil
	}
	return &s, asAsked(monitor.ValidateSchedule(s), map[string]string{"spec": string(s.Kind), "timezone": "tz"})
}

// asAsked calls fields by the names of the parameters that they came in.
func asAsked(err error, names map[string]string) error {
	for _, f := range monitor.AllFieldErrors(err) {
		f.Field = cmp.Or(names[f.Field], f.Field)
	}
	return err
}

// durationOf reads texts such as 5m and 1d, and plain seconds.
func durationOf(field, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	if n, err := strconv.Atoi(text); err == nil && n > 0 && n < 1e8 {
		return time.Duration(n) * time.Second, nil
	}
	span, err := monitor.ParseSpan(text)
	if err != nil {
		return 0, monitor.Invalid(field, "%q is not a duration; write for example 90s, 5m, 1h or 1d", monitor.Cut(text, 40))
	}
	return time.Duration(span.Days)*24*time.Hour + span.Time, nil
}

// readBody reads as much of a body as is kept. The rest is not waited for.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.Body == nil || r.ContentLength == 0 {
		return nil, nil
	}
	web.TimedBody(w, r)
	body, err := io.ReadAll(io.LimitReader(r.Body, monitor.MaxBeatBody))
	if err != nil {
		return nil, monitor.Invalid("body", "it broke off after %d bytes", len(body))
	}
	if r.ContentLength > monitor.MaxBeatBody {
		w.Header().Set("Connection", "close")
	}
	if len(body) == 0 {
		return nil, nil
	}
	return body, nil
}

// noteOf is the line of a body that says most: the first, or the last of what a
// job that failed has said.
func noteOf(kind monitor.BeatKind, body []byte) string {
	lines := strings.FieldsFunc(string(body), func(r rune) bool { return r == '\n' || r == '\r' })
	lines = slices.DeleteFunc(lines, func(line string) bool { return strings.TrimSpace(line) == "" })
	if len(lines) == 0 {
		return ""
	}
	line := lines[0]
	if kind == monitor.BeatFail {
		line = lines[len(lines)-1]
	}
	if !utf8.ValidString(line) {
		return "(not text)"
	}
	return monitor.Cut(strings.TrimSpace(line), monitor.MaxBeatNote)
}
