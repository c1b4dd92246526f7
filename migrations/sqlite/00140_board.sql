-- +goose Up

-- Components of the board that were made in the pages; those of files are not here.
CREATE TABLE board_components (
    id          TEXT PRIMARY KEY,
    version     INTEGER NOT NULL,
    name        TEXT NOT NULL,
    description TEXT NOT NULL,
    link        TEXT NOT NULL,
    contact     TEXT NOT NULL,
    parent      TEXT NOT NULL,
    counts      TEXT NOT NULL,            -- as in a file: all, weight 2, capped DC3
    effects     TEXT NOT NULL,            -- JSON object by level
    labels      TEXT NOT NULL,            -- JSON object
    alerts      TEXT NOT NULL,            -- JSON list of destinations
    sources     TEXT NOT NULL,            -- YAML, as it was written
    updated_at  INTEGER NOT NULL,
    updated_by  TEXT NOT NULL
);

CREATE TABLE board_overrides (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    component  TEXT NOT NULL,
    level      INTEGER NOT NULL,          -- 1 to 5
    reason     TEXT NOT NULL,
    link       TEXT NOT NULL,
    author     TEXT NOT NULL,
    from_at    INTEGER NOT NULL,
    until_at   INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    ended_at   INTEGER NOT NULL DEFAULT 0, -- when somebody ended it early, else 0
    ended_by   TEXT NOT NULL DEFAULT ''
);

CREATE INDEX board_overrides_until ON board_overrides (until_at);

-- What people and programs pushed. The component is '' for a status that the
-- older API made and that no instance has bound to one yet.
CREATE TABLE board_pushes (
    component   TEXT NOT NULL,
    id          TEXT NOT NULL,
    level       INTEGER NOT NULL,
    title       TEXT NOT NULL,
    description TEXT NOT NULL,
    link        TEXT NOT NULL,
    start_at    INTEGER NOT NULL,
    end_at      INTEGER NOT NULL,
    overrides   BOOLEAN NOT NULL,
    metadata    TEXT NOT NULL,            -- JSON, or ''
    author      TEXT NOT NULL,
    seen_at     INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL,
    PRIMARY KEY (component, id)
);

-- Every source, configured or made by the older API, so that its number never
-- changes and a restart knows what was known before.
CREATE TABLE board_sources (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    component   TEXT NOT NULL,
    name        TEXT NOT NULL,
    made        BOOLEAN NOT NULL,         -- by the older API
    description TEXT NOT NULL DEFAULT '',
    plugin      TEXT NOT NULL DEFAULT '',
    statuses    TEXT NOT NULL DEFAULT '[]', -- JSON list of ids of board_pushes
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    success_at  INTEGER NOT NULL DEFAULT 0,
    failure_at  INTEGER NOT NULL DEFAULT 0,
    since       INTEGER NOT NULL DEFAULT 0,
    successes   INTEGER NOT NULL DEFAULT 0,
    failures    INTEGER NOT NULL DEFAULT 0,
    error       TEXT NOT NULL DEFAULT '',
    rationales  TEXT NOT NULL DEFAULT '[]' -- JSON
);

CREATE TABLE board_changes (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    component  TEXT NOT NULL,
    at         INTEGER NOT NULL,
    from_level INTEGER NOT NULL,          -- 0 when it was seen for the first time
    to_level   INTEGER NOT NULL,
    cause      TEXT NOT NULL,
    author     TEXT NOT NULL
);

CREATE INDEX board_changes_component ON board_changes (component, id);

CREATE TABLE board_subscriptions (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    component   TEXT NOT NULL,
    destination TEXT NOT NULL,
    author      TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    UNIQUE (component, destination)
);
