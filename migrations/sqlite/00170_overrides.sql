-- +goose Up

-- Which unit tests failed when a version was saved all the same, and why it was.
-- JSON; '' where none did.
ALTER TABLE monitor_versions ADD COLUMN override TEXT NOT NULL DEFAULT '';
