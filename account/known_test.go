package account

import (
	"errors"
	"testing"
	"time"

	"wingmirror/monitor"
)

func TestKnown_ATokenHoldsWhileTheLedgerIsDown(t *testing.T) {
	f := newFixture(t)
	root := f.user("root", monitor.RoleAdmin)
	_, text, err := f.CreateToken(operator(t), NewToken{UserID: root.ID, Name: "gate", Scopes: []monitor.Scope{monitor.ScopeGate}})
	if err != nil {
		t.Fatal(err)
	}
	_, never, err := f.CreateToken(operator(t), NewToken{UserID: root.ID, Name: "never used", Scopes: []monitor.Scope{monitor.ScopeGate}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.FromToken(t.Context(), text); err != nil {
		t.Fatal(err)
	}
	f.db.Close()
	f.clock.pass(10 * time.Minute)
	if i, err := f.FromToken(t.Context(), text); err != nil || !i.May(monitor.RoleViewer, monitor.ScopeGate) {
		t.Errorf("got %+v, %v", i, err)
	}
	if _, err := f.FromToken(t.Context(), never); err == nil || errors.Is(err, ErrLogin) {
		t.Errorf("a token that was never seen: %v; want the ledger's error", err)
	}
	f.clock.pass(knownHolds)
	if _, err := f.FromToken(t.Context(), text); err == nil {
		t.Error("the memory holds for ever")
	}
}

func TestKnown_ARevokedTokenIsForgottenAtOnce(t *testing.T) {
	f := newFixture(t)
	root := f.user("root", monitor.RoleAdmin)
	token, text, err := f.CreateToken(operator(t), NewToken{UserID: root.ID, Name: "gate", Scopes: []monitor.Scope{monitor.ScopeGate}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.FromToken(t.Context(), text); err != nil {
		t.Fatal(err)
	}
	if err := f.RevokeToken(operator(t), token.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := f.FromToken(t.Context(), text); !errors.Is(err, ErrLogin) {
		t.Errorf("got %v", err)
	}
}
