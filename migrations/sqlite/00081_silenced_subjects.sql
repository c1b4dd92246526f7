-- +goose Up

ALTER TABLE silences ADD COLUMN subjects TEXT NOT NULL DEFAULT '[]'; -- JSON array of kind/key, besides monitors
