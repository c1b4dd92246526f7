-- +goose Up

CREATE TABLE histograms (
    name        TEXT    NOT NULL PRIMARY KEY,
    version     INTEGER NOT NULL,
    description TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    unit        TEXT    NOT NULL,
    better      TEXT    NOT NULL,
    owners      TEXT    NOT NULL, -- JSON array
    expires     TEXT    NOT NULL,
    link        TEXT    NOT NULL,
    path        TEXT    NOT NULL, -- the group
    labels      TEXT    NOT NULL, -- JSON object
    ignored     BOOLEAN NOT NULL,
    updated_at  BIGINT  NOT NULL,
    updated_by  TEXT    NOT NULL
);

-- Edges of buckets, which most periods of a histogram share.
CREATE TABLE histogram_layouts (
    id    INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    edges TEXT    NOT NULL UNIQUE -- numbers with a space between
);

CREATE TABLE histogram_periods (
    name        TEXT    NOT NULL REFERENCES histograms (name) ON DELETE CASCADE,
    at          BIGINT  NOT NULL,
    span        BIGINT  NOT NULL, -- milliseconds
    submissions DOUBLE PRECISION NOT NULL,
    layout      BIGINT  NOT NULL,
    counts      TEXT    NOT NULL, -- numbers with a space between
    PRIMARY KEY (name, at)
) WITHOUT ROWID;

CREATE TABLE histogram_regressions (
    id             INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name           TEXT    NOT NULL,
    at             BIGINT  NOT NULL,
    span           BIGINT  NOT NULL,
    seen           BIGINT  NOT NULL,
    recovered      BIGINT  NOT NULL,
    found_at       BIGINT  NOT NULL,
    method         TEXT    NOT NULL,
    shape          TEXT    NOT NULL,
    moved          TEXT    NOT NULL,
    welcome        TEXT    NOT NULL,
    size           DOUBLE PRECISION NOT NULL,
    relative       DOUBLE PRECISION NOT NULL,
    ks             DOUBLE PRECISION NOT NULL,
    js             DOUBLE PRECISION NOT NULL,
    votes          TEXT    NOT NULL, -- JSON array
    edges          TEXT    NOT NULL,
    before         TEXT    NOT NULL,
    after          TEXT    NOT NULL,
    samples_before DOUBLE PRECISION NOT NULL,
    samples_after  DOUBLE PRECISION NOT NULL,
    verdict        TEXT    NOT NULL,
    judged_by      TEXT    NOT NULL,
    judged_at      BIGINT  NOT NULL,
    note           TEXT    NOT NULL
);
CREATE INDEX histogram_regressions_by_name ON histogram_regressions (name, at);
CREATE INDEX histogram_regressions_by_time ON histogram_regressions (at);

-- Mails that belong to no incident: reminders, and alerts of other detectors.
CREATE TABLE mails (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    key        TEXT    NOT NULL UNIQUE, -- what makes it the same mail, so that none is queued twice
    recipient  TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    body       TEXT    NOT NULL,
    created_at BIGINT  NOT NULL,
    next_at    BIGINT  NOT NULL, -- of the next attempt; 0 when there is none
    attempts   INTEGER NOT NULL,
    sent_at    BIGINT  NOT NULL,
    problem    TEXT    NOT NULL
);
CREATE INDEX mails_waiting ON mails (next_at);

-- One row: who has been reminded of what.
CREATE TABLE histogram_reminders (
    id   INTEGER NOT NULL PRIMARY KEY,
    body TEXT    NOT NULL -- JSON
);

-- What other detectors post.
CREATE TABLE medusa_detectors (
    id   INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name TEXT    NOT NULL UNIQUE,
    date TEXT    NOT NULL,
    url  TEXT    NOT NULL
);
CREATE TABLE medusa_metrics (
    id          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    detector_id BIGINT  NOT NULL REFERENCES medusa_detectors (id) ON DELETE CASCADE,
    name        TEXT    NOT NULL,
    description TEXT    NOT NULL,
    date        TEXT    NOT NULL,
    UNIQUE (detector_id, name)
);
CREATE TABLE medusa_alerts (
    id          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    metric_id   BIGINT  NOT NULL REFERENCES medusa_metrics (id) ON DELETE CASCADE,
    date        TEXT    NOT NULL,
    description TEXT    NOT NULL,
    UNIQUE (metric_id, date)
);
CREATE TABLE medusa_subscriptions (
    id          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    email       TEXT    NOT NULL,
    detector_id BIGINT  NOT NULL REFERENCES medusa_detectors (id) ON DELETE CASCADE,
    metric_id   BIGINT  NOT NULL, -- 0: by the filter
    filter      TEXT    NOT NULL, -- regular expression over the names of metrics
    UNIQUE (email, detector_id, metric_id, filter)
);
