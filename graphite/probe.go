package graphite

import (
	"context"
	"errors"
	"strings"
	"time"
)

// Health is what a probe found out.
type Health struct {
	OK        bool
	Reason    string        // why not, one line, safe to show; "" when OK
	Kind      Kind          //
	Version   string        // as the server gives it; carbonapi gives the graphite-web version that it imitates
	Latency   time.Duration // of the smallest render request
	Batching  bool          // many targets can go into one request and be told apart
	Functions int           // that the server describes; 0 when it does not
	At        time.Time     //
}

// Probe finds out whether the server answers and what it can do. It takes up to
// four small requests. The latency and OK come from rendering a constant, so they
// need no metric to exist.
func (c *Client) Probe(ctx context.Context) Health {
	at := c.options.Now()
	h := Health{At: at, Kind: c.kind()}
	w := c.Window(at, 5)
	ask := func(targets ...string) (*answer, error) {
		return c.renderEitherWay(ctx, query{w, targets, true, c.way()}, 1)
	}
	a, err := ask("constantLine(1)")
	h.Latency = c.options.Now().Sub(at)
	if err == nil && len(a.series) == 0 {
		err = errors.New("the server does not answer constantLine(1) with a series")
	}
	if err != nil {
		h.Reason = safeText(err.Error())
		return h
	}
	h.OK = true
	c.identify(ctx, &h)
	one := []*item{{}, {}}
	if a, err := ask(tagged("constantLine(1)", 0), tagged("constantLine(2)", 1)); err == nil {
		h.Batching = attribute(a.series, one) && len(one[0].series) == 1 && len(one[1].series) == 1
		c.server.tagsFine.Store(h.Batching)
	}
	if functions, err := c.Functions(ctx); err == nil {
		h.Functions = len(functions)
	}
	return h
}

// identify fills in kind and version. carbonapi and VictoriaMetrics have been
// told by their headers before.
func (c *Client) identify(ctx context.Context, h *Health) {
	a, err := c.getOnce(ctx, c.base+"/version")
	if err == nil && len(a.body) < 100 {
		h.Version = safeText(strings.Trim(string(a.body), "\" \n"))
		if c.kind() == KindUnknown && strings.Count(h.Version, ".") >= 1 {
			c.server.kind.Store(KindGraphiteWeb)
		}
	}
	h.Kind = c.kind()
}
