-- +goose Up

-- What addresses that need no login are signed with; made at the first start.
ALTER TABLE installation ADD COLUMN secret TEXT NOT NULL DEFAULT '';
