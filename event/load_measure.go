package event

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// measures are the keys that say what a rule looks at, other than single events.
func (l *loader) measures(d *draft) fields {
	all := fields{
		"majority": func(n ast.Node, path string) {
			if l.r.truth(n, path) {
				d.measures = append(d.measures, "majority")
				d.share.above = 0.5
			}
		},
		"at_least": func(n ast.Node, path string) { l.atLeast(d, n, path) },
	}
	for name, read := range map[string]func(*draft, ast.Node, string){
		"count": l.count, "rate": l.rate, "aggregate": l.aggregate, "distinct": l.distinct, "spike": l.spike,
		"flatline": l.flatline, "change": l.change, "new_value": l.newValue, "sequence": l.sequence, "missing": l.missing,
	} {
		all[name] = func(n ast.Node, path string) {
			d.measures = append(d.measures, name)
			read(d, n, path)
		}
	}
	return all
}

// atLeast reads a part such as 60%, or a number of servers.
func (l *loader) atLeast(d *draft, n ast.Node, path string) {
	d.measures = append(d.measures, "at_least")
	text := l.r.text(n, path)
	if percent, ok := strings.CutSuffix(strings.TrimSpace(text), "%"); ok {
		v, err := strconv.ParseFloat(strings.TrimSpace(percent), 64)
		if err != nil || !(v > 0 && v <= 100) {
			l.r.fail(n, path, "%q is not a part such as 60%%", text)
		}
		d.share.atLeast = v / 100
		return
	}
	d.share.number = l.r.whole(n, path, 1, 1_000_000)
}

// limits are the keys of a bound.
func (l *loader) limits(at *limit) fields {
	all := fields{"clear": func(n ast.Node, path string) { v := l.r.number(n, path); at.clear = &v }}
	for op := range limitWords {
		all[op] = func(n ast.Node, path string) {
			if at.op != "" {
				l.r.fail(n, path, "give one of above, at_least, below, at_most")
			}
			at.op, at.bound = op, l.r.number(n, path)
		}
	}
	return all
}

// over reads the keys of a measure over a window, of which within is required.
func (l *loader) over(n ast.Node, path string, w *window, sets ...fields) {
	all := fields{
		"within":     func(n ast.Node, path string) { w.within = l.r.span(n, path) },
		"min_events": func(n ast.Node, path string) { w.least = l.r.whole(n, path, 1, maxWindow) },
	}
	for _, set := range sets {
		for name, read := range set {
			all[name] = read
		}
	}
	before := len(l.r.errs)
	l.r.mapping(n, path, all)
	if w.within <= 0 && len(l.r.errs) == before {
		l.r.fail(n, path+".within", "say how long the window is, such as within: 5m")
	}
}

func (l *loader) needLimit(n ast.Node, path string, at limit) {
	switch {
	case at.op == "":
		l.r.fail(n, path, "say what is too much, such as above: 10")
	case at.clear == nil:
	case (at.op == "above" || at.op == "at_least") && *at.clear > at.bound, (at.op == "below" || at.op == "at_most") && *at.clear < at.bound:
		l.r.fail(n, path+".clear", "an alert would end before it begins: clear must lie on the quiet side of %s", at)
	}
}

// field reads the name of an event's field.
func (l *loader) field(at *string) fields {
	return fields{"of": func(n ast.Node, path string) { *at = l.groupBy1(n, path) }}
}

func (l *loader) groupBy1(n ast.Node, path string) string {
	names := l.groupBy(n, path)
	if len(names) != 1 {
		l.r.fail(n, path, "give one field")
		return ""
	}
	return names[0]
}

func (l *loader) needField(n ast.Node, path, field string) {
	if field == "" {
		l.r.fail(n, path+".of", "say which field of the events, such as of: user")
	}
}

func (l *loader) count(d *draft, n ast.Node, path string) {
	var c count
	l.over(n, path, &c.window, l.limits(&c.limit))
	l.needLimit(n, path, c.limit)
	d.What = c
}

func (l *loader) rate(d *draft, n ast.Node, path string) {
	c := count{per: time.Second}
	l.over(n, path, &c.window, l.limits(&c.limit), fields{"per": func(n ast.Node, path string) {
		if c.per = l.r.span(n, path); c.per <= 0 {
			l.r.fail(n, path, "write for example 1s or 1m")
		}
	}})
	l.needLimit(n, path, c.limit)
	d.What = c
}

