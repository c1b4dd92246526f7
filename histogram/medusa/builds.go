package medusa

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/html"

	"wingmirror/monitor"
)

// Changes are the builds of a day and the page that lists what is new in their
// code. The zero value is that neither is known.
type Changes struct {
	First, Last string // build ids, YYYYMMDDhhmmss
	Link        string
}

// Range returns the builds as one build id, or as the first and the last with
// three dots between; "" when they are not known.
func (c Changes) Range() string {
	if c.First == c.Last {
		return c.First
	}
	return c.First + "..." + c.Last
}

// Builds is an archive of builds with Mozilla's layout: BASE/YYYY/MM/ lists a
// directory YYYY-MM-DD-hh-mm-ss-CHANNEL/ for each build, which holds a .txt file
// with the address of its revision, .../REPOSITORY/rev/HASH.
//
// What was found of a day is kept. When the archive fails it is left alone for a
// minute, so that one that hangs does not hold up many alerts.
type Builds struct {
	Base    string       // such as https://archive.example.com/pub/firefox/nightly/
	Channel string       // such as mozilla-central
	HTTP    *http.Client // nil: the default one
	Now     func() time.Time

	mu     sync.Mutex
	known  map[string]Changes // by day
	failed time.Time
}

const (
	buildsTimeout = 10 * time.Second // for all requests of a day
	buildsPause   = time.Minute
	mostDays      = 500
	mostTries     = 5       // files, or builds, that are looked at for a revision
	maxListing    = 8 << 20 // bytes
)

// Of returns the changes of a day, YYYY-MM-DD. An error may come with the builds
// that were found before it.
func (b *Builds) Of(ctx context.Context, date string) (Changes, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c, ok := b.known[date]; ok {
		return c, nil
	}
	if wait := b.failed.Add(buildsPause).Sub(b.Now()); wait > 0 {
		return Changes{}, fmt.Errorf("%w: the archive of builds failed, and is asked again in %s", monitor.ErrUnavailable, wait.Round(time.Second))
	}
	ctx, cancel := context.WithTimeout(ctx, buildsTimeout)
	defer cancel()
	c, err := b.lookUp(ctx, date)
	if err != nil {
		if errors.Is(err, monitor.ErrUnavailable) {
			b.failed = b.Now()
		}
		return c, fmt.Errorf("look up the builds of %s: %w", date, err)
	}
	if b.known == nil || len(b.known) >= mostDays {
		b.known = map[string]Changes{}
	}
	b.known[date] = c
	return c, nil
}

func (b *Builds) lookUp(ctx context.Context, date string) (Changes, error) {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return Changes{}, monitor.Invalid("date", "%q is no date; write YYYY-MM-DD", monitor.Cut(date, 40))
	}
	listing, err := b.month(ctx, day)
	if err != nil {
		return Changes{}, err
	}
	var c Changes
	if c.First, c.Last = BoundingBuilds(listing, date, b.Channel); c.First == "" {
		return c, fmt.Errorf("the archive has no build of %s: %w", b.Channel, monitor.ErrNotFound)
	}
	to, err := b.revision(ctx, c.Last)
	if err != nil {
		return c, err
	}
	from, err := b.before(ctx, listing, day, c.First)
	if err != nil {
		return c, err
	}
	c.Link = to.repository + "/pushloghtml?fromchange=" + from.hash + "&tochange=" + to.hash
	return c, nil
}

// BoundingBuilds returns the ids of the first and the last build of a day and
// channel in a listing of directories, which are the same when there is one; ""
// when there is none.
func BoundingBuilds(listing []string, date, channel string) (first, last string) {
	for _, id := range builds(listing, channel) {
		if strings.HasPrefix(id, strings.ReplaceAll(date, "-", "")) {
			if first == "" {
				first = id
			}
			last = id
		}
	}
	return first, last
}

var buildDirectory = regexp.MustCompile(`^(\d{4})-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-([^/]+)/?$`)

