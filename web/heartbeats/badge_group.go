package heartbeats

import (
	"crypto/hmac"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"wingmirror/heartbeat"
	"wingmirror/monitor"
)

// group is what one badge stands for together: the heartbeats of a space, or those
// with a label.
type group struct {
	Kind string // space or label
	Text string // SPACE or KEY=VALUE
}

// groupsOf lists the groups that a heartbeat is in: its space, and its labels by
// their names.
func groupsOf(h monitor.Heartbeat) []group {
	all := []group{{"space", h.Space}}
	for _, key := range slices.Sorted(maps.Keys(h.Labels)) {
		all = append(all, group{"label", key + "=" + h.Labels[key]})
	}
	return all
}

func (g group) has(h monitor.Heartbeat) bool {
	if g.Kind == "space" {
		return h.Space == g.Text
	}
	key, value, _ := strings.Cut(g.Text, "=")
	own, has := h.Labels[key]
	return has && own == value
}

// GroupAddress is where the badge of a group is, without its ending.
func (b Badges) GroupAddress(g group) string {
	return b.Base + BadgePath + b.sign(g.Kind+" "+g.Text) + "/" + g.Kind + "/" + url.PathEscape(g.Text)
}

// groupOf reads the path of a group's badge behind BadgePath, without its ending.
func (b Badges) groupOf(path string) (group, bool) {
	sign, rest, _ := strings.Cut(path, "/")
	kind, text, _ := strings.Cut(rest, "/")
	return group{kind, text}, hmac.Equal([]byte(sign), []byte(b.sign(kind+" "+text)))
}

// serveGroup answers with the badge of the worst that is in a group.
func (b Badges) serveGroup(w http.ResponseWriter, g group, kind string) {
	var worst heartbeat.View
	counts := map[string]int{}
	for _, v := range b.Book.List("") {
		if !g.has(v.Heartbeat) {
			continue
		}
		text, _ := badgeText(v)
		counts[text]++
		if worst.Heartbeat.ID == 0 || rank(v) > rank(worst) {
			worst = v
		}
	}
	if len(counts) == 0 {
		http.Error(w, "no heartbeat is left in what this badge stands for", http.StatusNotFound)
		return
	}
	status, colour := badgeText(worst)
	if n := counts[status]; status == "down" || status == "warning" {
		status = fmt.Sprintf("%d %s", n, status)
	}
	answerBadge(w, kind, face{g.Text, status, colour}, map[string]any{"name": g.Text, "status": status, "level": worst.State.Level, "heartbeats": counts})
}

// groupBadge is a group's badge on the page of a heartbeat.
type groupBadge struct {
	group
	Badge string
}

func (s desk) groupBadges(h monitor.Heartbeat) []groupBadge {
	var all []groupBadge
	for _, g := range groupsOf(h) {
		all = append(all, groupBadge{g, s.Badges.GroupAddress(g)})
	}
	return all
}
