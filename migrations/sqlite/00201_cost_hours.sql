-- +goose Up

-- What the runs of each monitor used in each full hour, so that costs of a week
-- are no walk over all its runs.
CREATE TABLE cost_hours (
    monitor_id   BIGINT NOT NULL,
    hour         BIGINT NOT NULL, -- its beginning
    runs         BIGINT NOT NULL,
    fetch_us     BIGINT NOT NULL,
    peak         BIGINT NOT NULL,
    wall_us      BIGINT NOT NULL,
    cpu_us       BIGINT NOT NULL,
    memory       BIGINT NOT NULL,
    points_in    BIGINT NOT NULL,
    points_out   BIGINT NOT NULL,
    output_bytes BIGINT NOT NULL,
    PRIMARY KEY (monitor_id, hour)
) WITHOUT ROWID;

-- Hours before this one are in cost_hours.
CREATE TABLE cost_progress (
    id      INTEGER NOT NULL PRIMARY KEY,
    ends_at BIGINT  NOT NULL
);
