-- +goose Up

-- What runs saw and gave back, whole, so that they can be made again: of the
-- newest runs of each monitor, and of those that changed something.
CREATE TABLE recordings (
    monitor_id   BIGINT  NOT NULL,
    scheduled_at BIGINT  NOT NULL,
    version      INTEGER NOT NULL,
    kept         BOOLEAN NOT NULL, -- for as long as runs are, not only while it is among the newest
    size         BIGINT  NOT NULL, -- bytes of both blobs
    input        BLOB    NOT NULL,
    detail       BLOB    NOT NULL, -- empty where kept_details has it
    PRIMARY KEY (monitor_id, scheduled_at)
);

-- What goes first when there is too much.
CREATE INDEX recordings_age ON recordings (kept, scheduled_at, size);

-- The helper files that were in force, by their hash.
CREATE TABLE libraries (
    hash    TEXT   NOT NULL PRIMARY KEY,
    seen_at BIGINT NOT NULL,
    body    TEXT   NOT NULL -- JSON
);
