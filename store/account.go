package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"wingmirror/monitor"
)

type userRow struct {
	ID           int64 `gorm:"primaryKey"`
	Name         string
	Email        string
	Role         string
	PasswordHash string
	Issuer       string
	Subject      string
	Disabled     bool
	Epoch        int
	CreatedAt    int64 `gorm:"autoCreateTime:false"`
	LoginAt      int64
}

func (userRow) TableName() string { return "users" }

func rowOfUser(u monitor.User) userRow {
	return userRow{
		ID: u.ID, Name: u.Name, Email: u.Email, Role: u.Role.String(), PasswordHash: u.PasswordHash,
		Issuer: u.Issuer, Subject: u.Subject, Disabled: u.Disabled, Epoch: u.Epoch,
		CreatedAt: millis(u.CreatedAt), LoginAt: millis(u.LoginAt),
	}
}

// user returns the row as a user. A role that this program does not know is
// none, so that it allows nothing.
func (r userRow) user() monitor.User {
	role, err := monitor.ParseRole(r.Role)
	if err != nil {
		role = monitor.NoRole
	}
	return monitor.User{
		ID: r.ID, Name: r.Name, Email: r.Email, Role: role, PasswordHash: r.PasswordHash,
		Issuer: r.Issuer, Subject: r.Subject, Disabled: r.Disabled, Epoch: r.Epoch,
		CreatedAt: fromMillis(r.CreatedAt), LoginAt: fromMillis(r.LoginAt),
	}
}

// Users returns all users by name.
func (db *DB) Users(ctx context.Context) ([]monitor.User, error) {
	var rows []userRow
	if err := db.read.WithContext(ctx).Order("name").Find(&rows).Error; err != nil {
		return nil, db.fault("read users", err)
	}
	all := make([]monitor.User, len(rows))
	for i, row := range rows {
		all[i] = row.user()
	}
	return all, nil
}

// User returns one user, or ErrNotFound.
func (db *DB) User(ctx context.Context, key monitor.UserKey) (monitor.User, error) {
	query := db.read.WithContext(ctx)
	switch {
	case key.ID != 0:
		query = query.Where("id = ?", key.ID)
	case key.Name != "":
		query = query.Where("name = ?", key.Name)
	case key.Issuer != "":
		query = query.Where("issuer = ? AND subject = ?", key.Issuer, key.Subject)
	default:
		return monitor.User{}, fmt.Errorf("read a user without a key: %w", monitor.ErrNotFound)
	}
	var row userRow
	if err := query.Take(&row).Error; err != nil {
		return monitor.User{}, db.fault("read user", err)
	}
	return row.user(), nil
}

// userChange edits a user and says what to write into the audit log. See
// Change in package account.
type userChange = func(u *monitor.User, otherAdmins int) (monitor.AuditEntry, error)

// CreateUser stores a new user as change makes it. A name or an identity that
// another user has gives ErrConflict.
func (db *DB) CreateUser(ctx context.Context, change userChange) (monitor.User, error) {
	var u monitor.User
	err := db.transaction(ctx, "create user", func(tx *gorm.DB) error {
		u = monitor.User{}
		entry, err := changeUser(tx, &u, change)
		if err != nil {
			return err
		}
		if err := userTaken(tx, u); err != nil {
			return err
		}
		row := rowOfUser(u)
		row.ID = 0
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		u = row.user()
		return addAudit(tx, entry)
	})
	if err != nil {
		return monitor.User{}, err
	}
	return u, nil
}

// EditUser changes a user in one transaction. See CreateUser for errors.
func (db *DB) EditUser(ctx context.Context, id int64, change userChange) (monitor.User, error) {
	var u monitor.User
	err := db.transaction(ctx, "edit user", func(tx *gorm.DB) error {
		var row userRow
		if err := tx.Where("id = ?", id).Take(&row).Error; err != nil {
			return err
		}
		u = row.user()
		entry, err := changeUser(tx, &u, change)
		if err != nil {
			return err
		}
		if err := userTaken(tx, u); err != nil {
			return err
		}
		row = rowOfUser(u)
		row.ID = id
		if err := tx.Select("*").Where("id = ?", id).Updates(&row).Error; err != nil {
			return err
		}
		u = row.user()
		return addAudit(tx, entry)
	})
	if err != nil {
		return monitor.User{}, err
	}
	return u, nil
}

