package board

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wingmirror/monitor"
)

func TestBoard_SubscribersHearOfTheLevelsThatTheyAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		store.records.Subscriptions = []monitor.Subscription{
			{ID: 1, Component: "production", Destination: "mailto:four@example.com", From: monitor.DC4, Better: true},
			{ID: 2, Component: "production", Destination: "mailto:one@example.com", From: monitor.DC1},
			{ID: 3, Component: "shop", Destination: "mailto:shop@example.com", From: monitor.DC3},
		}
		w := newWorld(t, store)
		defer w.start()()
		step := func(level monitor.DC) []string {
			store.mu.Lock()
			store.news = nil
			store.mu.Unlock()
			w.source.says(monitor.Rationale{ID: "a", Level: level, Title: "slow", Link: "https://x.example.com"})
			w.after(time.Minute)
			store.mu.Lock()
			defer store.mu.Unlock()
			var told []string
			for _, one := range store.news {
				told = append(told, one.Destination+" "+one.Message.Level.String())
				if one.Message.Kind != monitor.NoticeLevel || !strings.HasPrefix(one.Message.Text, level.String()) || !strings.Contains(one.Message.Text, "slow") && level < monitor.DC5 {
					t.Errorf("%v: %+v", level, one.Message)
				}
			}
			return told
		}
		for _, row := range []struct {
			level monitor.DC
			want  string
		}{
			{monitor.DC4, "mailto:four@example.com warning"},
			{monitor.DC1, "mailto:four@example.com critical mailto:one@example.com critical mailto:shop@example.com critical"},
			{monitor.DC3, "mailto:four@example.com warning mailto:one@example.com ok"},
			{monitor.DC5, "mailto:four@example.com ok mailto:shop@example.com ok"},
		} {
			if got := strings.Join(step(row.level), " "); got != row.want {
				t.Errorf("%v: told %s, want %s", row.level, got, row.want)
			}
		}
	})
}

// What happens while the database is down is told when it answers again.
func TestBoard_NewsWaitForTheDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		store.records.Subscriptions = []monitor.Subscription{{ID: 1, Component: "shop", Destination: "mailto:a@example.com", From: monitor.DC3}}
		w := newWorld(t, store)
		defer w.start()()
		store.setDown(true)
		w.source.says(monitor.Rationale{ID: "a", Level: monitor.DC1, Title: "slow"})
		w.after(2 * time.Minute)
		store.setDown(false)
		w.after(2 * time.Minute)
		store.mu.Lock()
		defer store.mu.Unlock()
		if len(store.news) != 1 {
			t.Errorf("told %d times: %+v", len(store.news), store.news)
		}
	})
}
