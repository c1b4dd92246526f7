package demo

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-graphite/carbonapi/pkg/parser"
)

// The forms of a time are those of
// https://graphite.readthedocs.io/en/latest/render_api.html#from-until
// without names of months and weekdays.

var timeForm = regexp.MustCompile(`^(noon|midnight|teatime|\d{1,2}:\d{2}(?:am|pm)?|\d{1,2}(?:am|pm))?(today|yesterday|tomorrow|\d{8}|\d{1,2}/\d{1,2}/(?:\d{2}|\d{4}))?$`)

// parseTime reads an epoch, a date with or without a time of day, a word such
// as now or midnight, any of them with an offset such as -1h, or an offset alone.
func parseTime(text string, now time.Time) (int64, error) {
	compact := strings.NewReplacer("_", "", ",", "", " ", "").Replace(strings.ToLower(text))
	if n, err := strconv.ParseInt(compact, 10, 64); err == nil && n >= 0 && !isDate(compact) {
		return n, nil
	}
	reference, offset := compact, ""
	if i := strings.IndexAny(compact, "+-"); i >= 0 {
		reference, offset = compact[:i], compact[i:]
	}
	at, err := parseReference(reference, now)
	if err != nil {
		return 0, err
	}
	if offset != "" {
		seconds, err := parser.IntervalString(offset, -1)
		if err != nil {
			return 0, fmt.Errorf("invalid offset: %s", offset)
		}
		at += int64(seconds)
	}
	return at, nil
}

func isDate(text string) bool {
	_, err := time.Parse("20060102", text)
	return err == nil
}

func parseReference(reference string, now time.Time) (int64, error) {
	if reference == "" || reference == "now" {
		return now.Unix(), nil
	}
	parts := timeForm.FindStringSubmatch(reference)
	if parts == nil {
		return 0, fmt.Errorf("unknown day reference: %s", reference)
	}
	hours, minutes, err := timeOfDay(parts[1])
	if err != nil {
		return 0, err
	}
	date, err := dayOf(parts[2], now)
	if err != nil {
		return 0, err
	}
	year, month, day := date.Date()
	return time.Date(year, month, day, hours, minutes, 0, 0, now.Location()).Unix(), nil
}

func timeOfDay(text string) (hours, minutes int, err error) {
	switch text {
	case "", "midnight":
		return 0, 0, nil
	case "noon":
		return 12, 0, nil
	case "teatime":
		return 16, 0, nil
	}
	layout := "15:04"
	if strings.HasSuffix(text, "m") {
		layout = "3pm"
		if strings.Contains(text, ":") {
			layout = "3:04pm"
		}
	}
	at, err := time.Parse(layout, text)
	if err != nil {
		return 0, 0, fmt.Errorf("unknown time of day: %s", text)
	}
	return at.Hour(), at.Minute(), nil
}

func dayOf(text string, now time.Time) (time.Time, error) {
	switch text {
	case "", "today":
		return now, nil
	case "yesterday":
		return now.AddDate(0, 0, -1), nil
	case "tomorrow":
		return now.AddDate(0, 0, 1), nil
	}
	for _, layout := range []string{"20060102", "1/2/06", "1/2/2006"} {
		if date, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return date, nil
		}
	}
	return time.Time{}, fmt.Errorf("unknown day reference: %s", text)
}
