package backtests

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"wingmirror/monitor"
	"wingmirror/scheduler/replay"
)

type replaysInput struct {
	Body struct {
		Monitor int64      `json:"monitor,omitempty" minimum:"0" doc:"Only runs of this monitor; all monitors' when it is left out"`
		At      *time.Time `json:"at,omitempty" doc:"Only the run at this scheduled time"`
	}
}

// replays answers with lines of JSON, each a replay.Report.
func (d desk) replays(ctx context.Context, in *replaysInput) (*huma.StreamResponse, error) {
	wanted := replay.Wanted{Monitor: in.Body.Monitor}
	if in.Body.At != nil {
		wanted.At = *in.Body.At
	}
	if wanted.Monitor == 0 && !wanted.At.IsZero() {
		return nil, monitor.Invalid("monitor", "say of which monitor the run at %s is", wanted.At.UTC().Format(time.RFC3339))
	}
	return stream(ctx, d, work[replay.Report]{
		do: func(ctx context.Context, tell func(replay.Report)) (replay.Report, error) {
			runs := []replay.RunReport{}
			each := func(done replay.Replayed) { runs = append(runs, done.Report()) }
			sum, err := d.Replays.Replay(ctx, wanted, each, func(sum replay.Summary) {
				tell(replay.Report{Runs: runs, Summary: sum, Partial: true})
				runs = []replay.RunReport{}
			})
			return replay.Report{Runs: runs, Summary: sum}, err
		},
		cut: func(why string) replay.Report {
			return replay.Report{Runs: []replay.RunReport{}, Partial: true, Error: why}
		},
	})
}

// export answers with one recorded run as a file.
func (d desk) export(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id < 1 {
		return monitor.Missing("%q is not a monitor's number", monitor.Cut(r.PathValue("id"), 40))
	}
	at, err := time.Parse(time.RFC3339Nano, r.PathValue("at"))
	if err != nil {
		return monitor.Missing("%q is no time of a run", monitor.Cut(r.PathValue("at"), 40))
	}
	f, err := d.Replays.Export(r.Context(), replay.Wanted{Monitor: id, At: at})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="run-%d-%s.json"`, id, at.UTC().Format("20060102T150405Z")))
	return f.Write(w)
}
