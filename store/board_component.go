package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"wingmirror/monitor"
)

type componentRow struct {
	ID          string `gorm:"primaryKey"`
	Version     int
	Name        string
	Description string
	Link        string
	Contact     string
	Parent      string
	Counts      string
	Effects     stringMap
	Labels      stringMap
	Alerts      stringList
	Sources     string
	UpdatedAt   int64 `gorm:"autoUpdateTime:false"`
	UpdatedBy   string
}

func (componentRow) TableName() string { return "board_components" }

func rowOfComponent(c monitor.Component) componentRow {
	row := componentRow{
		ID: c.ID, Version: c.Version, Name: c.Name, Description: c.Description, Link: c.Link, Contact: c.Contact, Parent: c.Parent,
		Counts: c.Counts.String(), Labels: c.Labels, Alerts: c.Alerts, Sources: c.SourcesText, UpdatedAt: millis(c.UpdatedAt), UpdatedBy: c.UpdatedBy,
		Effects: stringMap{},
	}
	for dc, text := range c.Effects {
		row.Effects[dc.String()] = text
	}
	return row
}

func (r componentRow) component() (monitor.Component, error) {
	c := monitor.Component{
		ID: r.ID, Version: r.Version, Name: r.Name, Description: r.Description, Link: r.Link, Contact: r.Contact, Parent: r.Parent,
		Labels: r.Labels, Alerts: r.Alerts, SourcesText: r.Sources, UpdatedAt: fromMillis(r.UpdatedAt), UpdatedBy: r.UpdatedBy,
	}
	var err error
	if c.Counts, err = monitor.ParseCounts(r.Counts); err != nil {
		return c, fmt.Errorf("component %s: %w", r.ID, err)
	}
	for text, effects := range r.Effects {
		dc, err := monitor.ParseDC(text)
		if err != nil {
			return c, fmt.Errorf("component %s: %w", r.ID, err)
		}
		if c.Effects == nil {
			c.Effects = map[monitor.DC]string{}
		}
		c.Effects[dc] = effects
	}
	return c, nil
}

func readComponents(tx *gorm.DB, to *monitor.BoardRecords) error {
	var rows []componentRow
	if err := tx.Order("id").Find(&rows).Error; err != nil {
		return err
	}
	for _, row := range rows {
		c, err := row.component()
		if err != nil {
			return err
		}
		to.Components = append(to.Components, c)
	}
	return nil
}

// SaveComponent stores a component that was made in the pages: a new one
// (Version 0), or the next version of the one with its ID. ErrConflict when the
// stored version is another one.
func (db *DB) SaveComponent(ctx context.Context, c monitor.Component, author string, at time.Time) (monitor.Component, error) {
	wanted := c.Version
	c.Version, c.UpdatedAt, c.UpdatedBy = wanted+1, at, author
	row := rowOfComponent(c)
	err := db.transaction(ctx, "save component "+c.ID, func(tx *gorm.DB) error {
		var stored componentRow
		err := tx.Where("id = ?", c.ID).Take(&stored).Error
		switch {
		case errors.Is(err, gorm.ErrRecordNotFound) && wanted == 0:
			return tx.Create(&row).Error
		case err != nil:
			return err
		case stored.Version != wanted:
			return fmt.Errorf("%w: it was changed by somebody else meanwhile (version %d, yours is %d)", monitor.ErrConflict, stored.Version, wanted)
		}
		return tx.Select("*").Where("id = ?", c.ID).Updates(&row).Error
	})
	return c, err
}

// DeleteComponent removes a component that was made in the pages, with its
// overrides, pushes and subscriptions. Its history stays.
func (db *DB) DeleteComponent(ctx context.Context, id string) error {
	return db.transaction(ctx, "delete component "+id, func(tx *gorm.DB) error {
		if err := changedOne(tx.Where("id = ?", id).Delete(&componentRow{})); err != nil {
			return err
		}
		for _, table := range []any{&overrideRow{}, &pushRow{}, &subscriptionRow{}} {
			if err := tx.Where("component = ?", id).Delete(table).Error; err != nil {
				return err
			}
		}
		return nil
	})
}

type subscriptionRow struct {
	ID          int64 `gorm:"primaryKey"`
	Component   string
	Destination string
	FromLevel   uint8
	Better      bool
	Author      string
	CreatedAt   int64 `gorm:"autoCreateTime:false"`
}

func (subscriptionRow) TableName() string { return "board_subscriptions" }

func (r subscriptionRow) subscription() monitor.Subscription {
	return monitor.Subscription{
		ID: r.ID, Component: r.Component, Destination: r.Destination, From: monitor.DC(r.FromLevel), Better: r.Better, Author: r.Author, CreatedAt: fromMillis(r.CreatedAt),
	}
}

func readSubscriptions(tx *gorm.DB, to *monitor.BoardRecords) error {
	var rows []subscriptionRow
	err := tx.Order("id").Find(&rows).Error
	for _, row := range rows {
		to.Subscriptions = append(to.Subscriptions, row.subscription())
	}
	return err
}

// AddSubscription stores who wants to hear of a component; ErrConflict when
// the destination does already.
func (db *DB) AddSubscription(ctx context.Context, s monitor.Subscription) (monitor.Subscription, error) {
	row := subscriptionRow{
		Component: s.Component, Destination: s.Destination, FromLevel: uint8(s.From), Better: s.Better, Author: s.Author, CreatedAt: millis(s.CreatedAt),
	}
	err := db.transaction(ctx, "subscribe to component "+s.Component, func(tx *gorm.DB) error {
		if err := hearsAlready(tx, s); err != nil {
			return err
		}
		return tx.Create(&row).Error
	})
	return row.subscription(), err
}

// ChangeSubscription changes to whom and of which levels a subscription tells, and
// returns it; ErrConflict when the destination hears of the component by another.
func (db *DB) ChangeSubscription(ctx context.Context, s monitor.Subscription) (monitor.Subscription, error) {
	var row subscriptionRow
	err := db.transaction(ctx, fmt.Sprintf("change subscription %d", s.ID), func(tx *gorm.DB) error {
		if err := hearsAlready(tx, s); err != nil {
			return err
		}
		change := tx.Model(&row).Where("id = ? AND component = ?", s.ID, s.Component)
		if err := changedOne(change.Updates(map[string]any{"destination": s.Destination, "from_level": uint8(s.From), "better": s.Better})); err != nil {
			return err
		}
		return tx.Where("id = ?", s.ID).Take(&row).Error
	})
	return row.subscription(), err
}

// hearsAlready is ErrConflict when another subscription has the same destination.
func hearsAlready(tx *gorm.DB, s monitor.Subscription) error {
	var same int64
	err := tx.Model(&subscriptionRow{}).Where("component = ? AND destination = ? AND id <> ?", s.Component, s.Destination, s.ID).Count(&same).Error
	if err == nil && same > 0 {
		return fmt.Errorf("this destination hears of the component already: %w", monitor.ErrConflict)
	}
	return err
}

// DeleteSubscription ends a subscription of a component.
func (db *DB) DeleteSubscription(ctx context.Context, component string, id int64) error {
	return db.transaction(ctx, fmt.Sprintf("end subscription %d", id), func(tx *gorm.DB) error {
		return changedOne(tx.Where("id = ? AND component = ?", id, component).Delete(&subscriptionRow{}))
	})
}
