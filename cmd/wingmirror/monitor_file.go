package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"wingmirror/monitor"
)

// readMonitorFile reads and validates; "-" is standard input. A file meant only
// for check needs no schedule.
func readMonitorFile(p process, name string) (monitor.File, error) {
	data, err := readInput(p, name)
	if err != nil {
		return monitor.File{}, err
	}
	file, err := monitor.ParseFile(name, data)
	if err != nil {
		return monitor.File{}, atFile(name, err)
	}
	valid := file.Monitor
	if valid.Schedule == "" {
		valid.Schedule = "@hourly"
	}
	if err := monitor.Validate(valid, monitor.Rules{}); err != nil {
		return monitor.File{}, atFile(name, err)
	}
	return file, nil
}

func readInput(p process, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(p.stdin)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, usageError("%w", err)
	}
	return data, nil
}

// atFile puts the file, and the line where it is known, in front of every error.
func atFile(name string, err error) error {
	var lines []string
	for _, wrong := range monitor.AllFieldErrors(err) {
		place := name
		if wrong.Line > 0 && !strings.HasPrefix(wrong.Field, "targets[") {
			place = fmt.Sprintf("%s:%d:%d", name, wrong.Line, max(1, wrong.Column))
		}
		lines = append(lines, place+": "+wrong.Error())
	}
	return usageError("%s", strings.Join(lines, "\n"))
}

// parseAt reads a time given by a user; "" is the zero time.
func parseAt(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := parseTimestamp(text, time.UTC)
	if err != nil {
		return time.Time{}, usageError("--at: %w", err)
	}
	return at.UTC(), nil
}
