-- +goose Up

-- Previews, restarts and removal of old events begin at a time of arrival.
CREATE INDEX pushed_events_by_arrival ON pushed_events (received_at, seq);
