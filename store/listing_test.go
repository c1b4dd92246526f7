package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"wingmirror/monitor"
)

// wantOverviewAsStored holds what is kept in memory against the tables.
func wantOverviewAsStored(t *testing.T, db *DB) {
	t.Helper()
	got, err := db.Overview(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want, err := db.readOverview(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(want, func(a, b Overview) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	for i := range min(len(got), len(want)) {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Fatalf("row %d is\n%+v in memory,\n%+v in the tables", i, got[i], want[i])
		}
	}
	if len(got) != len(want) {
		t.Fatalf("got %d rows in memory, %d in the tables", len(got), len(want))
	}
}

// manyActs does all that changes a list of monitors, in a random order, and calls
// look now and then.
func manyActs(t *testing.T, db *DB, seed uint64, look func()) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	ids, at := []int64{}, start
	if _, err := db.SaveContactGroup(t.Context(), monitor.ContactGroup{Name: "g0", Members: []string{"mailto:a@example.com"}}, "ann", start); err != nil {
		t.Fatal(err)
	}
	for i := range 300 {
		at = at.Add(time.Minute)
		act := random.IntN(20)
		if len(ids) == 0 || act == 0 {
			m := newMonitor(t, db, fmt.Sprint("m", random.IntN(50)))
			ids = append(ids, m.ID)
			continue
		}
		id := ids[random.IntN(len(ids))]
		m, err := db.Monitor(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		switch act {
		case 1:
			m.Name, m.Group, m.Labels = fmt.Sprint("renamed ", i), "a/b", map[string]string{"k": "v"}
			m.Alerts = []string{"group:g0"}
			_, err = db.UpdateMonitor(t.Context(), m, "bob", at)
		case 2:
			err = db.SetActive(t.Context(), []int64{id}, !m.Active, "bob", at)
		case 3:
			err = db.DeleteMonitor(t.Context(), id, "bob", at)
			ids = slices.DeleteFunc(ids, func(other int64) bool { return other == id })
		case 4:
			_, err = db.RenameContactGroup(t.Context(), "g0", "g1", "bob", at)
			if err == nil {
				_, err = db.RenameContactGroup(t.Context(), "g1", "g0", "bob", at)
			}
		default:
			err = commitRandom(t.Context(), db, m, at, random)
		}
		if err != nil {
			t.Fatal(err)
		}
		if random.IntN(3) == 0 {
			look()
		}
	}
}

// commitRandom stores a run, a decision without one, or what is too late.
func commitRandom(ctx context.Context, db *DB, m monitor.Monitor, at time.Time, random *rand.Rand) error {
	state, err := db.State(ctx, m.Subject())
	if err != nil {
		return err
	}
	c := monitor.Commit{State: state, Steady: state.Version > 0 && random.IntN(2) == 0}
	c.State.At, c.State.Runs = at, state.Runs+1
	if random.IntN(5) > 0 {
		c.Run = &monitor.Run{Monitor: m.ID, At: at, Version: m.Version, Level: monitor.Level(random.IntN(4))}
	}
	if !c.Steady {
		c.State.Level, c.State.Message = monitor.Level(random.IntN(4)), fmt.Sprint("message ", random.IntN(9))
		c.State.Since = at
		if random.IntN(2) == 0 {
			c.State.Open = &monitor.Open{Key: fmt.Sprint("k", at.Unix()), OpenedAt: at.Add(time.Microsecond), Told: []string{"mailto:a@example.com"}}
		} else {
			c.State.Open = nil
		}
	}
	if random.IntN(10) == 0 {
		c.State.Version += random.Int64N(3) - 1
	}
	err = db.Commit(ctx, c)
	if errors.Is(err, monitor.ErrConflict) || errors.Is(err, monitor.ErrNotFound) {
		return nil // it left no trace, nor may it in memory
	}
	return err
}

func TestOverview_IsWhatTheTablesHold_WhateverHappened(t *testing.T) {
	for seed := range uint64(5) {
		db := openNew(t)
		manyActs(t, db, seed, func() { wantOverviewAsStored(t, db) })
		wantOverviewAsStored(t, db)
	}
}

func TestOverview_MissesNothingThatIsStoredWhileItReads(t *testing.T) {
	db := openNew(t)
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for ctx.Err() == nil {
				if _, err := db.Overview(ctx); err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			}
		})
	}
	manyActs(t, db, 7, func() {})
	stop()
	readers.Wait()
	wantOverviewAsStored(t, db)
}

func TestOverview_ReadsAgainAfterAnError(t *testing.T) {
	db := openNew(t)
	newMonitor(t, db, "a")
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := db.Overview(ended); err == nil {
		t.Fatal("no error from a request that is over")
	}
	wantOverviewAsStored(t, db)
}
