package boards

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"time"

	"wingmirror/monitor"
)

// rss is a feed as RSS 2.0 has it.
type rss struct {
	XMLName xml.Name `xml:"rss"`
	Version string   `xml:"version,attr"`
	Channel channel  `xml:"channel"`
}

type channel struct {
	Title       string `xml:"title"`
	Link        string `xml:"link"`
	Description string `xml:"description"`
	Items       []item `xml:"item"`
}

type item struct {
	Title       string `xml:"title"`
	Link        string `xml:"link"`
	Description string `xml:"description"`
	GUID        guid   `xml:"guid"`
	Date        string `xml:"pubDate"`
}

type guid struct {
	Permanent bool   `xml:"isPermaLink,attr"`
	Text      string `xml:",chardata"`
}

// feed tells the changes of a component's level, newest first; with from, those
// that a subscription from this level on would be told.
func (r room) feed(w http.ResponseWriter, q *http.Request) error {
	look, n, err := r.node(q.PathValue("component"))
	if err != nil {
		return err
	}
	wants, err := wantedOf(q)
	if err != nil {
		return err
	}
	page := r.base(q) + "/board/" + n.ID
	out := rss{Version: "2.0", Channel: channel{Title: n.Title() + " on the board", Link: page, Description: "Changes of the level of " + n.Title()}}
	for _, c := range r.Board.Recent(n.ID) {
		if !wants(c) {
			continue
		}
		out.Channel.Items = append(out.Channel.Items, item{
			Title: fmt.Sprintf("%s is %s %s", n.Title(), c.To, look.Levels[c.To].Name), Link: page, Description: c.Cause,
			GUID: guid{Text: fmt.Sprintf("%s %s %s", page, c.At.UTC().Format(time.RFC3339Nano), c.To)}, Date: c.At.UTC().Format(time.RFC1123Z),
		})
	}
	data, err := xml.MarshalIndent(out, "", " ")
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/rss+xml; charset=utf-8")
	_, _ = fmt.Fprintf(w, "%s%s\n", xml.Header, data) // an error means that nobody is listening any more
	return nil
}

// wantedOf reads which changes a feed is asked for: all of them, or with from what
// a subscription from that level on is told, and with better every improvement.
func wantedOf(q *http.Request) (func(monitor.BoardChange) bool, error) {
	query := q.URL.Query()
	if query.Get("from") == "" {
		return func(monitor.BoardChange) bool { return true }, nil
	}
	from, err := monitor.ParseDC(query.Get("from"))
	if err != nil || from == monitor.DC5 {
		return nil, errTold("from")
	}
	return monitor.Subscription{From: from, Better: query.Has("better")}.Wants, nil
}
