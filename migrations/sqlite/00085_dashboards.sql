-- +goose Up

-- Named selections of monitors, shown as tiles, for everybody.
CREATE TABLE dashboards (
    name       TEXT   NOT NULL PRIMARY KEY,
    text       TEXT   NOT NULL, -- words that must all occur, or ''
    level      TEXT   NOT NULL, -- as lists show it, or ''
    in_group   TEXT   NOT NULL, -- with all below, or ''
    tiles      TEXT   NOT NULL, -- JSON array of monitors' ids, in their order
    updated_at BIGINT NOT NULL,
    updated_by TEXT   NOT NULL
);

-- What people chose for themselves. User 0 is whoever comes without a name.
CREATE TABLE preferences (
    user_id BIGINT NOT NULL PRIMARY KEY,
    tiles   TEXT   NOT NULL, -- JSON array of monitors' ids, in their order
    alerts  TEXT   NOT NULL  -- JSON array of destinations that new monitors begin with
);