// builds returns the ids of a channel's builds in a listing, oldest first.
func builds(listing []string, channel string) []string {
	var ids []string
	for _, entry := range listing {
		if part := buildDirectory.FindStringSubmatch(strings.TrimSpace(entry)); part != nil && part[7] == channel {
			ids = append(ids, strings.Join(part[1:7], ""))
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// before returns the revision of the newest build before the given one that has
// a revision: of the month, else of the month before.
func (b *Builds) before(ctx context.Context, listing []string, day time.Time, id string) (revision, error) {
	earlier := func(listing []string) []string {
		ids := builds(listing, b.Channel)
		return slices.DeleteFunc(ids, func(other string) bool { return other >= id })
	}
	ids := earlier(listing)
	if len(ids) == 0 {
		var err error
		if listing, err = b.month(ctx, day.AddDate(0, 0, -day.Day())); err != nil {
			return revision{}, err
		}
		ids = earlier(listing)
	}
	err := fmt.Errorf("there is no build before %s: %w", id, monitor.ErrNotFound)
	for _, other := range slices.Backward(ids[max(0, len(ids)-mostTries):]) {
		var r revision
		if r, err = b.revision(ctx, other); err == nil || !errors.Is(err, monitor.ErrNotFound) {
			return r, err
		}
	}
	return revision{}, err
}

// revision is a state of the code.
type revision struct{ repository, hash string }

var revisionAddress = regexp.MustCompile(`(https?://[^\s"'<>]+)/rev/([0-9a-f]{8,40})\b`)

// revision finds that of a build; ErrNotFound when the build does not say.
func (b *Builds) revision(ctx context.Context, id string) (revision, error) {
	at, err := time.Parse("20060102150405", id)
	if err != nil {
		return revision{}, fmt.Errorf("build %s is no time: %w", id, monitor.ErrNotFound)
	}
	directory := b.address(at) + at.Format("2006-01-02-15-04-05-") + url.PathEscape(b.Channel) + "/"
	files, err := b.list(ctx, directory)
	if err != nil {
		return revision{}, err
	}
	files = slices.DeleteFunc(files, func(name string) bool { return !strings.HasSuffix(name, ".txt") || strings.Contains(name, "/") })
	for _, name := range files[:min(len(files), mostTries)] {
		data, err := b.get(ctx, directory+url.PathEscape(name))
		if err != nil {
			return revision{}, err
		}
		if found := revisionAddress.FindSubmatch(data); found != nil {
			return revision{string(found[1]), string(found[2])}, nil
		}
	}
	return revision{}, fmt.Errorf("build %s does not name its revision: %w", id, monitor.ErrNotFound)
}

func (b *Builds) address(month time.Time) string {
	return strings.TrimSuffix(b.Base, "/") + month.Format("/2006/01/")
}

func (b *Builds) month(ctx context.Context, at time.Time) ([]string, error) {
	return b.list(ctx, b.address(at))
}

// list returns the names that a page links to.
func (b *Builds) list(ctx context.Context, address string) ([]string, error) {
	data, err := b.get(ctx, address)
	if err != nil {
		return nil, err
	}
	var names []string
	page := html.NewTokenizer(strings.NewReader(string(data)))
	for kind := page.Next(); kind != html.ErrorToken; kind = page.Next() {
		token := page.Token()
		for _, a := range token.Attr {
			if kind == html.StartTagToken && token.Data == "a" && a.Key == "href" {
				names = append(names, lastPart(a.Val))
			}
		}
	}
	return names, nil
}

// lastPart is the name at the end of an address, with its slash if it has one.
func lastPart(address string) string {
	address, _, _ = strings.Cut(address, "?")
	if plain, err := url.PathUnescape(address); err == nil {
		address = plain
	}
	return address[strings.LastIndexByte(strings.TrimSuffix(address, "/"), '/')+1:]
}

func (b *Builds) get(ctx context.Context, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, monitor.Invalid("received-builds", "%q is no address: %v", b.Base, err)
	}
	client := b.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	answer, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", monitor.ErrUnavailable, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusNotFound {
		return nil, fmt.Errorf("%s: %w", address, monitor.ErrNotFound)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: %s answered %s", monitor.ErrUnavailable, address, answer.Status)
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxListing))
	if err != nil {
		return nil, fmt.Errorf("%w: the answer of %s broke off: %w", monitor.ErrUnavailable, address, err)
	}
	return data, nil
}
