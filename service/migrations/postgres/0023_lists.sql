-- As `migrations/sqlite/0023_lists.sql`.
CREATE INDEX records_of_organization ON records (organization, received_at_ms, machine_id, id);
CREATE INDEX records_refused ON records (organization, received_at_ms, machine_id, id)
    WHERE NOT allowed OR would_deny;
CREATE INDEX audit_of_organization ON audit (organization, id);
CREATE INDEX access_requests_newest ON access_requests (organization_id, created_at, id);
CREATE INDEX sign_ins_account ON sign_ins (account, id);

ALTER TABLE rules ADD COLUMN created_by TEXT COLLATE "C" NOT NULL DEFAULT '';
