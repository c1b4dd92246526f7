-- +goose Up

-- When other helper files came into force than these; 0 while these are.
ALTER TABLE libraries ADD COLUMN left_at BIGINT NOT NULL DEFAULT 0;