// RemoveUser removes a user with their sessions and tokens, if allow lets it.
func (db *DB) RemoveUser(ctx context.Context, id int64, allow userChange) error {
	return db.transaction(ctx, "remove user", func(tx *gorm.DB) error {
		var row userRow
		if err := tx.Where("id = ?", id).Take(&row).Error; err != nil {
			return err
		}
		u := row.user()
		entry, err := changeUser(tx, &u, allow)
		if err != nil {
			return err
		}
		if err := tx.Where("id = ?", id).Delete(&userRow{}).Error; err != nil {
			return err
		}
		if err := tx.Where("user_id = ?", id).Delete(&preferencesRow{}).Error; err != nil {
			return err
		}
		return addAudit(tx, entry)
	})
}

// changeUser calls change with the number of enabled admins besides u.
func changeUser(tx *gorm.DB, u *monitor.User, change userChange) (monitor.AuditEntry, error) {
	var admins int
	err := tx.Raw(`SELECT COUNT(*) FROM users WHERE role = ? AND NOT disabled AND id <> ?`,
		monitor.RoleAdmin.String(), u.ID).Row().Scan(&admins)
	if err != nil {
		return monitor.AuditEntry{}, err
	}
	return change(u, admins)
}

// userTaken looks whether another user has the name or the identity of u.
func userTaken(tx *gorm.DB, u monitor.User) error {
	var taken int
	err := tx.Raw(`SELECT COUNT(*) FROM users WHERE id <> ? AND (name = ? OR (issuer <> '' AND issuer = ? AND subject = ?))`,
		u.ID, u.Name, u.Issuer, u.Subject).Row().Scan(&taken)
	if err == nil && taken > 0 {
		err = fmt.Errorf("user %q: %w", u.Name, monitor.ErrConflict)
	}
	return err
}

type sessionRow struct {
	ID        int64 `gorm:"primaryKey"`
	Hash      []byte
	UserID    int64
	Epoch     int
	CreatedAt int64 `gorm:"autoCreateTime:false"`
	SeenAt    int64
	Address   string
	Agent     string
}

func (sessionRow) TableName() string { return "sessions" }

func (r sessionRow) session() monitor.Session {
	return monitor.Session{
		ID: r.ID, Hash: r.Hash, UserID: r.UserID, Epoch: r.Epoch,
		CreatedAt: fromMillis(r.CreatedAt), SeenAt: fromMillis(r.SeenAt), Address: r.Address, Agent: r.Agent,
	}
}

// CreateSession stores a session. A user who is gone gives ErrNotFound.
func (db *DB) CreateSession(ctx context.Context, s monitor.Session, entry monitor.AuditEntry) (monitor.Session, error) {
	row := sessionRow{
		Hash: s.Hash, UserID: s.UserID, Epoch: s.Epoch,
		CreatedAt: millis(s.CreatedAt), SeenAt: millis(s.SeenAt), Address: s.Address, Agent: s.Agent,
	}
	err := db.transaction(ctx, "create session", func(tx *gorm.DB) error {
		if err := tx.Where("id = ?", s.UserID).Take(&userRow{}).Error; err != nil {
			return err
		}
		row.ID = 0
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		return addAudit(tx, entry)
	})
	if err != nil {
		return monitor.Session{}, err
	}
	return row.session(), nil
}

// FindSession returns a session and its user, or ErrNotFound.
func (db *DB) FindSession(ctx context.Context, hash []byte) (monitor.Session, monitor.User, error) {
	var row sessionRow
	if err := db.read.WithContext(ctx).Where("hash = ?", hash).Take(&row).Error; err != nil {
		return monitor.Session{}, monitor.User{}, db.fault("read session", err)
	}
	u, err := db.User(ctx, monitor.UserKey{ID: row.UserID})
	return row.session(), u, err
}

// TouchSession notes a use that is later than the one noted.
func (db *DB) TouchSession(ctx context.Context, id int64, at time.Time) error {
	err := db.write.WithContext(ctx).Exec(`UPDATE sessions SET seen_at = ? WHERE id = ? AND seen_at < ?`, millis(at), id, millis(at)).Error
	return db.fault("note the use of a session", err)
}

