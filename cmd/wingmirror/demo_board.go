package main

import (
	"context"
	"fmt"
	"time"

	"wingmirror/demo"
)

// seedBoard stores the example components in a database that has none.
func (s *server) seedBoard(ctx context.Context) error {
	now := time.Now()
	records, err := s.db.BoardRecords(ctx, now)
	if err != nil || len(records.Components) > 0 {
		return err
	}
	for _, c := range demo.Components() {
		if _, err := s.db.SaveComponent(ctx, c, "demo", now); err != nil {
			return fmt.Errorf("example component %s: %w", c.ID, err)
		}
	}
	if err := s.board.Reload(ctx); err != nil {
		return err
	}
	_, err = s.board.Override(ctx, demo.Override(now))
	return err
}
