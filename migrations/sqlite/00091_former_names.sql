-- +goose Up

-- Names that a contact group had before; whatever still says one reaches it.
ALTER TABLE contacts ADD COLUMN former TEXT NOT NULL DEFAULT '[]'; -- JSON array
