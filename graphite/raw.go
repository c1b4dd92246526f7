package graphite

import (
	"bufio"
	"errors"
	"io"
	"strconv"
	"strings"

	"wingmirror/monitor"
)

// DecodeRaw reads an answer of render with format=raw: a line for each series,
// name,start,end,step|value,value,... A name may hold commas and bars. None and
// nan are nulls. Lines may be indented; blank ones are skipped.
func DecodeRaw(r io.Reader, limits Limits) ([]monitor.Series, error) {
	limits = limits.withDefaults()
	counted := &countingReader{r: r, left: limits.Bytes}
	lines := bufio.NewReaderSize(counted, bufferSize)
	var all []monitor.Series
	points := 0
	for {
		line, err := lines.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			if counted.left < 0 {
				return nil, &LimitError{What: "bytes", Limit: limits.Bytes}
			}
			return nil, err
		}
		if line = strings.TrimSpace(line); line != "" {
			s, parseErr := rawSeries(line, limits.Points-points)
			switch {
			case errors.Is(parseErr, errTooWide):
				return nil, &LimitError{What: "points", Limit: int64(limits.Points)}
			case parseErr != nil && looksLikeImage([]byte(line)):
				return nil, &answerError{reason: "the answer is an image, not raw series", image: true}
			case parseErr != nil && len(all) == 0:
				return nil, &answerError{reason: "the answer is not raw series: " + firstReason(line, lines)}
			case parseErr != nil:
				return nil, parseErr
			case len(all) == limits.Series:
				return nil, &LimitError{What: "series", Limit: int64(limits.Series)}
			}
			points += len(s.Values)
			all = append(all, s)
		}
		if err != nil {
			return all, nil
		}
	}
}

// firstReason explains an answer that starts with a line that is no series.
func firstReason(line string, rest io.Reader) string {
	page, _ := io.ReadAll(io.LimitReader(rest, bufferSize)) // what cannot be read cannot explain anything
	return Reason(append([]byte(line+"\n"), page...))
}

func rawSeries(line string, most int) (monitor.Series, error) {
	bar := strings.LastIndexByte(line, '|')
	if bar < 0 {
		return monitor.Series{}, &answerError{reason: "the answer has a line without |"}
	}
	head, list := line[:bar], line[bar+1:]
	var fields [3]int64 // step, end, start
	for i := range fields {
		comma := strings.LastIndexByte(head, ',')
		if comma < 0 {
			return monitor.Series{}, &answerError{reason: "the answer has a line without name,start,end,step"}
		}
		field, err := strconv.ParseInt(strings.TrimSpace(head[comma+1:]), 10, 64)
		if err != nil || field <= -farTime || field >= farTime {
			return monitor.Series{}, &answerError{reason: "the answer has a line with a wrong start, end or step"}
		}
		fields[i], head = field, head[:comma]
	}
	if list == "" {
		return monitor.Series{Label: head}, nil
	}
	if count := strings.Count(list, ",") + 1; count > most {
		return monitor.Series{}, errTooWide
	}
	s := monitor.Series{Label: head, Start: fields[2], Step: fields[0]}
	for text := range strings.SplitSeq(list, ",") {
		value, ok := number(text)
		if !ok {
			return monitor.Series{}, &answerError{reason: "the answer has a value that is not a number: " + strconv.Quote(safeText(text))}
		}
		s.Values = append(s.Values, value)
	}
	if s.Step < 1 {
		return monitor.Series{}, &answerError{reason: "the answer has a line with a step below 1"}
	}
	return s, nil
}

// countingReader fails once more than left bytes were read.
type countingReader struct {
	r    io.Reader
	left int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.left -= int64(n); c.left < 0 {
		return 0, errors.New("too many bytes")
	}
	return n, err
}
