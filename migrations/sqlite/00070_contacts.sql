-- +goose Up

-- Groups of destinations that alerts name as group:NAME.
CREATE TABLE contacts (
    name           TEXT    NOT NULL PRIMARY KEY,
    version        INTEGER NOT NULL,
    description    TEXT    NOT NULL,
    members        TEXT    NOT NULL, -- JSON array of destinations
    hours          TEXT    NOT NULL, -- as written, or '' for always
    zone           TEXT    NOT NULL,
    otherwise      TEXT    NOT NULL, -- name of a group, or ''
    escalate_after BIGINT  NOT NULL, -- milliseconds
    escalate_to    TEXT    NOT NULL, -- name of a group, or ''
    updated_at     BIGINT  NOT NULL,
    updated_by     TEXT    NOT NULL
);
