package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wingmirror/anomaly"
	"wingmirror/monitor"
)

type anomaliesOptions struct {
	threshold float64
	zone      string
	only      bool
	signal    bool
	strict    bool
}

// newAnomalies runs the detector of heartbeats over a file or a pipe.
func newAnomalies(p process) *cobra.Command {
	var o anomaliesOptions
	cmd := &cobra.Command{
		Use:   "anomalies FILE.csv",
		Short: "Find odd values in a file of timestamp,value rows; - reads standard input as it comes",
		Long: fmt.Sprintf(`Read timestamp,value rows in the order of time, with or without a header, and print
each with its anomaly score, the value that was expected, and the band around it.
The score is from 0 to 1; from %g on the value is an anomaly. It is 0 for the first
hundred values, from which the detector learns.

Timestamps are 2026-11-21T03:00:00Z, 2026-11-21 03:00:00 or epoch seconds, and are
printed as they came. A value that is empty, null or NaN is missing. Rows that
cannot be read are named on standard error and left out.`, anomaly.DefaultThreshold),
		Example: `  wingmirror anomalies requests.csv > scored.csv
  tail -f metrics.csv | wingmirror anomalies - --only`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("give one file, or - for standard input; see: %s --help", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), p, args[0]) },
	}
	f := cmd.Flags()
	f.Float64Var(&o.threshold, "threshold", anomaly.DefaultThreshold, "score from which on a value is an anomaly, above 0 and at most 1; after one the scores stay below it for a hundred values")
	f.StringVar(&o.zone, "tz", "UTC", "time zone of the days and weeks that values follow, and of timestamps without one")
	f.BoolVar(&o.only, "only", false, "print the anomalies only")
	f.BoolVar(&o.signal, "signal", false, "print in a seventh column which signal found each value oddest")
	f.BoolVar(&o.strict, "strict", false, fmt.Sprintf("end with exit code %d when a row could not be read", exitUsage))
	return cmd
}

func (o *anomaliesOptions) run(ctx context.Context, p process, name string) error {
	if !(o.threshold > 0 && o.threshold <= 1) {
		return usageError("--threshold: %v is not above 0 and at most 1", o.threshold)
	}
	zone, err := time.LoadLocation(o.zone)
	if err != nil {
		return usageError("--tz: %q is not a time zone such as Europe/Berlin", o.zone)
	}
	in := p.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return usageError("%w", err)
		}
		defer f.Close()
		in = f
	}
	s := scoring{options: o, name: name, zone: zone, detector: anomaly.NewDetector(o.threshold), out: csv.NewWriter(p.stdout), wrong: p.stderr}
	err = s.lines(ctx, in)
	if flushed := s.flush(); err == nil {
		err = flushed
	}
	if err != nil {
		return fmt.Errorf("score %s: %w", name, err)
	}
	if s.bad > 0 && o.strict {
		return usageError("%s: %d of %d rows could not be read", name, s.bad, s.rows)
	}
	return nil
}

// scoring is one run over one input.
type scoring struct {
	options  *anomaliesOptions
	name     string
	zone     *time.Location
	detector *anomaly.Detector
	out      *csv.Writer
	wrong    io.Writer

	timeColumn, valueColumn int
	begun                   bool // a line that was not empty has come
	rows, bad               int  // without the header
}

// lines scores in as its lines come. Output waits only while there is more input
// at hand, so that a pipe sees each row at once.
func (s *scoring) lines(ctx context.Context, in io.Reader) error {
	lines, failed := make(chan string, 256), make(chan error, 1)
	// A read of a terminal cannot be interrupted: on a signal the reader is left
	// behind, and ends with the process.
	go func() {
		defer close(lines)
		failed <- eachLine(in, func(line string) bool {
			select {
			case lines <- line:
				return true
			case <-ctx.Done():
				return false
			}
		})
	}()
	s.timeColumn, s.valueColumn = 0, 1
	s.write([]string{"timestamp", "value", "anomaly_score", "expected", "low", "high"}, "signal")
	for number := 1; ; number++ {
		if len(lines) == 0 {
			if err := s.flush(); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case line, ok := <-lines:
			if !ok {
				return <-failed
			}
			s.line(number, line)
		}
	}
}

func (s *scoring) flush() error {
	s.out.Flush()
	return s.out.Error()
}

// mostLine is the longest line that is read; a longer one is cut there, which
// makes a bad row of it.
const mostLine = 64 << 10

func eachLine(in io.Reader, each func(line string) bool) error {
	reader := bufio.NewReaderSize(in, mostLine)
	for {
		line, more, err := reader.ReadLine()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		text := string(line)
		for more && err == nil {
			_, more, err = reader.ReadLine()
		}
		if !each(text) {
			return nil
		}
	}
}

// line scores one line. The first may be a header, which names the columns.
func (s *scoring) line(number int, line string) {
	if number == 1 {
		line = strings.TrimPrefix(line, "\uFEFF")
	}
	if strings.TrimSpace(line) == "" {
		return
	}
	fields, err := csv.NewReader(strings.NewReader(line)).Read()
	if quoting, ok := errors.AsType[*csv.ParseError](err); ok {
		err = quoting.Err // its line is always 1
	}
	first := !s.begun
	s.begun = true
	if err == nil && first && s.header(fields) {
		return
	}
	s.rows++
	if err == nil {
		err = s.row(fields)
	}
	if err != nil {
		s.bad++
		fmt.Fprintf(s.wrong, "wingmirror: %s:%d: %s\n", s.name, number, err)
	}
}

// header reports whether the fields are names, and finds the two that count.
func (s *scoring) header(fields []string) bool {
	for _, field := range fields {
		if _, err := parseTimestamp(field, s.zone); err == nil {
			return false
		}
		if _, err := strconv.ParseFloat(strings.TrimSpace(field), 64); err == nil {
			return false
		}
	}
	for i, field := range fields {
		switch strings.ToLower(strings.TrimSpace(field)) {
		case "timestamp", "time":
			s.timeColumn = i
		case "value":
			s.valueColumn = i
		}
	}
	return len(fields) > 1
}

func (s *scoring) row(fields []string) error {
	if len(fields) <= max(s.timeColumn, s.valueColumn) {
		return errors.New("a row needs a timestamp and a value, with a comma between")
	}
	stamp, text := fields[s.timeColumn], fields[s.valueColumn]
	at, err := parseTimestamp(stamp, s.zone)
	if err != nil {
		return err
	}
	value, err := parseValue(text)
	if err != nil {
		return err
	}
	r := s.detector.Update(at, value)
	if s.options.only && !r.Anomaly {
		return nil
	}
	// The score is cut, not rounded, so that it does not reach a threshold by that.
	score := strconv.FormatFloat(math.Floor(r.Score*1e6)/1e6, 'f', -1, 64)
	s.write([]string{stamp, text, score, csvNumber(r.Expected), csvNumber(r.Low), csvNumber(r.High)}, string(r.Signal))
	return nil
}

func (s *scoring) write(fields []string, signal string) {
	if s.options.signal {
		fields = append(fields, signal)
	}
	_ = s.out.Write(fields) // Flush and Error tell
}

func csvNumber(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', 12, 64)
}

// parseValue reads a number; NaN is a missing one.
func parseValue(text string) (float64, error) {
	text = strings.TrimSpace(text)
	switch strings.ToLower(text) {
	case "", "null", "none", "nan":
		return math.NaN(), nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(v, 0) {
		return 0, fmt.Errorf("value %q is not a finite number", monitor.Cut(text, 60))
	}
	return v, nil
}
