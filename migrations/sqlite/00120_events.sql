-- +goose Up

-- Events as agents sent them, in the order of arrival.
CREATE TABLE pushed_events (
    seq         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, -- never given twice: windows say up to where they know
    event_id    TEXT, -- by its sender; NULL for none
    at          BIGINT  NOT NULL,
    service     TEXT    NOT NULL,
    component   TEXT    NOT NULL,
    server      TEXT    NOT NULL,
    value       DOUBLE PRECISION NOT NULL,
    active      BOOLEAN NOT NULL,
    body        TEXT    NOT NULL, -- the whole event as JSON
    received_at BIGINT  NOT NULL
);
CREATE UNIQUE INDEX pushed_events_by_id ON pushed_events (event_id) WHERE event_id IS NOT NULL;
CREATE INDEX pushed_events_by_series ON pushed_events (service, component, at);
CREATE INDEX pushed_events_by_time ON pushed_events (at);

-- Every saved version of the rules file.
CREATE TABLE rule_files (
    version  INTEGER NOT NULL PRIMARY KEY,
    body     TEXT    NOT NULL,
    author   TEXT    NOT NULL,
    saved_at BIGINT  NOT NULL
);

-- What the rules remember, so that a restart forgets nothing.
CREATE TABLE rule_windows (
    rule        TEXT   NOT NULL PRIMARY KEY, -- '' for what belongs to none
    fingerprint TEXT   NOT NULL,
    seq         BIGINT NOT NULL, -- of the last event that it knows
    body        BLOB   NOT NULL
);
