-- +goose Up

-- The time before which entries of the audit log may be removed, as its retention
-- says. Newer ones never are.
ALTER TABLE installation ADD COLUMN audit_since BIGINT NOT NULL DEFAULT 0;

DROP TRIGGER audit_is_not_shortened;

-- +goose StatementBegin
CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit
WHEN OLD.at >= (SELECT audit_since FROM installation)
BEGIN
    SELECT RAISE(ABORT, 'the audit log is only added to');
END;
-- +goose StatementEnd
