package demo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-graphite/carbonapi/expr/types"
)

// renderRequest is what /render was asked for.
type renderRequest struct {
	targets     []string
	from, until int64
	format      string
	maxPoints   int64 // per series, 0 for all of them
}

func (g *graphite) render(w http.ResponseWriter, r *http.Request) {
	if !form(w, r) {
		return
	}
	now := g.now()
	request, err := readRender(r, now)
	if err != nil {
		http.Error(w, fmt.Sprintf("Invalid parameters (%v)", err), http.StatusBadRequest)
		return
	}
	select {
	case g.renders <- struct{}{}:
		defer func() { <-g.renders }()
	case <-r.Context().Done():
		return
	}
	results, err := g.evaluate(r.Context(), request, now)
	if err != nil {
		http.Error(w, err.Error(), statusOf(err))
		return
	}
	writeRender(w, request, results)
}

// statusOf tells what the asker did wrong from what went wrong here.
func statusOf(err error) int {
	if errors.Is(err, errPanic) || errors.Is(err, context.Canceled) {
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

func readRender(r *http.Request, now time.Time) (renderRequest, error) {
	request := renderRequest{format: r.Form.Get("format")}
	for _, target := range append(r.Form["target"], r.Form["target[]"]...) {
		if strings.TrimSpace(target) != "" {
			request.targets = append(request.targets, target)
		}
	}
	if len(request.targets) > maxTargets {
		return request, fmt.Errorf("%d targets; at most %d", len(request.targets), maxTargets)
	}
	switch request.format {
	case "":
		request.format = "json"
	case "json", "raw", "csv":
	default:
		return request, fmt.Errorf("unsupported format %q: this server knows json, raw and csv", request.format)
	}
	if text := r.Form.Get("maxDataPoints"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 1 {
			return request, fmt.Errorf("maxDataPoints %q is not a number above 0", text)
		}
		request.maxPoints = n
	}
	// As with Graphite, a zone that is not known is ignored.
	if zone, err := time.LoadLocation(r.Form.Get("tz")); err == nil {
		now = now.In(zone)
	}
	return request, request.readWindow(r.Form.Get("from"), r.Form.Get("until"), now)
}

func (request *renderRequest) readWindow(from, until string, now time.Time) (err error) {
	request.from, request.until = now.Unix()-day, now.Unix()
	if from != "" {
		if request.from, err = parseTime(from, now); err != nil {
			return err
		}
	}
	if until != "" {
		if request.until, err = parseTime(until, now); err != nil {
			return err
		}
	}
	if request.from > request.until {
		request.from, request.until = request.until, request.from
	}
	if request.from == request.until {
		return errors.New("invalid empty time range")
	}
	return nil
}

func writeRender(w http.ResponseWriter, request renderRequest, results []*types.MetricData) {
	out := bufio.NewWriterSize(w, 64<<10)
	switch request.format {
	case "raw":
		w.Header().Set("Content-Type", "text/plain")
		writeRaw(out, results)
	case "csv":
		w.Header().Set("Content-Type", "text/csv")
		writeCSV(out, results)
	default:
		w.Header().Set("Content-Type", "application/json")
		if request.maxPoints > 0 {
			types.ConsolidateJSON(request.maxPoints, results)
		}
		writeSeriesJSON(out, results)
	}
	// The reader has gone if this fails; nobody is left to tell.
	_ = out.Flush()
}
