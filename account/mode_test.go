package account

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"wingmirror/monitor"
)

func TestModeFor_OffLoopbackNeedsUsersOrAnExplicitWord(t *testing.T) {
	local := []string{"127.0.0.1:8470", "127.8.9.10:0", "[::1]:8470", "localhost:8470", "LOCALHOST:80", "[::ffff:127.0.0.1]:8470"}
	remote := []string{
		"0.0.0.0:8470", ":8470", "[::]:8470", "192.168.1.5:8470", "[fe80::1%eth0]:80", "wingmirror.example.com:80",
		"localhost.example.com:80", "unix:/run/wingmirror.sock", "/run/wingmirror.sock", "@wingmirror", "127.0.0.1", "", "::1", "[127.0.0.1]",
	}
	for _, addr := range local {
		if mode, err := ModeFor(addr, false, false); mode != ModeLocal || err != nil {
			t.Errorf("%s: got %q, %v, want local", addr, mode, err)
		}
	}
	for _, addr := range remote {
		_, err := ModeFor(addr, false, false)
		wantField(t, err, "listen")
		if err == nil || !strings.Contains(err.Error(), "wingmirror user add") || !strings.Contains(err.Error(), "--auth none") {
			t.Errorf("%s: the error names no way out: %v", addr, err)
		}
	}
	for _, addr := range append(local, remote...) {
		if mode, err := ModeFor(addr, true, false); mode != ModeUsers || err != nil {
			t.Errorf("%s with users: got %q, %v", addr, mode, err)
		}
		for _, users := range []bool{false, true} {
			if mode, err := ModeFor(addr, users, true); mode != ModeOpen || err != nil {
				t.Errorf("%s with --auth none: got %q, %v", addr, mode, err)
			}
		}
	}
}

func TestModeLocal_EverybodyIsAdminUntilThereIsAUser(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.Mode = ModeLocal })
	i, _ := f.request(nil)
	if i.Kind != ByPlace || !i.May(monitor.RoleAdmin, monitor.ScopeAdmin) || i.Actor() != "local" {
		t.Fatalf("got %+v, want the local admin", i)
	}
	if _, err := f.CreateUser(With(t.Context(), i), NewUser{Name: "ann", Password: goodPassword}); err != nil {
		t.Fatal(err)
	}
	i, _ = f.request(nil)
	wantErr(t, i.Check(monitor.RoleViewer, monitor.ScopeRead), ErrLogin)
	if mode, err := f.Mode(t.Context()); mode != ModeUsers || err != nil {
		t.Errorf("got mode %q, %v, want users", mode, err)
	}
}

// A page of an attacker whose name points at 127.0.0.1 sends its own name.
func TestModeLocal_AnswersOnlyToNamesOfThisMachine(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.Mode, o.BaseURL = ModeLocal, "http://wing.internal:8470" })
	for _, host := range []string{"localhost", "localhost:8470", "127.0.0.1:8470", "[::1]:8470", "[::1]", "wing.internal:8470", "Wing.Internal"} {
		if i, _ := f.request(func(r *http.Request) { r.Host = host }); !i.May(monitor.RoleAdmin, monitor.ScopeAdmin) {
			t.Errorf("%s: refused: %v", host, i.Check(monitor.RoleAdmin, monitor.ScopeAdmin))
		}
	}
	for _, host := range []string{"evil.example.com", "evil.example.com:8470", "localhost.evil.example.com", "127.0.0.1.evil.example.com", "10.0.0.1", "", "[::1].evil.example.com", "localhost@evil.example.com"} {
		i, _ := f.request(func(r *http.Request) { r.Host = host })
		err := i.Check(monitor.RoleViewer, monitor.ScopeRead)
		wantErr(t, err, monitor.ErrDenied)
		if errors.Is(err, ErrLogin) {
			t.Errorf("%s: is sent to log in, which nobody can", host)
		}
	}
}

func TestModeLocal_RefusesWhatCameThroughAProxy(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.Mode = ModeLocal })
	for _, header := range []string{"X-Forwarded-For", "X-Real-IP", "Forwarded"} {
		i, _ := f.request(func(r *http.Request) { r.Header.Set(header, "203.0.113.7") })
		wantErr(t, i.Check(monitor.RoleViewer, monitor.ScopeRead), monitor.ErrDenied)
	}
}

func TestModeOpen_KnowsUsersAllTheSame(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.Mode = ModeOpen })
	f.user("ann", monitor.RoleAdmin)
	i, _ := f.request(func(r *http.Request) { r.Host = "wing.example.com" })
	if i.Kind != ByPlace || i.Role != monitor.RoleAdmin {
		t.Errorf("got %+v, want an admin", i)
	}
	who := From(f.as("ann"))
	if who.Name != "ann" {
		t.Errorf("got %+v, want ann", who)
	}
	i, _ = f.request(func(r *http.Request) { r.AddCookie(f.cookie(sessionCookie, "stale", f.lifetime)) })
	if i.Kind != ByPlace {
		t.Errorf("a stale cookie gave %+v, want an admin as without it", i)
	}
	i, _ = f.request(func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+newToken()) })
	wantErr(t, i.Check(monitor.RoleViewer, monitor.ScopeRead), ErrLogin)
}

func TestModeLocal_AUserOfOurOwnClosesItAtOnce(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.Mode = ModeLocal })
	for range 3 {
		if mode, err := f.Mode(t.Context()); mode != ModeLocal || err != nil {
			t.Fatalf("%s, %v", mode, err)
		}
	}
	f.user("ann", monitor.RoleAdmin)
	if mode, _ := f.Mode(t.Context()); mode != ModeUsers {
		t.Errorf("a user of our own was added, and the mode is still %s", mode)
	}
}
