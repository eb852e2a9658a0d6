-- Generation of the newest sealed session of the whole service: plugins keep one floor over all users of a machine.
ALTER TABLE sequence ADD COLUMN session_generation INTEGER NOT NULL DEFAULT 0;
UPDATE sequence SET session_generation = (SELECT COALESCE(MAX(session_generation), 0) FROM accounts);
ALTER TABLE accounts DROP COLUMN session_generation;

-- Organizations that an account is or was a member of: what its machines may report about.
CREATE TABLE affiliations (
    account_id      INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    organization_id INTEGER NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    PRIMARY KEY (account_id, organization_id)
) STRICT;
INSERT INTO affiliations (account_id, organization_id) SELECT account_id, organization_id FROM memberships;

-- A machine belongs to the organizations of the account that reported it first.
CREATE TABLE machines (
    machine_id TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- 1: an account of unrelated organizations reported it too. Either may be the liar.
    disputed   INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO machines (machine_id, account_id)
    SELECT r.machine_id, a.id FROM records r JOIN accounts a ON a.name = r.reported_by
    WHERE true ORDER BY r.received_at_ms, r.id ON CONFLICT DO NOTHING;

-- Counts the records of one run of the plugin from 1; 0: it does not count.
ALTER TABLE records ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0;
-- When that run started, milliseconds since the Unix epoch.
ALTER TABLE records ADD COLUMN run_ms INTEGER NOT NULL DEFAULT 0;
DROP INDEX records_newest;

-- Records of that machine which the service did not take.
ALTER TABLE agents ADD COLUMN records_refused INTEGER NOT NULL DEFAULT 0;
