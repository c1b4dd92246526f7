// Package aggregates reads daily histograms from a service with the interface of
// Mozilla's telemetry aggregates, version 4, and writes the files that histogram
// detection reads.
//
// An answer of 404, 405 or 500 means that there is no data, as it did there;
// other failures are tried again, and then told. The package reads a file that
// is there already as done, so an export that was interrupted goes on.
package aggregates

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"wingmirror/monitor"
)

// Client asks one service.
type Client struct {
	Base string        // such as https://aggregates.example.com/
	HTTP *http.Client  // nil: one that gives up after a minute
	Wait time.Duration // before the first repetition, 0: a second
}

// ErrNoData is that the service has nothing for a question.
var ErrNoData = errors.New("no data")

const (
	maxAnswer = 256 << 20 // bytes
	attempts  = 4
)

// get asks for path and reads the JSON answer into into.
func (c *Client) get(ctx context.Context, path string, into any) error {
	address := strings.TrimSuffix(c.Base, "/") + "/" + path
	wait := backoff.NewExponentialBackOff()
	if wait.InitialInterval = time.Second; c.Wait > 0 {
		wait.InitialInterval = c.Wait
	}
	_, err := backoff.Retry(ctx, func() (struct{}, error) { return struct{}{}, c.once(ctx, address, into) },
		backoff.WithBackOff(wait), backoff.WithMaxTries(attempts))
	if err != nil {
		return fmt.Errorf("fetch %s: %w", withoutDates(address), err)
	}
	return nil
}

// withoutDates shortens an address for people: a hundred dates say nothing.
func withoutDates(address string) string {
	before, dates, ok := strings.Cut(address, "&dates=")
	if !ok {
		return address
	}
	_, after, _ := strings.Cut(dates, "&")
	return before + "&dates=…&" + after
}

func (c *Client) once(ctx context.Context, address string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return backoff.Permanent(monitor.Invalid("source", "%q is no address: %v", c.Base, err))
	}
	client := c.HTTP
	if client == nil {
		client = &http.Client{Timeout: time.Minute}
	}
	answer, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("%w: %w", monitor.ErrUnavailable, err)
	}
	defer answer.Body.Close()
	switch code := answer.StatusCode; {
	case code == http.StatusNotFound, code == http.StatusMethodNotAllowed, code == http.StatusInternalServerError:
		return backoff.Permanent(fmt.Errorf("%w (%s)", ErrNoData, answer.Status))
	case code != http.StatusOK:
		err := fmt.Errorf("%w: it answered %s", monitor.ErrUnavailable, answer.Status)
		if code < 500 && code != http.StatusTooManyRequests {
			return backoff.Permanent(err)
		}
		return err
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err != nil {
		return fmt.Errorf("%w: the answer broke off: %w", monitor.ErrUnavailable, err)
	}
	if len(data) > maxAnswer {
		return backoff.Permanent(fmt.Errorf("%w: the answer has more than %d MB", monitor.ErrUnavailable, maxAnswer>>20))
	}
	if !json.Valid(data) {
		return fmt.Errorf("%w: the answer of %d bytes is no whole JSON; did it break off?", monitor.ErrUnavailable, len(data))
	}
	if err := json.Unmarshal(data, into); err != nil {
		return backoff.Permanent(fmt.Errorf("%w: the answer is not the JSON that was expected: %w", monitor.ErrInvalid, err))
	}
	return nil
}

// Version is one version of a channel with its days, oldest first.
type Version struct {
	Channel, Number string
	Dates           []string // YYYYMMDD, of builds
}

// String returns channel/number.
func (v Version) String() string { return v.Channel + "/" + v.Number }

type dated struct{ Date, Version string }

// Versions returns the versions that have data both by build and by submission
// date, by channel and then by number.
func (c *Client) Versions(ctx context.Context) ([]Version, error) {
	var channels []string
	if err := c.get(ctx, "aggregates_by/build_id/channels/", &channels); err != nil {
		return nil, err
	}
	var all []Version
	for _, channel := range channels {
		var builds, submissions []dated
		place := "/channels/" + url.PathEscape(channel) + "/dates/"
		if err := c.get(ctx, "aggregates_by/build_id"+place, &builds); err != nil && !errors.Is(err, ErrNoData) {
			return nil, err
		}
		if err := c.get(ctx, "aggregates_by/submission_date"+place, &submissions); err != nil && !errors.Is(err, ErrNoData) {
			return nil, err
		}
		all = append(all, inBoth(channel, builds, submissions)...)
	}
	slices.SortFunc(all, func(a, b Version) int {
		if c := strings.Compare(a.Channel, b.Channel); c != 0 {
			return c
		}
		return compareNumbers(a.Number, b.Number)
	})
	return all, nil
}

func inBoth(channel string, builds, submissions []dated) []Version {
	submitted := map[string]bool{}
	for _, d := range submissions {
		submitted[d.Version] = true
	}
	dates := map[string][]string{}
	for _, d := range builds {
		if submitted[d.Version] {
			dates[d.Version] = append(dates[d.Version], d.Date)
		}
	}
	var all []Version
	for number, days := range dates {
		slices.Sort(days)
		all = append(all, Version{channel, number, slices.Compact(days)})
	}
	return all
}

// compareNumbers orders version numbers as numbers: 100 is after 99.
func compareNumbers(a, b string) int {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	if errX != nil || errY != nil || x == y {
		return strings.Compare(a, b)
	}
	if x < y {
		return -1
	}
	return 1
}

// Last returns the last n versions of a channel.
func Last(all []Version, channel string, n int) []Version {
	some := slices.DeleteFunc(slices.Clone(all), func(v Version) bool { return v.Channel != channel })
	return some[max(0, len(some)-n):]
}

// Metrics returns the names of the metrics that a version has.
func (c *Client) Metrics(ctx context.Context, v Version) ([]string, error) {
	var filters struct{ Metric []string }
	err := c.get(ctx, "filters/?channel="+url.QueryEscape(v.Channel)+"&version="+url.QueryEscape(v.Number), &filters)
	return filters.Metric, err
}

// Evolution is what a metric was in a version, day by day.
type Evolution struct {
	Buckets     []float64
	Kind        string
	Description string
	Data        []struct {
		Date      string
		Count     float64
		Histogram []float64
		Label     string
	}
}

// pageOf is how many days are asked for at once.
const pageOf = 100

// Evolution returns the days of a metric in a version; ErrNoData when there are
// none.
func (c *Client) Evolution(ctx context.Context, v Version, metric string) (Evolution, error) {
	var all Evolution
	failed := ErrNoData
	for days := range slices.Chunk(v.Dates, pageOf) {
		var page Evolution
		err := c.get(ctx, "aggregates_by/build_id/channels/"+url.PathEscape(v.Channel)+"/?version="+url.QueryEscape(v.Number)+
			"&dates="+url.QueryEscape(strings.Join(days, ","))+"&metric="+url.QueryEscape(metric), &page)
		if errors.Is(err, ErrNoData) {
			continue
		}
		if err != nil {
			return all, err
		}
		failed = nil
		page.Data = append(all.Data, page.Data...)
		all = page
	}
	return all, failed
}
