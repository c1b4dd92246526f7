package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"wingmirror/monitor"
)

type contactRow struct {
	Name          string `gorm:"primaryKey"`
	Version       int
	Description   string
	Members       stringList
	Hours         string
	Zone          string
	Otherwise     string
	EscalateAfter int64
	EscalateTo    string
	UpdatedAt     int64 `gorm:"autoUpdateTime:false"`
	UpdatedBy     string
}

func (contactRow) TableName() string { return "contacts" }

func rowOfContact(g monitor.ContactGroup) contactRow {
	return contactRow{
		Name: g.Name, Version: g.Version, Description: g.Description, Members: g.Members, Hours: g.Hours.String(), Zone: g.Zone,
		Otherwise: g.Otherwise, EscalateAfter: g.Escalation.After.Milliseconds(), EscalateTo: g.Escalation.To,
		UpdatedAt: millis(g.UpdatedAt), UpdatedBy: g.UpdatedBy,
	}
}

func (r contactRow) group() (monitor.ContactGroup, error) {
	hours, err := monitor.ParseHours(r.Hours)
	return monitor.ContactGroup{
		Name: r.Name, Version: r.Version, Description: r.Description, Members: r.Members, Hours: hours, Zone: r.Zone, Otherwise: r.Otherwise,
		Escalation: monitor.Escalation{After: time.Duration(r.EscalateAfter) * time.Millisecond, To: r.EscalateTo},
		UpdatedAt:  fromMillis(r.UpdatedAt), UpdatedBy: r.UpdatedBy,
	}, err
}

// ContactGroups returns all contact groups by name.
func (db *DB) ContactGroups(ctx context.Context) ([]monitor.ContactGroup, error) {
	all, err := contactGroups(db.read.WithContext(ctx))
	return all, db.fault("read contact groups", err)
}

func contactGroups(tx *gorm.DB) ([]monitor.ContactGroup, error) {
	var rows []contactRow
	if err := tx.Order("name").Find(&rows).Error; err != nil {
		return nil, err
	}
	all := make([]monitor.ContactGroup, len(rows))
	for i, row := range rows {
		var err error
		if all[i], err = row.group(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// SaveContactGroup stores a group after checking it against the others, and
// returns it as it is stored. Version 0 makes a new one, and ErrConflict says that
// the name is taken; any other must be the stored one, or that is the conflict.
func (db *DB) SaveContactGroup(ctx context.Context, g monitor.ContactGroup, author string, at time.Time) (monitor.ContactGroup, error) {
	err := db.transaction(ctx, fmt.Sprintf("save contact group %q", g.Name), func(tx *gorm.DB) error {
		others, err := contactGroups(tx)
		if err != nil {
			return err
		}
		if err := monitor.ValidateContactGroup(g, others); err != nil {
			return err
		}
		stored := 0
		for _, o := range others {
			if o.Name == g.Name {
				stored = o.Version
			}
		}
		switch {
		case g.Version == 0 && stored > 0:
			return fmt.Errorf("%w: there is a contact group of this name already", monitor.ErrConflict)
		case g.Version > 0 && stored == 0:
			return gorm.ErrRecordNotFound
		case g.Version != stored:
			return fmt.Errorf("%w: somebody has changed it meanwhile; load it again", monitor.ErrConflict)
		}
		g.Version, g.UpdatedAt, g.UpdatedBy = g.Version+1, at, author
		return tx.Save(new(rowOfContact(g))).Error
	})
	return g, err
}

// DeleteContactGroup removes a group. One that a monitor or another group names
// is ErrConflict, with who does.
func (db *DB) DeleteContactGroup(ctx context.Context, name string) error {
	return db.transaction(ctx, fmt.Sprintf("delete contact group %q", name), func(tx *gorm.DB) error {
		users, err := contactUsers(tx, name)
		if err != nil {
			return err
		}
		if len(users) > 0 {
			return fmt.Errorf("%w: %s still name it; take it out there first", monitor.ErrConflict, monitor.Cut(strings.Join(users, ", "), 500))
		}
		return found(tx.Exec(`DELETE FROM contacts WHERE name = ?`, name))
	})
}

// contactUsers says who names a group: monitors in their alerts, and other groups.
func contactUsers(tx *gorm.DB, name string) ([]string, error) {
	var users []string
	pattern := `%"group:` + strings.NewReplacer("_", `\_`, "%", `\%`, `\`, `\\`).Replace(name) + `"%`
	rows, err := tx.Raw(`SELECT 'monitor ' || name FROM monitors WHERE alerts LIKE ? ESCAPE '\'
		UNION ALL SELECT 'group ' || name FROM contacts WHERE name <> ? AND (otherwise = ? OR escalate_to = ?)`, pattern, name, name, name).Rows()
	err = scanAll(rows, err, func(r rowScanner) error {
		var user string
		err := r.Scan(&user)
		users = append(users, user)
		return err
	})
	return users, err
}
