-- +goose Up

-- What people say, looking back, of spans of a monitor's past. A label keeps its
-- span when the incident's own row is gone.
CREATE TABLE labels (
    id          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    monitor_id  BIGINT  NOT NULL,
    incident_id BIGINT  NOT NULL, -- 0 for one that was missed
    verdict     TEXT    NOT NULL,
    from_at     BIGINT  NOT NULL,
    until_at    BIGINT  NOT NULL, -- 0 while it is under way
    note        TEXT    NOT NULL,
    author      TEXT    NOT NULL,
    at          BIGINT  NOT NULL
);

CREATE INDEX labels_monitor ON labels (monitor_id, from_at);
CREATE UNIQUE INDEX labels_incident ON labels (incident_id) WHERE incident_id <> 0;
