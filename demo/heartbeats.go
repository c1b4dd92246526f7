package demo

import (
	"math"
	"math/rand/v2"
	"time"

	"wingmirror/monitor"
)

// HeartbeatSpace is the space of the sample heartbeats.
const HeartbeatSpace = "shop"

// Heartbeat is a job that beats: how it did so before the demo began, and how it
// goes on.
type Heartbeat struct {
	Name   string
	Every  time.Duration
	Jitter float64       // of the time between two beats, as a share
	Took   time.Duration // how long a run takes, about; 0: it tells no start
	Metric string        // what its number is; "" for none
	Beats  int           // before the demo began
	Silent time.Duration // how long ago the newest one came; it comes no more when that is longer than Every
	Fails  bool          // its newest run failed
}

// Heartbeats returns the sample heartbeats: some well, one whose beats stopped,
// one that fails.
func Heartbeats() []Heartbeat {
	return []Heartbeat{
		{Name: "orders-import", Every: 20 * time.Second, Jitter: 0.05, Metric: "orders", Beats: 320},
		{Name: "stock-sync", Every: 30 * time.Second, Jitter: 0.1, Took: 4 * time.Second, Beats: 80},
		{Name: "nightly-backup", Every: 24 * time.Hour, Took: 14 * time.Minute, Beats: 40},
		{Name: "invoice-mail", Every: 10 * time.Minute, Jitter: 0.03, Beats: 40, Silent: 47 * time.Minute},
		{Name: "search-index", Every: 5 * time.Minute, Jitter: 0.02, Took: 40 * time.Second, Beats: 30, Fails: true},
	}
}

// Beat is one beat of a sample.
type Beat struct {
	At     time.Time
	Kind   monitor.BeatKind
	Code   *int
	Metric *float64
	Text   string
}

// Past returns the beats from before a time, oldest first.
func (h Heartbeat) Past(until time.Time, seed uint64) []Beat {
	r := rand.New(rand.NewPCG(seed, uint64(len(h.Name))))
	at := until.Add(-max(h.Silent, h.Every/3) - time.Duration(h.Beats-1)*h.Every)
	if h.Every == 24*time.Hour { // at two in the night, as backups are made
		at = until.Truncate(h.Every).Add(2*time.Hour - time.Duration(h.Beats-1)*h.Every)
		if until.Sub(until.Truncate(h.Every)) < 3*time.Hour {
			at = at.Add(-h.Every)
		}
	}
	var all []Beat
	for i := range h.Beats {
		begin := at.Add(time.Duration(i)*h.Every + h.scatter(r))
		took := time.Duration(float64(h.Took) * (0.9 + 0.2*r.Float64()))
		if h.Took > 0 {
			all = append(all, Beat{At: begin, Kind: monitor.BeatStart})
		}
		all = append(all, h.end(begin.Add(took), i == h.Beats-1, r))
	}
	return all
}

func (h Heartbeat) scatter(r *rand.Rand) time.Duration {
	return time.Duration(h.Jitter * float64(h.Every) * (r.Float64() - 0.5))
}

func (h Heartbeat) end(at time.Time, last bool, r *rand.Rand) Beat {
	code := 0
	beat := Beat{At: at, Kind: monitor.BeatOK, Code: &code}
	if h.Metric != "" {
		beat.Metric = new(Orders(at, r.NormFloat64()))
		beat.Text = h.Metric
	}
	if h.Fails && last {
		code = 2
		beat.Kind, beat.Text = monitor.BeatFail, "indexing products\nconnection to the search cluster refused\n"
	}
	return beat
}

// Orders is how many orders an import finds at a time: a wave of an hour, and noise.
func Orders(at time.Time, noise float64) float64 {
	wave := math.Sin(2 * math.Pi * float64(at.Unix()%3600) / 3600)
	return math.Round(60 + 18*wave + 3*noise)
}
