package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"wingmirror/store"
)

// costSpan is one way to say how far back costs are summed up. More than what the
// store keeps is not there to be summed.
type costSpan struct {
	Key, Label string
	length     time.Duration
}

func costSpans() []costSpan {
	return []costSpan{
		{"hour", "Hour", time.Hour},
		{"day", "Day", 24 * time.Hour},
		{"week", "Week", 7 * 24 * time.Hour},
	}
}

func findCostSpan(name string) (costSpan, error) {
	spans := costSpans()
	at := slices.IndexFunc(spans, func(s costSpan) bool { return s.Key == name })
	if at < 0 {
		return costSpan{}, notFound("costs cannot be summed up over %q; use hour, day or week", name)
	}
	return spans[at], nil
}

// costRow is what a monitor used in a span of time.
type costRow struct {
	store.Cost
	Name, Group string
	Share       int   // of what all monitors used, in percent
	Output      int64 // bytes
}

// costKey is one way to rank monitors by what they use.
type costKey struct {
	Key, Label string
	of         func(store.Cost) int64
}

func costKeys() []costKey {
	return []costKey{
		{"cpu", "Processor", func(c store.Cost) int64 { return int64(c.Total.CPU) }},
		{"wall", "Script", func(c store.Cost) int64 { return int64(c.Total.Wall) }},
		{"memory", "Memory", func(c store.Cost) int64 { return c.Peak }},
		{"points", "Points", func(c store.Cost) int64 { return int64(c.Total.PointsIn) }},
	}
}

// costs ranks monitors by what they used since then, the most expensive first.
func (s *server) costs(ctx context.Context, since time.Time, key costKey, limit int) ([]costRow, error) {
	costs, err := s.History.Costs(ctx, since)
	if err != nil {
		return nil, err
	}
	overview, err := s.Library.Overview(ctx)
	if err != nil {
		return nil, err
	}
	known := make(map[int64]store.Overview, len(overview))
	for _, o := range overview {
		known[o.ID] = o
	}
	var total int64
	for _, c := range costs {
		total += key.of(c)
	}
	slices.SortFunc(costs, func(a, b store.Cost) int {
		return cmp.Or(cmp.Compare(key.of(b), key.of(a)), cmp.Compare(a.Monitor, b.Monitor))
	})
	rows := make([]costRow, 0, min(limit, len(costs)))
	for _, c := range costs[:min(limit, len(costs))] {
		o := known[c.Monitor]
		rows = append(rows, costRow{Cost: c, Name: o.Name, Group: o.Group, Share: int(100 * key.of(c) / max(total, 1)), Output: int64(c.Total.OutputBytes)})
	}
	return rows, nil
}

type costsData struct {
	Keys  []costKey
	Spans []costSpan
	By    string
	Over  string
	Rows  []costRow
}

// mostExpensive is how many monitors the page of costs lists.
const mostExpensive = 10

func (s *server) costsPage(w http.ResponseWriter, r *http.Request) error {
	data := costsData{Keys: costKeys(), Spans: costSpans()}
	key, err := findCostKey(cmp.Or(r.URL.Query().Get("by"), "cpu"))
	if err != nil {
		return err
	}
	span, err := findCostSpan(cmp.Or(r.URL.Query().Get("over"), "hour"))
	if err != nil {
		return err
	}
	data.By, data.Over = key.Key, span.Key
	if data.Rows, err = s.costs(r.Context(), s.Now().Add(-span.length), key, mostExpensive); err != nil {
		return err
	}
	live := span.length == time.Hour // a longer one is a walk over many rows, and hardly changes
	return s.render(w, r, View{Page: "costs", Title: "Costs", Nav: "Costs", Live: live, Data: data})
}

func findCostKey(name string) (costKey, error) {
	keys := costKeys()
	at := slices.IndexFunc(keys, func(k costKey) bool { return k.Key == name })
	if at < 0 {
		return costKey{}, notFound("monitors cannot be ranked by %q; use cpu, wall, memory or points", name)
	}
	return keys[at], nil
}

type costsInput struct {
	By    string `query:"by" enum:"cpu,wall,memory,points" default:"cpu"`
	Over  string `query:"over" enum:"hour,day,week" default:"hour"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"10"`
}

type monitorCost struct {
	Monitor     int64   `json:"monitor"`
	Name        string  `json:"name"`
	Runs        int     `json:"runs"`
	FetchMS     float64 `json:"fetch_ms"`
	WallMS      float64 `json:"wall_ms"`
	CPUMS       float64 `json:"cpu_ms"`
	PeakMemory  int64   `json:"peak_memory" doc:"Bytes that the largest run allocated"`
	PointsIn    int     `json:"points_in"`
	PointsOut   int     `json:"points_out"`
	OutputBytes int     `json:"output_bytes"`
}

type costsOutput struct {
	Body struct {
		Since time.Time     `json:"since" doc:"Sums are of what was due since then"`
		Costs []monitorCost `json:"costs"`
	}
}

func (s *server) apiCosts(ctx context.Context, in *costsInput) (*costsOutput, error) {
	key, err := findCostKey(in.By)
	if err != nil {
		return nil, err
	}
	span, err := findCostSpan(in.Over)
	if err != nil {
		return nil, err
	}
	since := s.Now().Add(-span.length)
	rows, err := s.costs(ctx, since, key, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &costsOutput{}
	out.Body.Since, out.Body.Costs = since.UTC(), make([]monitorCost, len(rows))
	for i, r := range rows {
		out.Body.Costs[i] = monitorCost{
			Monitor: r.Monitor, Name: r.Name, Runs: r.Runs, FetchMS: milliseconds(r.Fetch), WallMS: milliseconds(r.Total.Wall), CPUMS: milliseconds(r.Total.CPU),
			PeakMemory: r.Peak, PointsIn: r.Total.PointsIn, PointsOut: r.Total.PointsOut, OutputBytes: r.Total.OutputBytes,
		}
	}
	return out, nil
}

// byteSize writes a number of bytes as the editor's script does.
func byteSize(n int64) string {
	switch {
	case n < 1<<10:
		return itoa(int(n)) + " B"
	case n < 1<<20:
		return itoa(int(n>>10)) + " KiB"
	}
	return strconv.FormatFloat(float64(n)/(1<<20), 'f', 1, 64) + " MiB"
}
