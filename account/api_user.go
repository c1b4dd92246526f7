package account

import (
	"context"
	"time"

	"wingmirror/monitor"
)

// UserBody is a user on the wire. Of a password it says only that there is one.
type UserBody struct {
	ID          int64      `json:"id"`
	Name        string     `json:"name"`
	Email       string     `json:"email,omitempty"`
	Role        string     `json:"role" enum:"viewer,editor,admin"`
	Disabled    bool       `json:"disabled"`
	HasPassword bool       `json:"has_password"`
	Provider    string     `json:"provider,omitempty" doc:"Issuer of the OpenID provider that vouches for them"`
	CreatedAt   time.Time  `json:"created_at"`
	LoginAt     *time.Time `json:"login_at,omitempty" doc:"Last login; absent for never"`
}

func wireUser(u monitor.User) UserBody {
	return UserBody{
		ID: u.ID, Name: u.Name, Email: u.Email, Role: u.Role.String(), Disabled: u.Disabled,
		HasPassword: u.PasswordHash != "", Provider: u.Issuer, CreatedAt: u.CreatedAt, LoginAt: moment(u.LoginAt),
	}
}

// Users lists all users by name.
func (p *API) Users(ctx context.Context, in *monitor.Part[string]) (*Output[Items[UserBody, string]], error) {
	all, err := p.access.Users(ctx)
	if err != nil {
		return nil, err
	}
	all, next := monitor.PartAfter(all, func(u monitor.User) string { return u.Name }, in.After, in.Limit)
	return items(all, next, wireUser), nil
}

// User gets one user.
func (p *API) User(ctx context.Context, in *ByID) (*Output[UserBody], error) {
	return answerUser(p.access.User(ctx, monitor.UserKey{ID: in.ID}))
}

func answerUser(u monitor.User, err error) (*Output[UserBody], error) {
	if err != nil {
		return nil, err
	}
	return output(wireUser(u)), nil
}

// NewUserInput adds a user.
type NewUserInput struct {
	Body struct {
		Name     string `json:"name" doc:"How they log in: letters, digits and . _ @ + ' -, without regard to case"`
		Email    string `json:"email,omitempty"`
		Role     string `json:"role,omitempty" enum:"viewer,editor,admin" doc:"Without it the first user is admin and every other viewer"`
		Password string `json:"password,omitempty" maxLength:"4096" doc:"At least 15 characters, any at all. May be left out when the name is an e-mail address by which an OpenID provider knows them"`
	}
}

// CreateUser adds a user.
func (p *API) CreateUser(ctx context.Context, in *NewUserInput) (*Output[UserBody], error) {
	n := NewUser{Name: in.Body.Name, Email: in.Body.Email, Password: in.Body.Password}
	if in.Body.Role != "" {
		role, err := monitor.ParseRole(in.Body.Role)
		if err != nil {
			return nil, err
		}
		n.Role = role
	}
	return answerUser(p.access.CreateUser(ctx, n))
}

// EditUserInput changes a user; what is absent stays.
type EditUserInput struct {
	ID   int64 `path:"id" minimum:"1"`
	Body struct {
		Name     *string `json:"name,omitempty"`
		Email    *string `json:"email,omitempty"`
		Role     *string `json:"role,omitempty" enum:"viewer,editor,admin"`
		Disabled *bool   `json:"disabled,omitempty" doc:"Ends all their sessions, and stops their tokens until they are enabled again"`
	}
}

// EditUser changes a user.
func (p *API) EditUser(ctx context.Context, in *EditUserInput) (*Output[UserBody], error) {
	edit := UserEdit{Name: in.Body.Name, Email: in.Body.Email, Disabled: in.Body.Disabled}
	if in.Body.Role != nil {
		role, err := monitor.ParseRole(*in.Body.Role)
		if err != nil {
			return nil, err
		}
		edit.Role = &role
	}
	return answerUser(p.access.EditUser(ctx, in.ID, edit))
}

