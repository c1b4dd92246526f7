package alerting

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"wingmirror/monitor"
)

// maxAnswer is how much of an answer is read, in bytes.
const maxAnswer = 64 << 10

// Post sends a body of JSON to an address for a channel, and judges the answer
// in the dispatcher's terms: 2xx is delivered; 408, 429 and 5xx are tried again,
// when Retry-After says if it does; anything else is refused for good. The address
// is left out of errors, since most such addresses are secrets.
func Post(ctx context.Context, client *http.Client, address string, header http.Header, body []byte) (answer string, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return "", Permanent(errors.New("the address is not one that can be posted to"))
	}
	for name, values := range header {
		r.Header[name] = values
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(r)
	if err != nil {
		return "", fmt.Errorf("reach %s: %w", r.URL.Host, withoutAddress(err))
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	answer = resp.Status + "\n" + string(said)
	if resp.StatusCode/100 == 2 {
		return answer, nil
	}
	if err != nil {
		return answer, fmt.Errorf("read the answer of %s: %w", r.URL.Host, err)
	}
	return answer, judge(r.URL.Host, resp, said)
}

func judge(host string, resp *http.Response, said []byte) error {
	err := fmt.Errorf("%s answered %s: %s", host, resp.Status, monitor.Cut(FirstLine(string(said)), 200))
	if code := resp.StatusCode; code != http.StatusRequestTimeout && code != http.StatusTooManyRequests && code < 500 {
		return Permanent(err)
	}
	if after := ParseRetryAfter(resp.Header.Get("Retry-After"), time.Now()); after > 0 {
		return RetryAfter(after, err)
	}
	return err
}

// withoutAddress drops the address that net/http puts in front of its errors.
func withoutAddress(err error) error {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		return outer.Err
	}
	return err
}

// ParseRetryAfter reads a Retry-After header: seconds, or a date. It returns 0
// for anything else.
func ParseRetryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(header); err == nil {
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return 0
	}
	return at.Sub(now)
}
