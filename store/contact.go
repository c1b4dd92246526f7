package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"wingmirror/monitor"
)

type contactRow struct {
	Name          string `gorm:"primaryKey"`
	Version       int
	Description   string
	Former        stringList
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
		Name: g.Name, Former: g.Former, Version: g.Version, Description: g.Description, Members: g.Members, Hours: g.Hours.String(), Zone: g.Zone,
		Otherwise: g.Otherwise, EscalateAfter: g.Escalation.After.Milliseconds(), EscalateTo: g.Escalation.To,
		UpdatedAt: millis(g.UpdatedAt), UpdatedBy: g.UpdatedBy,
	}
}

func (r contactRow) group() (monitor.ContactGroup, error) {
	hours, err := monitor.ParseHours(r.Hours)
	return monitor.ContactGroup{
		Name: r.Name, Former: r.Former, Version: r.Version, Description: r.Description, Members: r.Members, Hours: hours, Zone: r.Zone, Otherwise: r.Otherwise,
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
				stored, g.Former = o.Version, o.Former
			}
		}
		if g.Version == 0 {
			if err := monitor.NewContactGroupName(g.Name, others); err != nil {
				return err
			}
		}
		switch {
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

// RenameContactGroup gives a group another name. Monitors, components of the board
// and groups that name it follow, each as a next version by the author, and so do
// subscriptions; whatever else says the old name goes on reaching it.
func (db *DB) RenameContactGroup(ctx context.Context, name, to, author string, at time.Time) (monitor.ContactGroup, error) {
	var renamed monitor.ContactGroup
	var touched []int64
	err := db.transaction(ctx, fmt.Sprintf("rename contact group %q", name), func(tx *gorm.DB) error {
		all, err := contactGroups(tx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(g monitor.ContactGroup) bool { return g.Name == name })
		if i < 0 {
			return gorm.ErrRecordNotFound
		}
		if renamed, err = monitor.RenameContactGroup(all[i], to, all); err != nil || to == name {
			return err
		}
		renamed.Version, renamed.UpdatedAt, renamed.UpdatedBy = renamed.Version+1, at, author
		if err := tx.Exec(`DELETE FROM contacts WHERE name = ?`, name).Error; err != nil {
			return err
		}
		if err := tx.Create(new(rowOfContact(renamed))).Error; err != nil {
			return err
		}
		err = tx.Exec(`UPDATE contacts SET version = version + 1, otherwise = CASE WHEN otherwise = ? THEN ? ELSE otherwise END,
			escalate_to = CASE WHEN escalate_to = ? THEN ? ELSE escalate_to END WHERE otherwise = ? OR escalate_to = ?`,
			name, to, name, to, name, name).Error
		if err != nil {
			return err
		}
		if err := renameInBoard(tx, name, to, author, at); err != nil {
			return err
		}
		touched, err = renameInMonitors(tx, name, to, author, at)
		return err
	})
	db.list.outdate(touched...)
	return renamed, err
}

// renameInMonitors makes a next version of each monitor that names a group, and
// returns which those are.
func renameInMonitors(tx *gorm.DB, name, to, author string, at time.Time) (touched []int64, err error) {
	var rows []monitorRow
	if err := tx.Where(`alerts LIKE ? ESCAPE '\'`, namesGroup(name)).Order("id").Find(&rows).Error; err != nil {
		return nil, err
	}
	for _, row := range rows {
		renameIn(row.Alerts, name, to)
		row.Version, row.UpdatedAt = row.Version+1, millis(at)
		if err := updateMonitor(tx, row, author); err != nil {
			return nil, err
		}
		touched = append(touched, row.ID)
	}
	return touched, nil
}

func renameIn(alerts []string, name, to string) {
	for i, alert := range alerts {
		if alert == monitor.SchemeGroup+":"+name {
			alerts[i] = monitor.SchemeGroup + ":" + to
		}
	}
}

// renameInBoard makes a next version of each component that names a group, and has
// subscriptions name it. One that the group has under both names stays as it is.
func renameInBoard(tx *gorm.DB, name, to, author string, at time.Time) error {
	var rows []componentRow
	if err := tx.Where(`alerts LIKE ? ESCAPE '\'`, namesGroup(name)).Order("id").Find(&rows).Error; err != nil {
		return err
	}
	for _, row := range rows {
		renameIn(row.Alerts, name, to)
		row.Version, row.UpdatedAt, row.UpdatedBy = row.Version+1, millis(at), author
		if err := tx.Select("*").Where("id = ?", row.ID).Updates(&row).Error; err != nil {
			return err
		}
	}
	const group = monitor.SchemeGroup + ":"
	return tx.Exec(`UPDATE board_subscriptions SET destination = ? WHERE destination = ? AND NOT EXISTS
		(SELECT 1 FROM board_subscriptions o WHERE o.component = board_subscriptions.component AND o.destination = ?)`, group+to, group+name, group+to).Error
}

// namesGroup is the pattern of a JSON list of destinations in which a group is.
func namesGroup(name string) string {
	return `%"group:` + strings.NewReplacer("_", `\_`, "%", `\%`, `\`, `\\`).Replace(name) + `"%`
}

// DeleteContactGroup removes a group. One that a monitor or another group names
// is ErrConflict, with who does.
func (db *DB) DeleteContactGroup(ctx context.Context, name string) error {
	return db.transaction(ctx, fmt.Sprintf("delete contact group %q", name), func(tx *gorm.DB) error {
		var row contactRow
		if err := tx.Where("name = ?", name).Take(&row).Error; err != nil {
			return err
		}
		users, err := contactUsers(tx, row)
		if err != nil {
			return err
		}
		if len(users) > 0 {
			return fmt.Errorf("%w: %s still name it; take it out there first", monitor.ErrConflict, monitor.Cut(strings.Join(users, ", "), 500))
		}
		return found(tx.Exec(`DELETE FROM contacts WHERE name = ?`, name))
	})
}

// contactUsers says who names a group, or a name that it had before: whatever has
// alerts, and other groups.
func contactUsers(tx *gorm.DB, g contactRow) ([]string, error) {
	var users []string
	for _, name := range append([]string{g.Name}, g.Former...) {
		pattern := namesGroup(name)
		rows, err := tx.Raw(`SELECT 'monitor ' || name FROM monitors WHERE alerts LIKE ? ESCAPE '\'
			UNION ALL SELECT 'heartbeat ' || name FROM heartbeats WHERE alerts LIKE ? ESCAPE '\'
			UNION ALL SELECT 'component ' || name FROM board_components WHERE alerts LIKE ? ESCAPE '\'
			UNION ALL SELECT 'a subscription to ' || component FROM board_subscriptions WHERE destination = ?
			UNION ALL SELECT 'group ' || name FROM contacts WHERE name <> ? AND (otherwise = ? OR escalate_to = ?)`,
			pattern, pattern, pattern, monitor.SchemeGroup+":"+name, g.Name, name, name).Rows()
		err = scanAll(rows, err, func(r rowScanner) error {
			var user string
			err := r.Scan(&user)
			users = append(users, user)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return users, nil
}
