-- +goose Up

CREATE TABLE heartbeats (
    id          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, -- never given twice: incidents outlive heartbeats
    version     INTEGER NOT NULL,
    space       TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    description TEXT    NOT NULL,
    labels      TEXT    NOT NULL, -- JSON object
    schedule    TEXT    NOT NULL, -- JSON object
    limits      TEXT    NOT NULL, -- JSON object
    sensitivity DOUBLE PRECISION NOT NULL,
    alerts      TEXT    NOT NULL, -- JSON array
    policy      TEXT    NOT NULL, -- JSON object
    active      BOOLEAN NOT NULL,
    created_at  BIGINT  NOT NULL,
    updated_at  BIGINT  NOT NULL,
    UNIQUE (space, name)
);

-- What is known about each heartbeat now, in one row that every beat rewrites.
CREATE TABLE heartbeat_states (
    heartbeat_id INTEGER NOT NULL PRIMARY KEY REFERENCES heartbeats (id) ON DELETE CASCADE,
    body         TEXT    NOT NULL -- JSON
);

-- What the watch over values has learned: larger, and written less often.
CREATE TABLE heartbeat_values (
    heartbeat_id INTEGER NOT NULL PRIMARY KEY REFERENCES heartbeats (id) ON DELETE CASCADE,
    beats        BIGINT  NOT NULL, -- number of the newest beat it has seen
    body         BLOB    NOT NULL
);

-- The newest beats of each heartbeat, a ring: a slot is written again when its
-- turn comes, so the table is bounded without anybody sweeping it.
CREATE TABLE beats (
    heartbeat_id BIGINT  NOT NULL REFERENCES heartbeats (id) ON DELETE CASCADE,
    slot         INTEGER NOT NULL,
    n            BIGINT  NOT NULL,
    at           BIGINT  NOT NULL,
    kind         TEXT    NOT NULL,
    level        INTEGER NOT NULL,
    word         TEXT    NOT NULL,
    code         INTEGER,
    run          TEXT    NOT NULL,
    took_us      BIGINT  NOT NULL,
    metric       DOUBLE PRECISION,
    expected     DOUBLE PRECISION,
    low          DOUBLE PRECISION,
    high         DOUBLE PRECISION,
    score        DOUBLE PRECISION,
    signal       TEXT    NOT NULL,
    note         TEXT    NOT NULL,
    body_size    INTEGER NOT NULL,
    PRIMARY KEY (heartbeat_id, slot)
) WITHOUT ROWID;

-- The newest bodies of each heartbeat, a smaller ring.
CREATE TABLE beat_bodies (
    heartbeat_id BIGINT  NOT NULL REFERENCES heartbeats (id) ON DELETE CASCADE,
    slot         INTEGER NOT NULL,
    n            BIGINT  NOT NULL,
    body         BLOB    NOT NULL,
    PRIMARY KEY (heartbeat_id, slot)
);

CREATE TABLE heartbeat_events (
    id           INTEGER NOT NULL PRIMARY KEY,
    heartbeat_id BIGINT  NOT NULL REFERENCES heartbeats (id) ON DELETE CASCADE,
    at           BIGINT  NOT NULL,
    level        INTEGER NOT NULL,
    what         TEXT    NOT NULL,
    text         TEXT    NOT NULL
);

CREATE INDEX heartbeat_events_newest ON heartbeat_events (heartbeat_id, id);

CREATE TABLE heartbeat_keys (
    key        TEXT    NOT NULL PRIMARY KEY,
    space      TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    quota      INTEGER NOT NULL,
    imported   BOOLEAN NOT NULL,
    created_at BIGINT  NOT NULL
);

-- Where a space's alerts go in Pacemaker's form.
CREATE TABLE pacemaker_hooks (
    space      TEXT   NOT NULL PRIMARY KEY,
    url        TEXT   NOT NULL,
    failing_ms BIGINT NOT NULL
);

-- One row: when heartbeats were last watched, to know how long we were away.
CREATE TABLE heartbeat_watch (
    id       INTEGER NOT NULL PRIMARY KEY,
    alive_at BIGINT  NOT NULL
);
