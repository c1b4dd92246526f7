package web

import (
	"net/http"

	"wingmirror/graphite"
	"wingmirror/monitor"
)

type sourcesData struct {
	URL      string
	Health   graphite.Health
	Nodes    []graphite.Node
	Affected []monitorRow // monitors whose newest run could not fetch
}

// sourcesPage probes the source, so that what it shows is true now.
func (s *server) sourcesPage(w http.ResponseWriter, r *http.Request) error {
	data := sourcesData{URL: s.SourceURL, Health: s.Source.Probe(r.Context())}
	if data.Health.OK {
		nodes, err := s.Source.Find(r.Context(), "*")
		if err != nil {
			data.Health.OK, data.Health.Reason = false, s.problem("find metrics", err, inBody).Detail
		}
		data.Nodes = nodes
	}
	rows, err := s.overview(r.Context())
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.Fault == monitor.FaultFetch && row.Active {
			data.Affected = append(data.Affected, s.toMonitorRow(row))
		}
	}
	return s.render(w, r, View{Page: "sources", Title: "Sources", Nav: "Sources", Data: data})
}
