package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wingmirror/graphite"
	"wingmirror/monitor"
)

// bucketGraphite counts, in every hour, the number of the day in each of three
// buckets, as a server without a network.
type bucketGraphite struct {
	mu     sync.Mutex
	late   float64 // that came late on 30 December
	broken bool
}

// from sets how it answers from now on. What a test has read before is read
// before anything that is written after the next answer.
func (g *bucketGraphite) from(broken bool, late float64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.broken, g.late = broken, late
}

func (g *bucketGraphite) state() (broken bool, late float64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.broken, g.late
}

func (g *bucketGraphite) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	_ = r.ParseForm()
	from, _ := strconv.ParseInt(r.Form.Get("from"), 10, 64)
	until, _ := strconv.ParseInt(r.Form.Get("until"), 10, 64)
	broken, late := g.state()
	if broken {
		http.Error(w, "no", http.StatusBadRequest)
		return w.Result(), nil
	}
	var all []string
	for i, label := range []string{"10", "100", "inf"} {
		if strings.Contains(r.Form.Get("target"), "nowhere") {
			break
		}
		if strings.Contains(r.Form.Get("target"), "odd") {
			label += "fast"
		}
		var points []string
		for at := from/3600*3600 + 3600; at <= until; at += 3600 {
			day := float64(time.Unix(at, 0).UTC().Day())
			if day == 30 && i == 0 {
				day += late
			}
			points = append(points, fmt.Sprintf("[%v,%d]", day, at))
		}
		all = append(all, fmt.Sprintf(`{"target":"shop.%s","datapoints":[%s]}`, label, strings.Join(points, ",")))
	}
	fmt.Fprintf(w, "[%s]", strings.Join(all, ","))
	return w.Result(), nil
}

// shelfOfDays keeps periods by name and day.
type shelfOfDays map[string]monitor.HistogramPeriod

func (s shelfOfDays) PutPeriods(_ context.Context, name string, periods []monitor.HistogramPeriod, add bool, _ time.Time) error {
	for _, p := range periods {
		if add || p.Span != 24*time.Hour {
			return monitor.ErrInvalid // days are replaced
		}
		s[name+" "+p.At.Format(time.DateOnly)] = p
	}
	return nil
}

func TestBucketDays_AreFetchedEveryHourAndAgainForThreeDays(t *testing.T) {
	sources, err := parseBucketSources([]string{"NONE=nowhere.*", "ODD=odd.*", "SHOP=shop.*"})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) { // begins on 1 January 2000 at midnight
		fake := &bucketGraphite{}
		client, err := graphite.New(graphite.Options{URL: "http://graphite.example.com", Transport: fake, Retries: -1, BreakerFailures: -1, Keep: -1})
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		var touched []string
		days := shelfOfDays{}
		ctx, cancel := context.WithCancel(t.Context())
		go bucketDays{sources, client, days, func(name string) { touched = append(touched, name) }, slog.New(slog.NewTextHandler(&log, nil))}.run(ctx)
		want := func(when string, counts map[string]float64) {
			t.Helper()
			if len(days) != len(counts) {
				t.Errorf("%s: there are %d days, want %d: %v", when, len(days), len(counts), days)
			}
			for day, first := range counts {
				number, _ := strconv.ParseFloat(day[len(day)-2:], 64)
				if got := days["SHOP "+day].Counts; !slices.Equal(got, []float64{first, 24 * number, 24 * number}) {
					t.Errorf("%s: %s has %v, want %v first, and then %v", when, day, got, first, 24*number)
				}
			}
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		want("at the start", map[string]float64{"1999-12-29": 29 * 24, "1999-12-30": 30 * 24, "1999-12-31": 31 * 24})
		if !slices.Equal(touched, []string{"NONE", "ODD", "SHOP"}) {
			t.Errorf("looked at anew: %v", touched)
		}
		for _, problem := range []string{"histogram=NONE day=1999-12-31 error=\"target: nowhere.* names no series\"", "histogram=ODD day=1999-12-30", "does not end with where its bucket ends"} {
			if !strings.Contains(log.String(), problem) {
				t.Errorf("%q is not in\n%s", problem, &log)
			}
		}

		fake.from(true, 5)
		time.Sleep(time.Hour)
		synctest.Wait()
		want("while Graphite refuses", map[string]float64{"1999-12-29": 29 * 24, "1999-12-30": 30 * 24, "1999-12-31": 31 * 24})
		if !strings.Contains(log.String(), "histogram=SHOP") {
			t.Errorf("the refusal is not in\n%s", &log)
		}

		fake.from(false, 5)
		time.Sleep(time.Hour)
		synctest.Wait()
		want("after a late point", map[string]float64{"1999-12-29": 29 * 24, "1999-12-30": 35 * 24, "1999-12-31": 31 * 24})
		fake.from(false, 5)
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		want("a day later", map[string]float64{"1999-12-29": 29 * 24, "1999-12-30": 35 * 24, "1999-12-31": 31 * 24, "2000-01-01": 24})

		cancel()
		synctest.Wait()
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestBucketSources_WrongOnesAreNamed(t *testing.T) {
	for _, text := range []string{"SHOP", "SHOP=", "=shop.*", "A B=shop.*"} {
		if _, err := parseBucketSources([]string{text}); err == nil || !strings.Contains(err.Error(), "histogram-graphite: ") {
			t.Errorf("%s: got %v", text, err)
		}
	}
}
