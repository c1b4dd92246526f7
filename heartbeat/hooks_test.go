package heartbeat

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wingmirror/monitor"
)

// keyMemory keeps what was imported.
type keyMemory struct {
	keys  []monitor.HeartbeatKey
	hooks []monitor.PacemakerHook
}

func (k *keyMemory) HeartbeatKeys(context.Context) ([]monitor.HeartbeatKey, error) {
	return k.keys, nil
}

func (k *keyMemory) PacemakerHooks(context.Context) ([]monitor.PacemakerHook, error) {
	return k.hooks, nil
}

func (k *keyMemory) AddHeartbeatKey(_ context.Context, key monitor.HeartbeatKey) error {
	k.keys = append(k.keys, key)
	return nil
}

func (k *keyMemory) DeleteHeartbeatKey(_ context.Context, key string) error {
	k.keys = slices.DeleteFunc(k.keys, func(other monitor.HeartbeatKey) bool { return other.Key == key })
	return nil
}

func (k *keyMemory) ImportHeartbeatKeys(_ context.Context, keys []monitor.HeartbeatKey, hooks []monitor.PacemakerHook) error {
	k.keys, k.hooks = keys, hooks
	return nil
}

// callee notes what webhooks are told; it refuses as long as it is told to.
type callee struct {
	mu     sync.Mutex
	bodies []string
	refuse bool
}

func (c *callee) Post(_ context.Context, _ string, body []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refuse {
		return errors.New("the answer was 500")
	}
	c.bodies = append(c.bodies, string(body))
	return nil
}

func (c *callee) set(refuse bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refuse = refuse
}

func (c *callee) told() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.bodies)
}

func TestHooks_TellOnceOfTroubleAndOnceOfItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := openBook(t, newMemory(), &listener{})
		keys, err := OpenKeys(t.Context(), &keyMemory{}, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		const list = `{"api_keys":{"12":"ops"},"webhook_config":{"ops":{"alert_endpoint":"http://127.0.0.1/hook","seconds_failing":60}}}`
		if err := keys.Import(t.Context(), []byte(list)); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		caller, done := &callee{refuse: true}, make(chan struct{})
		go func() { b.RunHooks(ctx, keys, caller); close(done) }()
		defer func() { cancel(); <-done }()
		began := time.Now()
		fail := func(state string, kind monitor.BeatKind) {
			beatNow(t, b, Arrival{Kind: kind, State: state, Payload: []byte(`{"tags":["bgoo"]}`)})
		}
		for range 12 {
			fail(StateCritical, monitor.BeatFail)
			time.Sleep(10 * time.Second)
		}
		if got := caller.told(); len(got) != 0 {
			t.Fatalf("told while it refused: %v", got)
		}
		caller.set(false)
		time.Sleep(15 * time.Second)
		want := `{"org":"ops","check":"backup","tags":["bgoo"],"anomaly_start":` + strconv.FormatInt(began.Unix(), 10) + `,"state":"CRITICAL"}`
		if got := caller.told(); len(got) != 1 || got[0] != want {
			t.Fatalf("told\n%v, want once\n%s", got, want)
		}
		time.Sleep(3 * time.Hour)
		if got := caller.told(); len(got) != 1 {
			t.Errorf("told again of the same trouble: %v", got)
		}
		fail(StateOK, monitor.BeatOK)
		time.Sleep(30 * time.Second)
		if got := caller.told(); len(got) != 2 || !strings.Contains(got[1], `"state":"OK"`) {
			t.Errorf("at the end told %v", got)
		}
	})
}

func TestKeys_AListThatCannotBeUsedChangesNothing(t *testing.T) {
	store := &keyMemory{}
	keys, err := OpenKeys(t.Context(), store, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.Import(t.Context(), []byte(`{"api_keys":{"12":"ops"}}`)); err != nil {
		t.Fatal(err)
	}
	for list, want := range map[string]string{
		`nonsense`: "not JSON", `{}`: "no api_keys", `{"api_keys":{"12":""}}`: "cannot open", `{"api_keys":{"":"ops"}}`: "cannot open",
		`{"api_keys":{"12":"ops"},"webhook_config":{"ops":{"alert_endpoint":"ftp://x"}}}`: "no http address",
	} {
		if err := keys.Import(t.Context(), []byte(list)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error about %q", list, err, want)
		}
	}
	if k, err := keys.Find("12"); err != nil || k.Space != "ops" {
		t.Errorf("the key is gone: %v", err)
	}
	made, err := keys.Make(t.Context(), "web", "", 5)
	if err != nil || len(made.Key) != 20 {
		t.Fatalf("%+v, %v", made, err)
	}
	if err := keys.Delete(t.Context(), made.Key); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Find(made.Key); !errors.Is(err, ErrKey) {
		t.Errorf("a deleted key is found: %v", err)
	}
}
