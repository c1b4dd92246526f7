package graphite

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Node is one name in the tree of metrics.
type Node struct {
	Path string // whole, such as app.web1
	Name string // its last part
	Leaf bool   // it has points; a name can be both leaf and branch, as two nodes
}

// Find returns the nodes that match a query such as app.*, sorted by path. No
// match is no error.
func (c *Client) Find(ctx context.Context, query string) ([]Node, error) {
	body, err := c.get(ctx, "/metrics/find", url.Values{"query": {query}, "format": {"treejson"}})
	if err != nil {
		if c.kind() == KindCarbonAPI && nothingFound(err) {
			return nil, nil
		}
		return nil, err
	}
	var found []struct {
		ID   string `json:"id"`
		Text string `json:"text"`
		Leaf int    `json:"leaf"`
	}
	if err := json.Unmarshal(body, &found); err != nil {
		return nil, notUnderstood("find", body, err)
	}
	nodes := make([]Node, 0, len(found))
	for _, f := range found {
		nodes = append(nodes, Node{Path: nodePath(query, f.ID, f.Text), Name: f.Text, Leaf: f.Leaf != 0})
	}
	slices.SortFunc(nodes, func(a, b Node) int { return cmp.Compare(a.Path, b.Path) })
	return nodes, nil
}

// nothingFound recognises carbonapi's answer to a find without a match, which is
// 404 or, with a back end that says so in its own words, 500.
func nothingFound(err error) bool {
	s := status(err)
	return s == http.StatusNotFound || s == http.StatusInternalServerError && strings.Contains(err.Error(), "(Not Found)")
}

// nodePath returns a node's whole path. graphite-web gives it as the id;
// carbonapi, with some back ends, only its last part; VictoriaMetrics a dot at
// its end.
func nodePath(query, id, text string) string {
	id = strings.TrimSuffix(id, ".")
	if strings.Count(id, ".") == strings.Count(query, ".") {
		return id
	}
	return query[:strings.LastIndexByte(query, '.')+1] + text
}

// get asks for something other than series, once and again as render does.
func (c *Client) get(ctx context.Context, path string, query url.Values) ([]byte, error) {
	address := c.base + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	a, err := c.retry(ctx, 1+max(c.options.Retries, 0), func() (*answer, error) { return c.getOnce(ctx, address) })
	if err != nil {
		return nil, err
	}
	return a.body, nil
}

func (c *Client) getOnce(ctx context.Context, address string) (*answer, error) {
	return c.send(ctx, func(ctx context.Context) (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	}, func(response *http.Response) (*answer, error) {
		most := c.options.Limits.Bytes
		body, err := io.ReadAll(io.LimitReader(response.Body, most+1))
		if err == nil && int64(len(body)) > most {
			err = &LimitError{What: "bytes", Limit: most}
		}
		return &answer{body: body}, err
	})
}

func notUnderstood(what string, body []byte, err error) *Error {
	reason := "the answer to " + what + " is not the JSON that Graphite sends"
	if said := Reason(body[:min(len(body), bufferSize)]); said != "" {
		reason += ": " + said
	}
	return &Error{Status: http.StatusOK, Reason: reason, cause: err}
}