// Sessions returns the sessions of a user, the latest seen first.
func (db *DB) Sessions(ctx context.Context, userID int64) ([]monitor.Session, error) {
	var rows []sessionRow
	if err := db.read.WithContext(ctx).Where("user_id = ?", userID).Order("seen_at DESC, id DESC").Find(&rows).Error; err != nil {
		return nil, db.fault("read sessions", err)
	}
	all := make([]monitor.Session, len(rows))
	for i, row := range rows {
		all[i] = row.session()
	}
	return all, nil
}

// EndSessions removes the sessions of a set and returns how many there were.
// When there were none, no entry is written.
func (db *DB) EndSessions(ctx context.Context, set monitor.SessionSet, entry monitor.AuditEntry) (int, error) {
	if set == (monitor.SessionSet{}) {
		return 0, nil
	}
	ended := 0
	err := db.transaction(ctx, "end sessions", func(tx *gorm.DB) error {
		query := tx
		for _, part := range []struct {
			set       bool
			condition string
			value     int64
		}{
			{set.ID != 0, "id = ?", set.ID},
			{set.Except != 0, "id <> ?", set.Except},
			{set.UserID != 0, "user_id = ?", set.UserID},
			{!set.SeenBefore.IsZero(), "seen_at < ?", millis(set.SeenBefore)},
			{!set.CreatedBefore.IsZero(), "created_at < ?", millis(set.CreatedBefore)},
		} {
			if part.set {
				query = query.Where(part.condition, part.value)
			}
		}
		removed := query.Delete(&sessionRow{})
		ended = int(removed.RowsAffected)
		if removed.Error != nil || ended == 0 {
			return removed.Error
		}
		return addAudit(tx, entry)
	})
	return ended, err
}

type tokenRow struct {
	ID        int64 `gorm:"primaryKey"`
	UserID    int64
	Name      string
	Hash      []byte
	Hint      string
	Scopes    stringList
	CreatedAt int64 `gorm:"autoCreateTime:false"`
	ExpiresAt int64
	UsedAt    int64
}

func (tokenRow) TableName() string { return "tokens" }

func (r tokenRow) token() monitor.Token {
	t := monitor.Token{
		ID: r.ID, UserID: r.UserID, Name: r.Name, Hash: r.Hash, Hint: r.Hint,
		CreatedAt: fromMillis(r.CreatedAt), ExpiresAt: fromMillis(r.ExpiresAt), UsedAt: fromMillis(r.UsedAt),
	}
	for _, scope := range r.Scopes {
		t.Scopes = append(t.Scopes, monitor.Scope(scope))
	}
	return t
}

// CreateToken stores a token. When the user has one of the name, the error is
// ErrConflict, when the user is gone ErrNotFound.
func (db *DB) CreateToken(ctx context.Context, t monitor.Token, entry monitor.AuditEntry) (monitor.Token, error) {
	row := tokenRow{
		UserID: t.UserID, Name: t.Name, Hash: t.Hash, Hint: t.Hint,
		CreatedAt: millis(t.CreatedAt), ExpiresAt: millis(t.ExpiresAt), UsedAt: millis(t.UsedAt),
	}
	for _, scope := range t.Scopes {
		row.Scopes = append(row.Scopes, string(scope))
	}
	err := db.transaction(ctx, "create token", func(tx *gorm.DB) error {
		if err := tx.Where("id = ?", t.UserID).Take(&userRow{}).Error; err != nil {
			return err
		}
		err := tx.Where("user_id = ? AND name = ?", t.UserID, t.Name).Take(&tokenRow{}).Error
		if err == nil {
			return fmt.Errorf("token %q: %w", t.Name, monitor.ErrConflict)
		}
		if !errors.Is(err, gorm.ErrRecordNotFound) {
			return err
		}
		row.ID = 0
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		return addAudit(tx, entry)
	})
	if err != nil {
		return monitor.Token{}, err
	}
	return row.token(), nil
}

