-- +goose Up

-- The board's files as they were when they could last be used, for a start that
-- finds one of them broken.
CREATE TABLE board_files (
    name TEXT NOT NULL PRIMARY KEY, -- below the board's directory
    text TEXT NOT NULL
);

-- Words of levels that were chosen in the pages.
CREATE TABLE board_levels (
    level      INTEGER NOT NULL PRIMARY KEY, -- 1 to 5
    name       TEXT    NOT NULL,             -- '' is the usual one
    effects    TEXT    NOT NULL,             -- '' is the usual ones
    updated_at BIGINT  NOT NULL,
    updated_by TEXT    NOT NULL
);

ALTER TABLE board_subscriptions ADD COLUMN from_level INTEGER NOT NULL DEFAULT 3;   -- told of levels as critical as this, and of their end
ALTER TABLE board_subscriptions ADD COLUMN better BOOLEAN NOT NULL DEFAULT FALSE;   -- told of every improvement, too
