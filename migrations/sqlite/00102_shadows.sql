-- +goose Up

-- Edited versions that run beside the saved ones and tell nobody.
CREATE TABLE shadows (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    monitor_id BIGINT  NOT NULL,
    body       TEXT    NOT NULL, -- JSON: the monitor
    author     TEXT    NOT NULL,
    started_at BIGINT  NOT NULL,
    ends_at    BIGINT  NOT NULL,
    ended_at   BIGINT  NOT NULL, -- 0 while it runs
    missed     BIGINT  NOT NULL  -- live runs that it could not keep up with
);

CREATE INDEX shadows_monitor ON shadows (monitor_id, id);

CREATE TABLE shadow_runs (
    shadow_id    BIGINT  NOT NULL REFERENCES shadows (id) ON DELETE CASCADE,
    scheduled_at BIGINT  NOT NULL,
    level        INTEGER NOT NULL,
    fault        TEXT    NOT NULL,
    message      TEXT    NOT NULL,
    PRIMARY KEY (shadow_id, scheduled_at)
) WITHOUT ROWID;
