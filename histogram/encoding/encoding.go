// Package encoding reads histograms in the forms in which programs have them:
// dense buckets, sparse maps, cumulative buckets as Prometheus has them, and the
// sketches HdrHistogram, DDSketch and t-digest.
//
// Sketches have as many buckets as their values ask for, so two days would never
// have the same: they are put into fixed buckets, four to each doubling, see
// SketchEdges. What comes in is not trusted: an encoding that is broken, or
// unpacks to more than it should, is an error that names its field.
package encoding

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"wingmirror/distribution"
	"wingmirror/monitor"
)

// Pushed is a histogram as a program sends it. Exactly one form is given.
type Pushed struct {
	At          string  `json:"at,omitempty" doc:"When its period begins: YYYY-MM-DD or RFC 3339; now if it is left out" example:"2026-05-12"`
	Period      string  `json:"period,omitempty" doc:"Length of the period: 1d (the default), 1h, 7d" example:"1d"`
	Submissions float64 `json:"submissions,omitempty" minimum:"0" doc:"How many senders it is made of"`
	Add         bool    `json:"add,omitempty" doc:"Add to what is there for the period, instead of replacing it"`

	Edges  []float64 `json:"edges,omitempty" nullable:"false" doc:"Dense: edges of the buckets, one more than counts; null for an infinite one is written as a sparse or cumulative form"`
	Counts []float64 `json:"counts,omitempty" nullable:"false" doc:"Dense: the count of each bucket"`

	Buckets []float64 `json:"buckets,omitempty" nullable:"false" doc:"Telemetry: the lower edge of each bucket"`
	Values  []float64 `json:"values,omitempty" nullable:"false" doc:"Telemetry: the count of each bucket"`

	Sparse map[string]float64 `json:"sparse,omitempty" doc:"Sparse: counts by the lower edge of their bucket" example:"{\"10\": 3}"`
	Width  float64            `json:"width,omitempty" minimum:"0" doc:"Sparse: the width of each bucket"`
	Growth float64            `json:"growth,omitempty" minimum:"0" doc:"Sparse: each bucket ends at so many times its lower edge"`

	Cumulative map[string]float64 `json:"cumulative,omitempty" doc:"Prometheus: how many values are at or below each edge (le)" example:"{\"0.1\": 5, \"+Inf\": 7}"`

	HDR       string       `json:"hdr,omitempty" doc:"HdrHistogram: its compressed form, version 2, in base64"`
	DDSketch  string       `json:"ddsketch,omitempty" doc:"DDSketch: its protocol buffer, or its own encoding, in base64"`
	TDigest   string       `json:"tdigest,omitempty" doc:"t-digest: the small encoding of the reference implementation, in base64"`
	Centroids [][2]float64 `json:"centroids,omitempty" nullable:"false" doc:"t-digest: pairs of mean and weight"`
}

// Histogram reads the histogram. lastUpper adds an upper edge for the last bucket
// where the form has none. What is wrong is a FieldError.
func (p Pushed) Histogram(lastUpper func(lower []float64) []float64) (distribution.Histogram, error) {
	forms := map[string]func() (distribution.Histogram, error){}
	add := func(given bool, name string, read func() (distribution.Histogram, error)) {
		if given {
			forms[name] = read
		}
	}
	add(p.Edges != nil || p.Counts != nil, "counts", func() (distribution.Histogram, error) {
		return distribution.Histogram{Edges: p.Edges, Counts: p.Counts}, nil
	})
	add(p.Buckets != nil || p.Values != nil, "values", func() (distribution.Histogram, error) {
		if len(p.Buckets) != len(p.Values) {
			return distribution.Histogram{}, monitor.Invalid("values", "%d values for %d buckets; send one for each", len(p.Values), len(p.Buckets))
		}
		return distribution.Histogram{Edges: lastUpper(p.Buckets), Counts: p.Values}, nil
	})
	add(p.Sparse != nil, "sparse", func() (distribution.Histogram, error) { return p.sparse(lastUpper) })
	add(p.Cumulative != nil, "cumulative", p.cumulative)
	add(p.HDR != "", "hdr", func() (distribution.Histogram, error) { return decode("hdr", p.HDR, fromHDR) })
	add(p.DDSketch != "", "ddsketch", func() (distribution.Histogram, error) { return decode("ddsketch", p.DDSketch, fromDDSketch) })
	add(p.TDigest != "", "tdigest", func() (distribution.Histogram, error) { return decode("tdigest", p.TDigest, fromTDigest) })
	add(p.Centroids != nil, "centroids", func() (distribution.Histogram, error) { return fromCentroids(p.Centroids) })
	names := slices.Sorted(maps.Keys(forms))
	if len(names) != 1 {
		if len(names) == 0 {
			return distribution.Histogram{}, monitor.Invalid("counts", "there is no histogram: send edges and counts, buckets and values, sparse, cumulative, hdr, ddsketch, tdigest or centroids")
		}
		return distribution.Histogram{}, monitor.Invalid(names[1], "%s are given both; send one form", strings.Join(names, " and "))
	}
	h, err := forms[names[0]]()
	if err != nil {
		return h, err
	}
	return h, Invalid(h.Check())
}