// RemoveUser removes a user with their sessions and tokens.
func (p *API) RemoveUser(ctx context.Context, in *ByID) (*NoOutput, error) {
	return &NoOutput{}, p.access.RemoveUser(ctx, in.ID)
}

// SetPasswordInput gives a user a password.
type SetPasswordInput struct {
	ID   int64 `path:"id" minimum:"1"`
	Body struct {
		Password string `json:"password" maxLength:"4096"`
	}
}

// SetPassword gives a user a password and ends their sessions.
func (p *API) SetPassword(ctx context.Context, in *SetPasswordInput) (*NoOutput, error) {
	return &NoOutput{}, p.access.SetPassword(ctx, in.ID, in.Body.Password)
}

// TokenBody is a token on the wire.
type TokenBody struct {
	ID        int64      `json:"id"`
	UserID    int64      `json:"user_id"`
	Name      string     `json:"name" doc:"What it is for"`
	Hint      string     `json:"hint" doc:"How its text begins"`
	Scopes    []string   `json:"scopes" nullable:"false"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"Absent for never"`
	UsedAt    *time.Time `json:"used_at,omitempty" doc:"Last use, true to a minute; absent for never"`
}

func wireToken(t monitor.Token) TokenBody {
	return TokenBody{
		ID: t.ID, UserID: t.UserID, Name: t.Name, Hint: t.Hint + "…", Scopes: scopeTexts(t.Scopes),
		CreatedAt: t.CreatedAt, ExpiresAt: moment(t.ExpiresAt), UsedAt: moment(t.UsedAt),
	}
}

// TokensInput says whose tokens.
type TokensInput struct {
	monitor.Part[int64]
	User int64 `query:"user" minimum:"0" doc:"Of this user; 0 for your own"`
	All  bool  `query:"all" doc:"Of everybody"`
}

// Tokens lists tokens.
func (p *API) Tokens(ctx context.Context, in *TokensInput) (*Output[Items[TokenBody, int64]], error) {
	var all []monitor.Token
	var err error
	if in.All {
		all, err = p.access.AllTokens(ctx)
	} else {
		all, err = p.access.Tokens(ctx, in.User)
	}
	if err != nil {
		return nil, err
	}
	all, next := monitor.PartAfter(all, func(t monitor.Token) int64 { return t.ID }, in.After, in.Limit)
	return items(all, next, wireToken), nil
}

// NewTokenInput makes a token.
type NewTokenInput struct {
	Body struct {
		UserID    int64      `json:"user_id,omitempty" minimum:"0" doc:"Whose it is; without it your own"`
		Name      string     `json:"name" doc:"What it is for"`
		Scopes    []string   `json:"scopes" nullable:"false" doc:"What it may do: read, write, admin, ping, events, gate, histograms"`
		ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"Without it never"`
	}
}

// NewTokenBody is a token with the text that is shown this once.
type NewTokenBody struct {
	TokenBody
	Text string `json:"text" doc:"For the header Authorization: Bearer. It is not kept and cannot be shown again"`
}

// CreateToken makes a token.
func (p *API) CreateToken(ctx context.Context, in *NewTokenInput) (*Output[NewTokenBody], error) {
	n := NewToken{UserID: in.Body.UserID, Name: in.Body.Name}
	for _, scope := range in.Body.Scopes {
		n.Scopes = append(n.Scopes, monitor.Scope(scope))
	}
	if in.Body.ExpiresAt != nil {
		n.Expires = *in.Body.ExpiresAt
	}
	t, text, err := p.access.CreateToken(ctx, n)
	if err != nil {
		return nil, err
	}
	return output(NewTokenBody{wireToken(t), text}), nil
}

// RevokeToken makes a token worthless at once.
func (p *API) RevokeToken(ctx context.Context, in *ByID) (*NoOutput, error) {
	return &NoOutput{}, p.access.RevokeToken(ctx, in.ID)
}
