package graphite

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"

	"wingmirror/monitor"
)

// DecodeJSON reads an answer of render with format=json: a list of series, or an
// object with such a list under "series". Values may be numbers, null, NaN,
// Infinity, 1e9999 or any of these in quotes; tags may be missing. Points at
// unequal distances are put on the grid of their common divisor. Series keep
// their order.
//
// An object with an error, a page of HTML, a JSONP call and an image are
// errors that say what the server sent; too large an answer is a *LimitError,
// and one that was cut off wraps io.ErrUnexpectedEOF.
func DecodeJSON(r io.Reader, limits Limits) ([]monitor.Series, error) {
	return new(decoder).json(r, limits.withDefaults())
}

// decoder decodes one answer at a time and keeps its buffers in between.
type decoder struct {
	scanner
	grid   grid
	limits Limits
	series []monitor.Series
	points int
}

// answerError is an answer that arrived whole and holds no series. Its text is
// what the server said, safe to show.
type answerError struct {
	reason string
	image  bool // the server ignored format=json
}

func (e *answerError) Error() string { return e.reason }

func (d *decoder) begin(r io.Reader, limits Limits) {
	d.reset(r, limits.Bytes)
	d.limits, d.series, d.points = limits, nil, 0
}

func (d *decoder) json(r io.Reader, limits Limits) ([]monitor.Series, error) {
	d.begin(r, limits)
	defer func() { d.r = nil }()
	if d.more(len(byteOrderMark)) && string(d.buf[d.pos:d.pos+len(byteOrderMark)]) == byteOrderMark {
		d.pos += len(byteOrderMark)
	}
	var err error
	switch c := d.peek(); c {
	case '[':
		err = d.list()
	case '{':
		err = d.object()
	default:
		return nil, d.stranger(c)
	}
	if err != nil {
		return nil, err
	}
	if d.peek() == '{' { // a server that failed while it wrote
		if err := d.object(); err != nil {
			return nil, err
		}
	}
	if d.peek() != 0 || d.pos < d.end {
		return nil, d.bad("the end")
	}
	if d.err != nil && !errors.Is(d.err, io.EOF) {
		return nil, d.err
	}
	return d.series, nil
}

// byteOrderMark may stand at the start of an answer that was saved to a file.
const byteOrderMark = "\ufeff"

// stranger says what an answer is that does not start as JSON does.
func (d *decoder) stranger(first byte) error {
	d.more(min(d.limits.head(), bufferSize))
	rest := d.buf[d.pos:d.end]
	switch {
	case len(rest) == 0 && d.err != nil && !errors.Is(d.err, io.EOF):
		return d.err
	case len(rest) == 0:
		return &answerError{reason: "the answer is empty"}
	case looksLikeImage(rest):
		return &answerError{reason: "the answer is an image, not JSON", image: true}
	case string(rest) == "null":
		return nil
	}
	if call := jsonp.FindSubmatch(rest); call != nil {
		return &answerError{reason: "the answer is JSONP, a call of " + safeText(string(call[1])) + "(): leave jsonp out of the request"}
	}
	if reason := Reason(rest); reason != "" {
		return &answerError{reason: "the answer is not JSON: " + reason}
	}
	return &answerError{reason: "the answer is not JSON"}
}

func (l Limits) head() int { return int(min(l.Bytes, bufferSize)) }

// jsonp matches the start of a call with a list or an object.
var jsonp = regexp.MustCompile(`^([A-Za-z_$][\w$.]*)\(\s*[\[{]`)

func looksLikeImage(b []byte) bool {
	return bytes.HasPrefix(b, []byte("\x89PNG")) || bytes.HasPrefix(b, []byte("GIF8")) || bytes.HasPrefix(b, []byte("\xff\xd8\xff"))
}

// object reads {"series": [...]} or {"error": ...}.
func (d *decoder) object() error {
	known, reason := false, ""
	err := d.members(func(key string) error {
		switch key {
		case "series":
			known = true
			return d.list()
		case "error", "errors", "message", "errorMessage":
			text, err := d.message()
			if reason == "" {
				reason = text
			}
			return err
		}
		return d.skip(0)
	})
	switch {
	case err != nil:
		return err
	case reason != "":
		return &answerError{reason: reason}
	case !known:
		return &answerError{reason: "the answer is a JSON object without series"}
	}
	return nil
}

// message reads the text of an error; of a list or an object it is not told.
func (d *decoder) message() (string, error) {
	if c := d.peek(); c == '{' || c == '[' {
		return "the server reports an error without a text", d.skip(0)
	}
	text, err := d.text()
	return safeText(text), err
}

func (d *decoder) list() error {
	if d.peek() == 'n' {
		_, err := d.word()
		return err
	}
	return d.each('[', ']', d.one)
}

// one reads one series.
func (d *decoder) one() error {
	if len(d.series) == d.limits.Series {
		return &LimitError{What: "series", Limit: int64(d.limits.Series)}
	}
	d.grid.reset()
	label, known := "", false
	err := d.members(func(key string) (err error) {
		switch key {
		case "target":
			known = true
			label, err = d.text()
			return err
		case "datapoints":
			known = true
			return d.datapoints()
		}
		return d.skip(0)
	})
	if err == nil && !known {
		err = d.bad("a target with datapoints")
	}
	if err != nil {
		return err
	}
	s, err := d.grid.series(label, d.limits.Points-d.points+len(d.grid.values))
	if errors.Is(err, errTooWide) {
		return &LimitError{What: "points", Limit: int64(d.limits.Points)}
	}
	d.points += len(s.Values) - len(d.grid.values)
	d.series = append(d.series, s)
	return err
}

func (d *decoder) datapoints() error {
	if d.peek() == 'n' {
		_, err := d.word()
		return err
	}
	return d.each('[', ']', d.point)
}

// point reads one point, and as many after it as are in the usual form.
func (d *decoder) point() error {
	for {
		if d.end-d.pos < pointSize {
			d.more(pointSize)
		}
		value, ts, n := quickPoint(d.buf[d.pos:d.end])
		if n == 0 {
			return d.oddPoint()
		}
		d.pos += n
		if err := d.take(ts, value); err != nil {
			return err
		}
		if !d.another() {
			return nil
		}
	}
}

// another moves over a comma that another point follows in the usual form.
func (d *decoder) another() bool {
	b := d.buf[d.pos:d.end]
	switch {
	case len(b) >= 2 && b[0] == ',' && b[1] == '[':
		d.pos++
	case len(b) >= 3 && b[0] == ',' && b[1] == ' ' && b[2] == '[':
		d.pos += 2
	default:
		return false
	}
	return true
}

func (d *decoder) take(ts int64, value float64) error {
	if d.points++; d.points > d.limits.Points {
		return &LimitError{What: "points", Limit: int64(d.limits.Points)}
	}
	d.grid.add(ts, value)
	return nil
}

// oddPoint reads one point in any form.
func (d *decoder) oddPoint() error {
	if err := d.expect('['); err != nil {
		return err
	}
	value, err := d.value()
	if err != nil {
		return err
	}
	if err := d.expect(','); err != nil {
		return err
	}
	ts, err := d.value()
	if err != nil {
		return err
	}
	if !(ts > -farTime && ts < farTime) {
		return d.bad("a time in seconds")
	}
	if err := d.expect(']'); err != nil {
		return err
	}
	return d.take(int64(ts), value)
}

func (d *decoder) value() (float64, error) {
	text, err := d.text()
	if err != nil {
		return 0, err
	}
	value, ok := number(text)
	if !ok {
		return 0, d.bad("a number instead of " + strconv.Quote(safeText(text)))
	}
	return value, nil
}