// Invalid turns what is wrong with a histogram into a FieldError; nil stays nil.
func Invalid(err error) error {
	if wrong, ok := errors.AsType[*distribution.Error](err); ok {
		field := wrong.Part
		if wrong.Index >= 0 {
			field += "[" + strconv.Itoa(wrong.Index) + "]"
		}
		return monitor.Invalid(field, "%s", wrong.Text)
	}
	return err
}

const maxSpan = 366 * 24 * time.Hour

// Time returns when the period begins and how long it is. A time inside a period
// stands for that period.
func (p Pushed) Time(now time.Time) (time.Time, time.Duration, error) {
	span := 24 * time.Hour
	if p.Period != "" {
		text := p.Period
		if days, err := strconv.Atoi(strings.TrimSuffix(text, "d")); err == nil && strings.HasSuffix(text, "d") {
			text = strconv.Itoa(24*days) + "h"
		}
		var err error
		if span, err = time.ParseDuration(text); err != nil || span < time.Minute || span > maxSpan {
			return time.Time{}, 0, monitor.Invalid("period", "%q is no length between 1m and 366d; write 1d, 1h or 7d", monitor.Cut(p.Period, 40))
		}
	}
	at := now
	if p.At != "" {
		var err error
		if at, err = time.Parse(time.DateOnly, p.At); err != nil {
			if at, err = time.Parse(time.RFC3339, p.At); err != nil {
				return time.Time{}, 0, monitor.Invalid("at", "%q is no time; write 2026-05-12 or 2026-05-12T00:00:00Z", monitor.Cut(p.At, 40))
			}
		}
	}
	if at.After(now.Add(100 * 24 * time.Hour)) {
		return time.Time{}, 0, monitor.Invalid("at", "%s is more than 100 days ahead", at.UTC().Format(time.DateOnly))
	}
	return at.UTC().Truncate(span), span, nil
}

// sparse makes buckets of a map. Those between two that are given, where width or
// growth say where they lie, are empty.
func (p Pushed) sparse(lastUpper func([]float64) []float64) (distribution.Histogram, error) {
	lower, counts, err := sorted("sparse", p.Sparse)
	if err != nil {
		return distribution.Histogram{}, err
	}
	if len(lower) == 0 {
		return distribution.Histogram{}, monitor.Invalid("sparse", "has no bucket; send at least one")
	}
	if p.Width == 0 && p.Growth == 0 {
		return distribution.Histogram{Edges: lastUpper(lower), Counts: counts}, nil
	}
	if p.Growth != 0 && (p.Growth <= 1 || lower[0] < 0) {
		return distribution.Histogram{}, monitor.Invalid("growth", "is above 1, and its buckets are at 0 or above")
	}
	var h distribution.Histogram
	for i, from := range lower {
		to := from + p.Width
		if p.Growth != 0 {
			to = from * p.Growth
		}
		next := math.Inf(1)
		if i+1 < len(lower) {
			next = lower[i+1]
		}
		if to <= from || to > next*(1-1e-9) && to < next*(1+1e-9) {
			to = min(next, max(to, math.Nextafter(from, math.Inf(1)))) // a bucket at 0 grows to the next
		}
		if to > next {
			return h, monitor.Invalid("sparse", "the bucket at %v reaches beyond the next at %v; width or growth is too large", from, next)
		}
		h.Edges, h.Counts = append(h.Edges, from), append(h.Counts, counts[i])
		if i == len(lower)-1 {
			h.Edges = append(h.Edges, to)
		} else if to < next {
			h.Edges, h.Counts = append(h.Edges, to), append(h.Counts, 0)
		}
	}
	return h, nil
}

