package heartbeat

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"wingmirror/monitor"
)

// KeyStore keeps keys and hooks.
type KeyStore interface {
	HeartbeatKeys(ctx context.Context) ([]monitor.HeartbeatKey, error)
	PacemakerHooks(ctx context.Context) ([]monitor.PacemakerHook, error)
	AddHeartbeatKey(ctx context.Context, k monitor.HeartbeatKey) error
	DeleteHeartbeatKey(ctx context.Context, key string) error
	ImportHeartbeatKeys(ctx context.Context, keys []monitor.HeartbeatKey, hooks []monitor.PacemakerHook) error
}

// Keys knows which key opens which space. A key lets its holder send beats and,
// through Pacemaker's API, whose clients need it, see, vote on and delete the
// heartbeats of the space. Unlike a token it is shown again, since it stands in
// crontabs.
// It is safe for many goroutines at once.
type Keys struct {
	store KeyStore
	now   func() time.Time

	mu    sync.RWMutex
	byKey map[string]monitor.HeartbeatKey
	hooks map[string]monitor.PacemakerHook
}

// OpenKeys reads what is stored.
func OpenKeys(ctx context.Context, store KeyStore, now func() time.Time) (*Keys, error) {
	k := &Keys{store: store, now: now}
	return k, k.load(ctx)
}

func (k *Keys) load(ctx context.Context) error {
	keys, err := k.store.HeartbeatKeys(ctx)
	if err != nil {
		return err
	}
	hooks, err := k.store.PacemakerHooks(ctx)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.byKey, k.hooks = map[string]monitor.HeartbeatKey{}, map[string]monitor.PacemakerHook{}
	for _, key := range keys {
		k.byKey[key.Key] = key
	}
	for _, hook := range hooks {
		k.hooks[hook.Space] = hook
	}
	return nil
}

// ErrKey is that nobody knows a key.
var ErrKey = fmt.Errorf("%w: the key is not known; check it, or try again shortly if it is new", monitor.ErrDenied)

// Find returns what a key opens, or ErrKey.
func (k *Keys) Find(key string) (monitor.HeartbeatKey, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	found, ok := k.byKey[key]
	if !ok || key == "" {
		return monitor.HeartbeatKey{}, ErrKey
	}
	return found, nil
}

// Hook returns where a space's alerts go in Pacemaker's form, if anywhere.
func (k *Keys) Hook(space string) (monitor.PacemakerHook, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	hook, ok := k.hooks[space]
	return hook, ok
}

// List returns all keys, in the order of space, name and age.
func (k *Keys) List() []monitor.HeartbeatKey {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return slices.SortedFunc(maps.Values(k.byKey), func(a, b monitor.HeartbeatKey) int {
		return cmp.Or(cmp.Compare(a.Space, b.Space), cmp.Compare(a.Name, b.Name), a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.Key, b.Key))
	})
}

// maxQuota is the largest quota that a key can be given.
const maxQuota = 100_000

// Make makes a key that opens a space.
func (k *Keys) Make(ctx context.Context, space, name string, quota int) (monitor.HeartbeatKey, error) {
	key := monitor.HeartbeatKey{Key: strings.ToLower(rand.Text())[:20], Space: space, Name: name, Quota: quota, CreatedAt: k.now().UTC().Truncate(time.Millisecond)}
	if err := monitor.ValidateHeartbeat(monitor.Heartbeat{Space: space, Name: cmp.Or(name, "key")}); err != nil {
		return key, err
	}
	if quota < 0 || quota > maxQuota {
		return key, monitor.Invalid("quota", "%d is not between 0 and %d", quota, maxQuota)
	}
	if err := k.store.AddHeartbeatKey(ctx, key); err != nil {
		return key, err
	}
	return key, k.load(ctx)
}

// Delete takes a key out of use. One that was imported comes back with the next
// import.
func (k *Keys) Delete(ctx context.Context, key string) error {
	if err := k.store.DeleteHeartbeatKey(ctx, key); err != nil {
		return err
	}
	return k.load(ctx)
}

// Import reads Pacemaker's list of keys and hooks, and puts it in place of the
// one imported before. A list that cannot be used changes nothing.
func (k *Keys) Import(ctx context.Context, list []byte) error {
	keys, hooks, err := parsePacemakerKeys(list, k.now().UTC().Truncate(time.Millisecond))
	if err != nil {
		return err
	}
	if err := k.store.ImportHeartbeatKeys(ctx, keys, hooks); err != nil {
		return err
	}
	return k.load(ctx)
}

// parsePacemakerKeys reads {"api_keys": {"KEY": "space"}, "webhook_config":
// {"space": {"alert_endpoint": "URL", "seconds_failing": 120}}}.
func parsePacemakerKeys(list []byte, at time.Time) ([]monitor.HeartbeatKey, []monitor.PacemakerHook, error) {
	var wire struct {
		Keys  map[string]string `json:"api_keys"`
		Hooks map[string]struct {
			URL     string  `json:"alert_endpoint"`
			Failing float64 `json:"seconds_failing"`
		} `json:"webhook_config"`
	}
	if err := json.Unmarshal(list, &wire); err != nil {
		return nil, nil, monitor.Invalid("pacemaker-keys", "it is not JSON in the form of Pacemaker's api_keys.json: %v", err)
	}
	if len(wire.Keys) == 0 {
		return nil, nil, monitor.Invalid("pacemaker-keys", "it has no api_keys")
	}
	var keys []monitor.HeartbeatKey
	for key, space := range wire.Keys {
		if err := monitor.ValidateHeartbeat(monitor.Heartbeat{Space: space, Name: "key"}); err != nil || key == "" {
			return nil, nil, monitor.Invalid("pacemaker-keys", "api_keys: %q cannot open %q: %v", monitor.Cut(key, 40), monitor.Cut(space, 100), err)
		}
		keys = append(keys, monitor.HeartbeatKey{Key: key, Space: space, Name: "Pacemaker", Imported: true, CreatedAt: at})
	}
	var hooks []monitor.PacemakerHook
	for space, hook := range wire.Hooks {
		if u, err := url.Parse(hook.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, nil, monitor.Invalid("pacemaker-keys", "webhook_config: alert_endpoint of %q is no http address", monitor.Cut(space, 100))
		}
		if hook.Failing < 0 || hook.Failing > 1e6 {
			return nil, nil, monitor.Invalid("pacemaker-keys", "webhook_config: seconds_failing of %q is not between 0 and a million", monitor.Cut(space, 100))
		}
		hooks = append(hooks, monitor.PacemakerHook{Space: space, URL: hook.URL, Failing: seconds(hook.Failing)})
	}
	return keys, hooks, nil
}