// folds reads how values become one.
func (l *loader) folds(by *string, percent *float64, names ...string) fields {
	return fields{"by": func(n ast.Node, path string) {
		text := l.r.text(n, path)
		if digits, ok := strings.CutPrefix(text, "p"); ok {
			if v, err := strconv.ParseFloat(digits, 64); err == nil && v > 0 && v <= 100 {
				*by, *percent = text, v
				return
			}
		}
		if !slices.Contains(names, text) {
			l.r.fail(n, path, "%.40q is none of %s, or a percentile such as p95", text, strings.Join(names, ", "))
		}
		*by = text
	}}
}

func (l *loader) aggregate(d *draft, n ast.Node, path string) {
	a := aggregate{field: "value", by: "avg"}
	l.over(n, path, &a.window, l.limits(&a.limit), l.field(&a.field), l.folds(&a.by, &a.percent, "avg", "sum", "min", "max"))
	l.needLimit(n, path, a.limit)
	d.What = a
}

func (l *loader) distinct(d *draft, n ast.Node, path string) {
	var c distinct
	l.over(n, path, &c.window, l.limits(&c.limit), l.field(&c.field))
	l.needLimit(n, path, c.limit)
	l.needField(n, path, c.field)
	if c.limit.bound >= maxSeen {
		l.r.fail(n, path, "at most %d different values of a key are remembered: compare with fewer", maxSeen)
	}
	d.What = c
}

func (l *loader) spike(d *draft, n ast.Node, path string) {
	s := spike{field: "value", by: "count", times: 0, up: true, minBefore: 0}
	l.over(n, path, &s.window, l.field(&s.field), l.folds(&s.by, &s.percent, "count", "avg", "sum", "min", "max"), fields{
		"times": func(n ast.Node, path string) {
			if s.times = l.r.number(n, path); s.times <= 1 {
				l.r.fail(n, path, "it must be above 1, such as 3 for three times as much")
			}
		},
		"direction": func(n ast.Node, path string) {
			way := l.r.text(n, path)
			s.up, s.down = way == "up" || way == "both", way == "down" || way == "both"
			if !s.up && !s.down {
				l.r.fail(n, path, "%.40q is none of up, down, both", way)
			}
		},
		"min_before": func(n ast.Node, path string) { s.minBefore = l.r.number(n, path) },
		"min_now":    func(n ast.Node, path string) { s.minNow = l.r.number(n, path) },
	})
	if s.times == 0 {
		l.r.fail(n, path+".times", "say how many times as much is too much, such as times: 3")
	}
	d.What = s
}

func (l *loader) flatline(d *draft, n ast.Node, path string) {
	f := flatline{below: 1}
	l.over(n, path, &f.window, fields{"below": func(n ast.Node, path string) {
		if f.below = l.r.number(n, path); f.below < 1 {
			l.r.fail(n, path, "it must be at least 1")
		}
	}})
	d.What = f
}

func (l *loader) change(d *draft, n ast.Node, path string) {
	var c change
	if _, single := l.r.scalar(n); single {
		c.field = l.groupBy1(n, path)
	} else {
		l.r.mapping(n, path, l.field(&c.field))
	}
	l.needField(n, path, c.field)
	d.What = c
}

func (l *loader) newValue(d *draft, n ast.Node, path string) {
	v := newValue{window: window{within: 30 * 24 * time.Hour}}
	l.over(n, path, &v.window, l.field(&v.field), fields{"learn": func(n ast.Node, path string) { v.learn = l.r.span(n, path) }})
	l.needField(n, path, v.field)
	d.What = v
}

const maxSteps = 20

func (l *loader) sequence(d *draft, n ast.Node, path string) {
	var s sequence
	l.over(n, path, &s.window, fields{"steps": func(n ast.Node, path string) {
		for i, step := range l.r.list(n, path) {
			if c := l.r.condition(step, fmt.Sprintf("%s[%d]", path, i), l.options()); c != nil {
				s.steps = append(s.steps, c)
			}
		}
		if len(s.steps) < 2 || len(s.steps) > maxSteps {
			l.r.fail(n, path, "a sequence has 2 to %d steps, each a condition", maxSteps)
		}
	}})
	if len(s.steps) == 0 {
		l.r.fail(n, path+".steps", "list the conditions of the steps, in their order")
	}
	d.What = s
}

