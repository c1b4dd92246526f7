package account

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"wingmirror/monitor"
)

// Computed by the command line of argon2's reference implementation: password
// "password", salt "somesalt".
const reference = "$argon2id$v=19$m=256,t=3,p=2$c29tZXNhbHQ$RmjTCsQYfmh47t6s8P2DxaCjDbLMFu8L"

func TestVerify_UnderstandsOtherImplementations(t *testing.T) {
	for password, want := range map[string]bool{"password": true, "Password": false} {
		v, err := newHasher(cheap).verify(t.Context(), reference, password)
		if err != nil || v.ok != want || !v.stale {
			t.Errorf("%s: got %+v, %v, want ok %v and stale", password, v, err, want)
		}
	}
}

func TestVerify_SaysRightWrongAndStale(t *testing.T) {
	h := newHasher(cheap)
	encoded, err := h.hash(t.Context(), "pass")
	if err != nil {
		t.Fatal(err)
	}
	older, err := newHasher(Argon{Memory: 32, Time: 1, Threads: 1}).hash(t.Context(), "pass")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, encoded, password string
		ok, stale, broken       bool
	}{
		{"right", encoded, "pass", true, false, false},
		{"wrong", encoded, "Pass", false, false, false},
		{"cut", encoded, "pas", false, false, false},
		{"none stored", "", "pass", false, false, false},
		{"none stored, none given", "", "", false, false, false},
		{"older cost", older, "pass", true, true, false},
		{"broken", "$argon2id$", "pass", false, false, true},
		{"plain text in the database", "pass", "pass", false, false, true},
	} {
		v, err := h.verify(t.Context(), row.encoded, row.password)
		if err != nil || v.ok != row.ok || v.stale != row.stale || (v.broken != nil) != row.broken {
			t.Errorf("%s: got %+v, %v", row.name, v, err)
		}
	}
}

func TestVerify_TakesComposedAndDecomposedLettersForTheSame(t *testing.T) {
	h := newHasher(cheap)
	encoded, err := h.hash(t.Context(), "caf\u00e9 \ufb01ne")
	if err != nil {
		t.Fatal(err)
	}
	if v, err := h.verify(t.Context(), encoded, "cafe\u0301 fine"); err != nil || !v.ok {
		t.Errorf("got %+v, %v, want ok", v, err)
	}
}

func TestParsePHC_RefusesWhatWouldStopTheServer(t *testing.T) {
	const salt, sum = "c29tZXNhbHRzb21lc2FsdA", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"
	for _, text := range []string{
		"", "$", "$$$$$", "$argon2i$v=19$m=64,t=1,p=1$" + salt + "$" + sum, "$argon2id$v=16$m=64,t=1,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=4294967295,t=1,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=64,t=4294967295,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=64,t=0,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=64,t=1,p=0$" + salt + "$" + sum,
		"$argon2id$v=19$m=64,t=1,p=256$" + salt + "$" + sum,
		"$argon2id$v=19$m=7,t=1,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=064,t=1,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=+64,t=1,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$t=1,m=64,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=64,t=1,p=1$$" + sum, "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$",
		"$argon2id$v=19$m=64,t=1,p=1$" + salt + "=$" + sum,
		"$argon2id$v=19$m=64,t=1,p=1$" + salt + "\n$" + sum,
		"$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + sum + "$x",
		"$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + strings.Repeat("A", 200),
	} {
		if p, err := parsePHC(text); err == nil {
			t.Errorf("%q gives %+v", text, p)
		}
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add(reference)
	f.Add("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE")
	f.Add("$argon2id$v=19$m=64,t=1,p=1$$")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePHC(text)
		if err != nil {
			return
		}
		if p.String() != text {
			t.Errorf("%q reads as %q: one hash has two texts", text, p)
		}
		if p.cost.Memory > maxArgonMemory || p.cost.Time > maxArgonTime || len(p.salt) > maxSalt || len(p.sum) > maxSum {
			t.Errorf("%q is out of bounds: %+v", text, p)
		}
	})
}

// Each computation takes 64 MiB, so a crowd at the login page has to queue.
func TestHasher_QueuesAndGivesUpWithTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(cheap)
		for range cap(h.slots) {
			h.slots <- struct{}{}
		}
		gone := errors.New("the browser went away")
		ctx, cancel := context.WithCancelCause(t.Context())
		result := make(chan error)
		go func() {
			_, err := h.verify(ctx, "", "pass")
			result <- err
		}()
		synctest.Wait()
		select {
		case err := <-result:
			t.Fatalf("did not queue: %v", err)
		default:
		}
		cancel(gone)
		wantErr(t, <-result, gone)
	})
}

func TestDefaultArgon_IsWhatNewUsersGet(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.Argon = Argon{} })
	u := f.user("ann", monitor.RoleAdmin)
	if !strings.HasPrefix(u.PasswordHash, "$argon2id$v=19$m=65536,t=3,p=4$") {
		t.Errorf("got %s", u.PasswordHash)
	}
	f.as("ann")
}

func BenchmarkVerify(b *testing.B) {
	h := newHasher(DefaultArgon())
	for b.Loop() {
		if _, err := h.verify(b.Context(), "", goodPassword); err != nil {
			b.Fatal(err)
		}
	}
}
