package boards

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"wingmirror/board"
	"wingmirror/monitor"
)

// gateBody is a gate's answer; wingmirror gate reads it.
type gateBody struct {
	Component  string          `json:"component"`
	Allowed    bool            `json:"allowed"`
	Code       int             `json:"code" doc:"The level that was compared, 1 to 5"`
	Level      string          `json:"level"`
	LevelName  string          `json:"level_name"`
	Min        int             `json:"min"`
	Stale      bool            `json:"stale"`
	Why        string          `json:"why"`
	Reasons    []rationaleBody `json:"reasons"`
	More       int             `json:"more,omitempty"`
	Ask        string          `json:"ask" doc:"Whom to ask"`
	NextChange *time.Time      `json:"next_change" doc:"When the answer next changes by what is planned"`
}

// gate answers 200 or 423: whether a component stands at least at a level.
func (r room) gate(w http.ResponseWriter, q *http.Request) error {
	look, n, err := r.node(q.PathValue("component"))
	if err != nil {
		return err
	}
	ask := question{node: n, least: board.DefaultMin}
	if q.URL.RawQuery != "" {
		query := q.URL.Query()
		if text := query.Get("min"); text != "" {
			if ask.least, err = monitor.ParseDC(text); err != nil {
				return monitor.Invalid("min", "%q is no level; write 1 (the most critical) to 5", monitor.Cut(text, 50))
			}
		}
		if ask.unknown, err = board.ParseUnknown(query.Get("on_unknown")); err != nil {
			return err
		}
	}
	answer, err := r.answers.to(look, ask)
	if err != nil {
		return err
	}
	answer.send(w, r.Now())
	return nil
}

func writeJSON(w http.ResponseWriter, status int, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(status)
	_, _ = w.Write(data) // an error means that nobody is listening any more
	return nil
}
