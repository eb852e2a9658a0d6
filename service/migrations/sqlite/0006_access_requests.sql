-- What developers ask their organizations to allow.
CREATE TABLE access_requests (
    id              TEXT PRIMARY KEY,
    organization_id INTEGER NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    account_id      INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- As the engine reads it; without a tag and a digest it is the repository.
    image           TEXT NOT NULL,
    reason          TEXT NOT NULL,
    -- The decision that it is about; empty: not said.
    decision        TEXT NOT NULL,
    machine_id      TEXT NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'denied', 'withdrawn')),
    created_at      INTEGER NOT NULL,
    -- Absent: it waits.
    decided_at      INTEGER,
    -- As in `audit.actor`; empty: nobody, or the one who asked.
    decided_by      TEXT NOT NULL DEFAULT '',
    answer          TEXT NOT NULL DEFAULT '',
    -- The rule that an approval made, which may be gone; and when that rule ends. Absent: never.
    rule_id         TEXT NOT NULL DEFAULT '',
    expires_at      INTEGER
) STRICT;
-- Who asks the same again while it waits, asked once.
CREATE UNIQUE INDEX access_requests_pending ON access_requests (organization_id, account_id, image)
    WHERE state = 'pending';
CREATE INDEX access_requests_account ON access_requests (account_id, created_at);
CREATE INDEX access_requests_state ON access_requests (organization_id, state, created_at);
