-- +goose Up

-- One row: what makes this installation's incident keys its own.
CREATE TABLE installation (
    id         TEXT   NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL
);

CREATE TABLE monitors (
    id          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, -- never given twice: history outlives monitors
    version     INTEGER NOT NULL,
    name        TEXT    NOT NULL,
    description TEXT    NOT NULL,
    path        TEXT    NOT NULL, -- the group
    labels      TEXT    NOT NULL, -- JSON object
    schedule    TEXT    NOT NULL,
    zone        TEXT    NOT NULL,
    catch_up    TEXT    NOT NULL,
    targets     TEXT    NOT NULL, -- JSON array
    minutes     INTEGER NOT NULL,
    script      TEXT    NOT NULL,
    params      TEXT    NOT NULL, -- JSON object or ''
    alerts      TEXT    NOT NULL, -- JSON array
    policy      TEXT    NOT NULL, -- JSON object
    active      BOOLEAN NOT NULL,
    created_at  BIGINT  NOT NULL,
    updated_at  BIGINT  NOT NULL
);

-- Every save, the first and the last included; rows stay when the monitor goes.
CREATE TABLE monitor_versions (
    monitor_id BIGINT  NOT NULL,
    version    INTEGER NOT NULL,
    author     TEXT    NOT NULL,
    saved_at   BIGINT  NOT NULL,
    body       TEXT    NOT NULL, -- JSON: the monitor
    PRIMARY KEY (monitor_id, version)
) WITHOUT ROWID;

-- A row is the claim to make the run. Clustered by monitor, so that a history
-- page reads neighbours.
CREATE TABLE runs (
    monitor_id   BIGINT  NOT NULL,
    scheduled_at BIGINT  NOT NULL,
    phase        INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    started_at   BIGINT  NOT NULL DEFAULT 0,
    fetch_us     BIGINT  NOT NULL DEFAULT 0,
    level        INTEGER NOT NULL DEFAULT 0,
    fault        TEXT    NOT NULL DEFAULT '',
    message      TEXT    NOT NULL DEFAULT '',
    reason       TEXT    NOT NULL DEFAULT '',
    until        BIGINT  NOT NULL DEFAULT 0,
    note         TEXT    NOT NULL DEFAULT '',
    incident     TEXT    NOT NULL DEFAULT '',
    wall_us      BIGINT  NOT NULL DEFAULT 0,
    cpu_us       BIGINT  NOT NULL DEFAULT 0,
    memory       BIGINT  NOT NULL DEFAULT 0,
    points_in    INTEGER NOT NULL DEFAULT 0,
    points_out   INTEGER NOT NULL DEFAULT 0,
    output_bytes INTEGER NOT NULL DEFAULT 0,
    kept         BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (monitor_id, scheduled_at)
) WITHOUT ROWID;

-- Output and graph of the newest run of each monitor, overwritten by the next.
CREATE TABLE last_details (
    monitor_id   INTEGER NOT NULL PRIMARY KEY,
    scheduled_at BIGINT  NOT NULL,
    body         BLOB    NOT NULL
);

-- Output and graph of the runs that changed something.
CREATE TABLE kept_details (
    monitor_id   BIGINT NOT NULL,
    scheduled_at BIGINT NOT NULL,
    body         BLOB   NOT NULL,
    PRIMARY KEY (monitor_id, scheduled_at)
);

CREATE TABLE states (
    kind        TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    version     BIGINT  NOT NULL,
    level       INTEGER NOT NULL,
    since       BIGINT  NOT NULL,
    runs        BIGINT  NOT NULL,
    at          BIGINT  NOT NULL,
    message     TEXT    NOT NULL,
    fault       TEXT    NOT NULL,
    fault_since BIGINT  NOT NULL,
    fault_runs  BIGINT  NOT NULL,
    observed    INTEGER NOT NULL,
    tries       INTEGER NOT NULL,
    calm_since  BIGINT  NOT NULL,
    flaps       BIGINT  NOT NULL,
    flapping    BOOLEAN NOT NULL,
    recent      TEXT    NOT NULL, -- what the newest runs saw, a letter each, oldest first
    incident    TEXT    NOT NULL, -- key of the one that is open, or ''
    open        TEXT    NOT NULL, -- JSON: the rest about it, or ''
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;

CREATE TABLE incidents (
    id        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    key       TEXT    NOT NULL UNIQUE,
    kind      TEXT    NOT NULL,
    subject   TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    level     INTEGER NOT NULL,
    fault     TEXT    NOT NULL,
    message   TEXT    NOT NULL,
    opened_at BIGINT  NOT NULL,
    closed_at BIGINT  NOT NULL,
    closing   TEXT    NOT NULL,
    acked_by  TEXT    NOT NULL,
    acked_at  BIGINT  NOT NULL
);

CREATE INDEX incidents_subject ON incidents (kind, subject, id);
CREATE INDEX incidents_open ON incidents (id) WHERE closed_at = 0;

CREATE TABLE events (
    id          INTEGER NOT NULL PRIMARY KEY,
    incident_id BIGINT  NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    at          BIGINT  NOT NULL,
    type        TEXT    NOT NULL,
    level       INTEGER NOT NULL,
    author      TEXT    NOT NULL,
    text        TEXT    NOT NULL
);

CREATE INDEX events_incident ON events (incident_id, id);

-- What notices say, once for all destinations that are told the same.
CREATE TABLE messages (
    id    INTEGER NOT NULL PRIMARY KEY,
    body  TEXT    NOT NULL, -- JSON
    graph BLOB    NOT NULL
);

CREATE TABLE notices (
    id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    incident_id  BIGINT  NOT NULL, -- 0 for a test
    incident     TEXT    NOT NULL,
    message_id   BIGINT  NOT NULL REFERENCES messages (id),
    kind         TEXT    NOT NULL,
    scheme       TEXT    NOT NULL, -- of the destination
    destination  TEXT    NOT NULL,
    status       TEXT    NOT NULL,
    created_at   BIGINT  NOT NULL,
    next_at      BIGINT  NOT NULL,
    attempts     INTEGER NOT NULL,
    delivered_at BIGINT  NOT NULL,
    error        TEXT    NOT NULL
);

CREATE INDEX notices_due ON notices (scheme, next_at) WHERE status = 'pending';
CREATE INDEX notices_order ON notices (incident, destination, id) WHERE status = 'pending';
CREATE INDEX notices_incident ON notices (incident_id, id);
CREATE INDEX notices_message ON notices (message_id);

CREATE TABLE attempts (
    id          INTEGER NOT NULL PRIMARY KEY,
    notice_id   BIGINT  NOT NULL REFERENCES notices (id) ON DELETE CASCADE,
    at          BIGINT  NOT NULL,
    duration_us BIGINT  NOT NULL,
    outcome     TEXT    NOT NULL,
    retry_at    BIGINT  NOT NULL,
    error       TEXT    NOT NULL,
    request     TEXT    NOT NULL,
    answer      TEXT    NOT NULL
);

CREATE INDEX attempts_notice ON attempts (notice_id, id);
