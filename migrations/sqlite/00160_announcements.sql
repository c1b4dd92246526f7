-- +goose Up

CREATE TABLE announcements (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, -- never given twice: browsers remember which they have put away
    version    INTEGER NOT NULL,
    kind       TEXT    NOT NULL, -- info, ok, warning, critical
    text       TEXT    NOT NULL,
    from_at    BIGINT  NOT NULL,
    until_at   BIGINT  NOT NULL, -- 0 while nobody knows
    author     TEXT    NOT NULL,
    created_at BIGINT  NOT NULL,
    updated_at BIGINT  NOT NULL,
    updated_by TEXT    NOT NULL
);

CREATE INDEX announcements_by_end ON announcements (until_at);
