package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"wingmirror/alerting"
)

// withMachinePaths puts the paths that machines ask in front of the pages. They
// need no login: they tell nothing but whether the process is well, and counts;
// what PagerDuty posts is signed.
func (s *server) withMachinePaths(pages http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { s.say(w, "ok") })
	mux.HandleFunc("GET /readyz", s.serveReady)
	mux.Handle("GET /metrics", s.access.Authenticate(metricsHandler(vitals{
		scheduler: s.scheduler, graphite: s.graphite, sandbox: s.pool, heartbeats: s.beats, database: s.db, board: s.board, log: s.log,
	}, s.readsBoard)))
	mux.Handle("POST /hooks/pagerduty", pagerDutyHook{
		secret: s.config.Alerting.PagerDutySecret, desk: s.desk, changed: s.bell.Ring, log: s.log.With("part", "hooks"),
	})
	mux.Handle("GET "+alerting.GraphPath, graphs{links: s.links(), notices: s.db, log: s.log.With("part", "graphs")})
	s.machines(mux)
	mux.Handle("/", pages)
	return recovered(mux, s.log)
}

// recovered says in the log what broke a request that is not of the pages, which
// have their own.
func recovered(next http.Handler, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler { //nolint:errorlint // net/http panics with this very value
				panic(cause)
			}
			log.Error("request panicked", "path", r.Pattern, "panic", cause, "stack", string(debug.Stack()))
			http.Error(w, "Wingmirror failed; its log has the cause", http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, r)
	})
}

// newHTTPServer returns a server that waits for nobody for ever: not for the head
// of a request, and not for the next one. Bodies have a time of their own.
func newHTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

const readyTimeout = 2 * time.Second

// serveReady answers 503 with the reason when runs could not be made or stored.
// Graphite being down is no reason: other machines would not fare better.
func (s *server) serveReady(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if wrong := s.unready(ctx); wrong != nil {
		s.log.Warn("not ready", "part", wrong.part, "error", wrong.cause)
		http.Error(w, wrong.says, http.StatusServiceUnavailable)
		return
	}
	s.say(w, "ready")
}

// say answers a probe, and adds what is no reason to send nobody here, but wants
// somebody's hand.
func (s *server) say(w http.ResponseWriter, text string) {
	fmt.Fprintln(w, text)
	if n := len(s.board.Look().Problems); n > 0 {
		fmt.Fprintf(w, "warning: errors in the board's files: %d; their components count as they did before; the page of the board has them\n", n)
	}
}

// unwell is a part of the server that does not work.
type unwell struct {
	part  string
	says  string // to whoever asks
	cause error
}

// unready returns what keeps runs from being made or stored, or nil.
func (s *server) unready(ctx context.Context) *unwell {
	if err := s.db.Ping(ctx); err != nil {
		return &unwell{"store", "the database cannot be written", err}
	}
	if _, err := s.pool.Check(ctx, ""); err != nil {
		return &unwell{"sandbox", "no sandbox worker answers", err}
	}
	return nil
}