func (l *loader) missing(d *draft, n ast.Node, path string) {
	var m missing
	l.over(n, path, &m.window, fields{
		"after":  func(n ast.Node, path string) { m.after = l.r.condition(n, path, l.options()) },
		"expect": func(n ast.Node, path string) { m.expect = l.r.condition(n, path, l.options()) },
	})
	if m.after == nil || m.expect == nil {
		l.r.fail(n, path, "give two conditions: after what, and what to expect then")
	}
	d.What = m
}

// shape fits the parts of a rule together: which events it sees, what tells its
// keys apart, how long it waits.
func (l *loader) shape(d *draft) {
	if d.Where != nil {
		d.selects = append(d.selects, d.Where)
	}
	group := []string{"service", "server"}
	switch what := d.What.(type) {
	case threshold:
		if d.is("majority") || d.is("at_least") {
			l.shapeShare(d)
			group = []string{"service"}
			break
		}
		group = l.shapeThreshold(d, group)
	case sequence, missing, flatline:
		d.selectCondition()
		if _, ok := what.(flatline); !ok {
			d.wait(straggle)
		}
	default:
		d.selectCondition()
	}
	if !d.given["group_by"] {
		d.GroupBy = group
	}
	l.fitting(d)
}

func (d *draft) selectCondition() {
	if d.Condition != nil {
		d.selects = append(d.selects, d.Condition)
	}
}

// wait sets how long the rule waits for late events, unless the file does.
func (d *draft) wait(lateness time.Duration) {
	if d.Lateness == 0 && !d.given["lateness"] {
		d.Lateness = lateness
	}
}

// shapeThreshold parts the condition: what names nothing but where an event
// comes from says which events the rule is about, the rest is what is tested,
// and an event that fails the test ends the alert.
func (l *loader) shapeThreshold(d *draft, group []string) []string {
	inside, rest := d.Condition.Split("component", "service", "server")
	d.Plain = d.plain()
	if rest == nil || d.Where != nil {
		inside, rest = nil, d.Condition
	}
	pinned := map[string]string{}
	if inside != nil {
		d.selects = append(d.selects, inside)
		pinned = inside.Pinned()
	} else if d.Where != nil {
		pinned = d.Where.Pinned()
	}
	d.test = rest
	if _, ok := pinned["component"]; !ok {
		group = append(group, "component")
	}
	return group
}

func (l *loader) shapeShare(d *draft) {
	d.Plain = d.plain()
	if inside, rest := d.Condition.Split("component", "service", "server"); rest != nil {
		d.share.looksAt = inside
	}
	d.What = d.share
	d.wait(straggle)
	if d.share.within > 0 && !d.given["lateness"] {
		d.Lateness = 0
	}
}

// plain reports whether the rule is one that Sereno has, so that a check prints
// a line for each event.
func (d *draft) plain() bool {
	for _, beyond := range []string{"where", "clear", "group_by", "for", "within", "min_members", "keep_firing_for", "no_data"} {
		if d.given[beyond] {
			return false
		}
	}
	return true
}

// fitting notes keys that say nothing in this kind of rule.
func (l *loader) fitting(d *draft) {
	_, isShare := d.What.(share)
	_, isThreshold := d.What.(threshold)
	refuse := func(key, why string) { l.r.fail(d.node, d.path+"."+key, "%s", why) }
	if d.given["within"] && !isShare {
		refuse("within", "it goes with majority and at_least; of another measure write it below that measure")
	}
	if d.given["min_members"] && !isShare {
		refuse("min_members", "it goes with majority and at_least")
	}
	if d.given["clear"] && !isThreshold {
		refuse("clear", "a clear condition goes with rules about single events; a limit has its own, as in count: {above: 40, clear: 30, within: 5m}")
	}
	if happens(d.What) {
		if d.given["for"] {
			refuse("for", "what only happens does not last: use keep_firing_for to say how long it fires")
		}
		if d.KeepFiring == 0 {
			d.KeepFiring = happened
		}
	}
	if _, ok := d.What.(threshold); ok && d.Condition == nil {
		refuse("condition", "it is missing")
	}
}

// happens reports whether a measure is about moments.
func happens(m measure) bool {
	switch m.(type) {
	case change, newValue, sequence:
		return true
	}
	return false
}