// FindToken returns a token and its user, or ErrNotFound.
func (db *DB) FindToken(ctx context.Context, hash []byte) (monitor.Token, monitor.User, error) {
	var row tokenRow
	if err := db.read.WithContext(ctx).Where("hash = ?", hash).Take(&row).Error; err != nil {
		return monitor.Token{}, monitor.User{}, db.fault("read token", err)
	}
	u, err := db.User(ctx, monitor.UserKey{ID: row.UserID})
	return row.token(), u, err
}

// TouchToken notes a use that is later than the one noted.
func (db *DB) TouchToken(ctx context.Context, id int64, at time.Time) error {
	err := db.write.WithContext(ctx).Exec(`UPDATE tokens SET used_at = ? WHERE id = ? AND used_at < ?`, millis(at), id, millis(at)).Error
	return db.fault("note the use of a token", err)
}

// Tokens returns the tokens of a user, or of all (0), by id.
func (db *DB) Tokens(ctx context.Context, userID int64) ([]monitor.Token, error) {
	query := db.read.WithContext(ctx)
	if userID != 0 {
		query = query.Where("user_id = ?", userID)
	}
	var rows []tokenRow
	if err := query.Order("id").Find(&rows).Error; err != nil {
		return nil, db.fault("read tokens", err)
	}
	all := make([]monitor.Token, len(rows))
	for i, row := range rows {
		all[i] = row.token()
	}
	return all, nil
}

// RemoveToken removes a token, or returns ErrNotFound.
func (db *DB) RemoveToken(ctx context.Context, id int64, entry monitor.AuditEntry) error {
	return db.transaction(ctx, "remove token", func(tx *gorm.DB) error {
		removed := tx.Where("id = ?", id).Delete(&tokenRow{})
		if removed.Error == nil && removed.RowsAffected == 0 {
			return gorm.ErrRecordNotFound
		}
		if removed.Error != nil {
			return removed.Error
		}
		return addAudit(tx, entry)
	})
}

// addAudit adds an entry; one without an action is none.
func addAudit(tx *gorm.DB, e monitor.AuditEntry) error {
	if e.Action == "" {
		return nil
	}
	return tx.Exec(`INSERT INTO audit (at, actor, user_id, token_id, action, subject, detail, address) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		millis(e.At), e.Actor, e.UserID, e.TokenID, e.Action, e.Subject, e.Detail, e.Address).Error
}

// Record adds an entry to the audit log.
func (db *DB) Record(ctx context.Context, entry monitor.AuditEntry) error {
	return db.fault("write to the audit log", addAudit(db.write.WithContext(ctx), entry))
}

const auditPage = 100

// Audit reads the audit log, newest first.
func (db *DB) Audit(ctx context.Context, q monitor.AuditQuery) ([]monitor.AuditEntry, error) {
	var conditions []string
	var values []any
	add := func(condition string, value any) {
		conditions, values = append(conditions, condition), append(values, value)
	}
	if q.Before > 0 {
		add("id < ?", q.Before)
	}
	if q.Actor != "" {
		add("actor = ?", q.Actor)
	}
	if q.Subject != "" {
		add("subject = ?", q.Subject)
	}
	if kind, ok := strings.CutSuffix(q.Action, "."); ok {
		add("action >= ?", kind+".")
		add("action < ?", kind+"/") // the character after the dot
	} else if q.Action != "" {
		add("action = ?", q.Action)
	}
	where := ""
	if len(conditions) > 0 {
		where = " WHERE " + strings.Join(conditions, " AND ")
	}
	if q.Limit <= 0 {
		q.Limit = auditPage
	}
	all := []monitor.AuditEntry{}
	rows, err := db.read.WithContext(ctx).Raw(`SELECT id, at, actor, user_id, token_id, action, subject, detail, address FROM audit`+
		where+` ORDER BY id DESC LIMIT ?`, append(values, q.Limit)...).Rows()
	err = scanAll(rows, err, func(row rowScanner) error {
		var e monitor.AuditEntry
		var at int64
		err := row.Scan(&e.ID, &at, &e.Actor, &e.UserID, &e.TokenID, &e.Action, &e.Subject, &e.Detail, &e.Address)
		e.At = fromMillis(at)
		all = append(all, e)
		return err
	})
	if err != nil {
		return nil, db.fault("read the audit log", err)
	}
	return all, nil
}
