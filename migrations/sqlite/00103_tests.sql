-- +goose Up

-- Unit tests of a monitor, as YAML text.
ALTER TABLE monitors ADD COLUMN tests TEXT NOT NULL DEFAULT '';