// cumulative makes buckets of the number of values at or below each edge. The
// first bucket begins at 0 when its edge is above it.
func (p Pushed) cumulative() (distribution.Histogram, error) {
	upper, counts, err := sorted("cumulative", p.Cumulative)
	if err != nil {
		return distribution.Histogram{}, err
	}
	if len(upper) == 0 || !math.IsInf(upper[len(upper)-1], 1) {
		return distribution.Histogram{}, monitor.Invalid("cumulative", "the edge +Inf is missing, which counts all values")
	}
	first := math.Inf(-1)
	if upper[0] > 0 && len(upper) > 1 {
		first = 0
	}
	h := distribution.Histogram{Edges: append([]float64{first}, upper...)}
	before := 0.0
	for i, c := range counts {
		if c < before {
			return h, monitor.Invalid("cumulative", "%v values are at or below %v, but %v below an edge before it; cumulative counts never fall", c, upper[i], before)
		}
		h.Counts = append(h.Counts, c-before)
		before = c
	}
	return h, nil
}

// sorted returns the keys of a map as numbers, ascending, with their values.
func sorted(field string, all map[string]float64) (keys, values []float64, err error) {
	byKey := make(map[float64]float64, len(all))
	for text, v := range all {
		key, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil || math.IsNaN(key) {
			return nil, nil, monitor.Invalid(field, "the key %q is not a number", monitor.Cut(text, 40))
		}
		if _, twice := byKey[key]; twice {
			return nil, nil, monitor.Invalid(field, "the edge %v is there twice", key)
		}
		byKey[key] = v
	}
	keys = slices.Sorted(maps.Keys(byKey))
	for _, k := range keys {
		values = append(values, byKey[k])
	}
	return keys, values, nil
}

// decode reads base64 and then what is in it. The libraries were not written for
// input from strangers, so what they stumble over becomes an error.
func decode(field, text string, read func([]byte) (distribution.Histogram, error)) (h distribution.Histogram, err error) {
	data, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return h, monitor.Invalid(field, "is not base64: %v", err)
	}
	defer func() {
		if broken := recover(); broken != nil {
			err = monitor.Invalid(field, "is broken: %s", monitor.Cut(fmt.Sprint(broken), 200))
		}
	}()
	if h, err = read(data); err != nil {
		return h, monitor.Invalid(field, "is broken: %s", monitor.Cut(err.Error(), 200))
	}
	return h, nil
}

// Parse reads one histogram, or an array of them, from JSON. The bare words NaN
// and Infinity are refused with their place.
func Parse(data []byte) ([]Pushed, error) {
	text := strings.TrimSpace(string(data))
	var all []Pushed
	var err error
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if strings.HasPrefix(text, "[") {
		err = decoder.Decode(&all)
	} else {
		all = make([]Pushed, 1)
		err = decoder.Decode(&all[0])
	}
	if err == nil {
		if _, more := decoder.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("there is more text after the JSON")
		}
	}
	if err != nil {
		return nil, jsonProblem(err)
	}
	return all, nil
}

func jsonProblem(err error) error {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return monitor.Unreadable("body", "is no valid JSON at byte %d: %v", syntax.Offset, syntax)
	}
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return monitor.Invalid(kind.Field, "a %s stands where a %s is expected", kind.Value, strings.ReplaceAll(kind.Type.String(), "float64", "number"))
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return monitor.Unreadable("body", "the JSON ends in the middle")
	}
	return monitor.Invalid("body", "%v", err)
}
