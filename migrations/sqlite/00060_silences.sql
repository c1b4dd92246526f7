-- +goose Up

CREATE TABLE silences (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, -- never given twice: decisions name it
    version    INTEGER NOT NULL,
    everything BOOLEAN NOT NULL,
    monitors   TEXT    NOT NULL, -- JSON array of ids
    path       TEXT    NOT NULL, -- the group, or ''
    labels     TEXT    NOT NULL, -- JSON object
    from_at    BIGINT  NOT NULL,
    until_at   BIGINT  NOT NULL,
    schedule   TEXT    NOT NULL, -- crontab, or '' for a one-off
    zone       TEXT    NOT NULL,
    length     TEXT    NOT NULL, -- of a window, such as 8h or 2d
    reason     TEXT    NOT NULL,
    author     TEXT    NOT NULL,
    created_at BIGINT  NOT NULL,
    updated_at BIGINT  NOT NULL,
    ended_at   BIGINT  NOT NULL,
    ended_by   TEXT    NOT NULL
);
