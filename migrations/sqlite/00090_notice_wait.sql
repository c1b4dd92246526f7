-- +goose Up

-- When a notice began to wait for next_at. A clock that shows less was set back
-- since then, and then the notice is due.
ALTER TABLE notices ADD COLUMN waits_since BIGINT NOT NULL DEFAULT 0;

CREATE INDEX notices_waits ON notices (scheme, waits_since) WHERE status = 'pending';
