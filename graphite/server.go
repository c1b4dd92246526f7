package graphite

import (
	"net/http"
)

// Kind is a kind of server, as far as its answers give it away.
type Kind string

// The kinds of server that are told apart.
const (
	KindUnknown         Kind = "unknown"
	KindGraphiteWeb     Kind = "graphite-web"
	KindCarbonAPI       Kind = "carbonapi"
	KindVictoriaMetrics Kind = "victoriametrics"
)

// Headers by which servers give themselves away.
const (
	carbonAPIHeader       = "X-Ctx-Carbonapi-Uuid"
	victoriaMetricsHeader = "X-Server-Hostname"
)

func (c *Client) kind() Kind { return c.server.kind.Load().(Kind) }

// learn notes which kind of server answered.
func (c *Client) learn(response *http.Response) {
	switch {
	case c.kind() != KindUnknown:
	case response.Header.Get(carbonAPIHeader) != "":
		c.server.kind.Store(KindCarbonAPI)
	case response.Header.Get(victoriaMetricsHeader) != "":
		c.server.kind.Store(KindVictoriaMetrics)
	}
}
