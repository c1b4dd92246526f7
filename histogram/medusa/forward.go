package medusa

import (
	"context"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"time"

	"wingmirror/histogram/cerberus"
	"wingmirror/monitor"
	"wingmirror/store"
)

// Findings are what can be posted.
type Findings interface {
	Probes(ctx context.Context) ([]monitor.Probe, error)
	Regressions(ctx context.Context, f store.RegressionFilter) ([]monitor.Regression, error)
}

// Forwarder posts the regressions that are found here, as cerberus did: not
// those that are ignored, called noise, or for the better. It remembers nothing
// between starts, since posting again what is there changes nothing.
type Forwarder struct {
	Findings Findings
	Poster   Poster // its Ignored and Link are set here
	Base     string // address of the pages, to which alerts link
	Now      func() time.Time
	Log      *slog.Logger

	posted     map[int64]bool  // regressions
	registered map[string]bool // probes that the other side knows
}

const (
	forwardEvery = 10 * time.Minute
	forwardBack  = 60 * 24 * time.Hour // of changes, at the start
	forwardMost  = 10_000
)

// Run posts until ctx ends.
func (f *Forwarder) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := f.Forward(ctx); err != nil && ctx.Err() == nil {
			f.Log.Warn("regressions are not posted, and tried again", "medusa", f.Poster.Base, "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(forwardEvery):
		}
	}
}

// Forward registers and posts what is new since the last time that all went well.
func (f *Forwarder) Forward(ctx context.Context) error {
	probes, err := f.Findings.Probes(ctx)
	if err != nil {
		return err
	}
	found, err := f.Findings.Regressions(ctx, store.RegressionFilter{From: f.Now().Add(-forwardBack), Limit: forwardMost})
	if err != nil {
		return err
	}
	all, fresh := cerberus.Definitions{}, cerberus.Definitions{}
	poster := f.Poster
	for _, p := range probes {
		all[p.Name] = definition(p)
		if !f.registered[p.Name] {
			fresh[p.Name] = all[p.Name]
		}
		if p.Ignored {
			poster.Ignored = append(poster.Ignored, p.Name)
		}
	}
	regressions, links := cerberus.Regressions{}, map[[2]string]string{}
	for _, r := range found {
		if f.posted[r.ID] || r.Verdict == monitor.Noise || r.Welcome == monitor.On || !postable(r) {
			continue
		}
		date := r.At.UTC().Format(time.DateOnly)
		if regressions.Add(date, r.Name, cerberus.Describe(r, all[r.Name])) {
			links[[2]string{date, r.Name}] = strings.TrimSuffix(f.Base, "/") + "/regressions/" + strconv.FormatInt(r.ID, 10)
		}
	}
	poster.Link = func(date, name string) string { return links[[2]string{date, name}] }
	if len(fresh)+len(regressions) == 0 {
		return nil
	}
	if err := poster.Post(ctx, fresh, regressions); err != nil {
		return err
	}
	f.posted, f.registered = map[int64]bool{}, map[string]bool{}
	for _, r := range found {
		f.posted[r.ID] = true
	}
	for name := range all {
		f.registered[name] = true
	}
	return nil
}

// definition says of a probe what the other side wants to know. It mails, so
// owners who are told by other means are left out.
func definition(p monitor.Probe) cerberus.Definition {
	d := cerberus.Definition{Text: p.Description, Kind: p.Kind, Unit: p.Unit}
	for _, to := range p.Destinations() {
		if address, ok := strings.CutPrefix(to, "mailto:"); ok {
			d.Alerts = append(d.Alerts, address)
		}
	}
	return d
}

// postable reports whether JSON can say where the buckets begin.
func postable(r monitor.Regression) bool {
	return len(r.Before.Edges) > 1 && len(r.Before.Counts) == len(r.After.Counts) && !math.IsInf(r.Before.Edges[0], 0)
}
