package account

import (
	"cmp"
	"context"
	"time"

	"wingmirror/monitor"
)

// API is the JSON side of an Access: one method for each operation, with input
// and output structs whose tags name path, query, header and body the way
// huma reads them. The methods check the Identity themselves.
type API struct{ access *Access }

// NewAPI returns the operations on the access.
func NewAPI(a *Access) *API { return &API{a} }

// NoInput is the input of an operation that needs none.
type NoInput struct{}

// NoOutput is the output of an operation that answers 204.
type NoOutput struct{}

// ByID names the thing that an operation is about.
type ByID struct {
	ID int64 `path:"id" minimum:"1"`
}

// Output is an answer with a body.
type Output[T any] struct{ Body T }

func output[T any](body T) *Output[T] { return &Output[T]{Body: body} }

// Items is a part of a list, in the order of the keys K.
type Items[T any, K cmp.Ordered] struct {
	Items []T `json:"items" nullable:"false"`
	Next  K   `json:"next,omitempty" doc:"Pass it on for the part after this one; absent on the last"`
}

func items[N, W any, K cmp.Ordered](all []N, next K, wire func(N) W) *Output[Items[W, K]] {
	list := make([]W, len(all))
	for i, one := range all {
		list[i] = wire(one)
	}
	return output(Items[W, K]{list, next})
}

// moment is a time on the wire, nil for none.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// MeBody says who asks.
type MeBody struct {
	Kind   string   `json:"kind" enum:"user,token,local,command" doc:"How you are known"`
	Name   string   `json:"name" doc:"The user's name; empty when you are none"`
	Role   string   `json:"role" enum:"viewer,editor,admin"`
	Actor  string   `json:"actor" doc:"As the audit log calls you"`
	Scopes []string `json:"scopes,omitempty" doc:"What the token may do; absent without a token"`
	Mode   string   `json:"mode" enum:"users,local,open" doc:"How requests without a login are treated"`
	Notice string   `json:"notice,omitempty" doc:"What is unusual about the mode"`
}

// Me says who asks, and what they may.
func (p *API) Me(ctx context.Context, _ *NoInput) (*Output[MeBody], error) {
	who := From(ctx)
	if who.refusal != nil {
		return nil, who.refusal
	}
	if who.Kind == Nobody {
		return nil, ErrLogin
	}
	mode, err := p.access.Mode(ctx)
	if err != nil {
		return nil, err
	}
	return output(MeBody{
		Kind: string(who.Kind), Name: who.Name, Role: who.Role.String(), Actor: who.Actor(),
		Scopes: scopeTexts(who.Token.Scopes), Mode: string(mode), Notice: mode.Notice(),
	}), nil
}

func scopeTexts(scopes []monitor.Scope) []string {
	var all []string
	for _, s := range scopes {
		all = append(all, string(s))
	}
	return all
}

// PasswordInput changes one's own password.
type PasswordInput struct {
	Body struct {
		Current  string `json:"current" maxLength:"4096"`
		Password string `json:"password" maxLength:"4096" doc:"The new one: at least 15 characters, any at all"`
	}
}

// CookieOutput is a 204 with a cookie.
type CookieOutput struct {
	SetCookie string `header:"Set-Cookie"`
}

// ChangePassword changes one's own password, ends all sessions, and begins a
// new one where the request came from.
func (p *API) ChangePassword(ctx context.Context, in *PasswordInput) (*CookieOutput, error) {
	secret, err := p.access.ChangePassword(ctx, in.Body.Current, in.Body.Password)
	if err != nil {
		return nil, err
	}
	return &CookieOutput{p.access.cookie(sessionCookie, secret, p.access.lifetime).String()}, nil
}

// SessionBody is one browser that is logged in.
type SessionBody struct {
	ID        int64     `json:"id"`
	Current   bool      `json:"current" doc:"The one that asks"`
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at" doc:"Last request, true to a minute"`
	ExpiresAt time.Time `json:"expires_at" doc:"When it ends unless it is used"`
	Address   string    `json:"address" doc:"Where the login came from"`
	Agent     string    `json:"agent" doc:"The browser as it names itself"`
}

// SessionsInput says which part of the sessions to list.
type SessionsInput struct {
	Before string `query:"before" doc:"Only sessions that follow this: next of the part before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"5000" default:"1000"`
}

// Sessions lists one's own sessions, the latest seen first.
func (p *API) Sessions(ctx context.Context, in *SessionsInput) (*Output[Items[SessionBody, string]], error) {
	all, err := p.access.OwnSessions(ctx)
	if err != nil {
		return nil, err
	}
	current := From(ctx).SessionID
	all, next := monitor.PartBefore(all, func(s monitor.Session) string { return monitor.MomentKey(s.SeenAt, s.ID) }, in.Before, in.Limit)
	return items(all, next, func(s monitor.Session) SessionBody {
		return SessionBody{
			ID: s.ID, Current: s.ID == current, CreatedAt: s.CreatedAt, SeenAt: s.SeenAt,
			ExpiresAt: p.access.endOf(s), Address: s.Address, Agent: s.Agent,
		}
	}), nil
}

// EndSession logs one of one's own sessions out.
func (p *API) EndSession(ctx context.Context, in *ByID) (*NoOutput, error) {
	return &NoOutput{}, p.access.EndSession(ctx, in.ID)
}

// EndOtherSessions logs one out everywhere else.
func (p *API) EndOtherSessions(ctx context.Context, _ *NoInput) (*NoOutput, error) {
	_, err := p.access.EndOtherSessions(ctx)
	return &NoOutput{}, err
}

// AuditInput selects entries of the audit log.
type AuditInput struct {
	Before  int64  `query:"before" minimum:"0" doc:"Only entries with a smaller id: the last one of the page before"`
	Limit   int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Actor   string `query:"actor" doc:"Only what this one did"`
	Action  string `query:"action" doc:"Only this, such as user.create, or with a dot at the end everything of the kind, such as user."`
	Subject string `query:"subject" doc:"Only what was done to this, such as user/alice"`
}

// AuditBody is a page of the audit log, newest first.
type AuditBody struct {
	Items []AuditEntryBody `json:"items" nullable:"false"`
	Next  int64            `json:"next,omitempty" doc:"Pass it as before for the page after this one; absent on the last"`
}

// AuditEntryBody is one thing that somebody did.
type AuditEntryBody struct {
	ID      int64     `json:"id"`
	At      time.Time `json:"at"`
	Actor   string    `json:"actor"`
	UserID  int64     `json:"user_id,omitempty"`
	TokenID int64     `json:"token_id,omitempty"`
	Action  string    `json:"action"`
	Subject string    `json:"subject"`
	Detail  string    `json:"detail,omitempty"`
	Address string    `json:"address,omitempty"`
}

// Audit reads the audit log.
func (p *API) Audit(ctx context.Context, in *AuditInput) (*Output[AuditBody], error) {
	limit := orElse(in.Limit, 100)
	all, err := p.access.Audit(ctx, monitor.AuditQuery{
		Before: in.Before, Limit: limit + 1, Actor: in.Actor, Action: in.Action, Subject: in.Subject,
	})
	if err != nil {
		return nil, err
	}
	body := AuditBody{}
	all, body.Next = monitor.PartBefore(all, func(e monitor.AuditEntry) int64 { return e.ID }, in.Before, limit)
	body.Items = make([]AuditEntryBody, len(all))
	for i, e := range all {
		body.Items[i] = AuditEntryBody(e)
	}
	return output(body), nil
}
