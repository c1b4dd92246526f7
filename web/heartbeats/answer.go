package heartbeats

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"wingmirror/heartbeat"
	"wingmirror/monitor"
)

// beatVerdictBody is what a beat's sender is told as JSON.
type beatVerdictBody struct {
	Beat     int64         `json:"beat" doc:"Number of the beat"`
	Level    monitor.Level `json:"level" doc:"Of the heartbeat after it"`
	Status   string        `json:"status" doc:"The same as OK or CRITICAL"`
	Message  string        `json:"message,omitempty" doc:"Why the level is bad"`
	Deadline *time.Time    `json:"deadline,omitempty" doc:"When the next beat is missing"`
	Created  bool          `json:"created,omitempty" doc:"The heartbeat is new"`
}

func toVerdictBody(v heartbeat.Verdict) beatVerdictBody {
	return beatVerdictBody{Beat: v.N, Level: v.Level, Status: v.Word, Message: v.Message, Deadline: timeOrNil(v.Deadline), Created: v.Created}
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "the answer cannot be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // an error means that nobody is listening any more
}

// statusOf is the table of errors for those who send beats.
func statusOf(err error) int {
	if _, ok := errors.AsType[*heartbeat.QuotaError](err); ok {
		return http.StatusTooManyRequests
	}
	switch {
	case errors.Is(err, heartbeat.ErrKey):
		return http.StatusUnauthorized
	case errors.Is(err, monitor.ErrInvalid):
		return http.StatusBadRequest
	case errors.Is(err, monitor.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, monitor.ErrDenied):
		return http.StatusForbidden
	case errors.Is(err, monitor.ErrUnavailable):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// answerError says in one line of text what was wrong. What is not the sender's
// doing is logged.
func answerError(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	status := statusOf(err)
	text := err.Error()
	if status >= http.StatusInternalServerError {
		log.Error("a beat was not taken", "path", r.Pattern, "error", err)
		text = "the beat could not be stored; send it again shortly"
		w.Header().Set("Retry-After", "5")
	}
	http.Error(w, text, status)
}
