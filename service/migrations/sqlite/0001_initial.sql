-- Times are seconds since the Unix epoch where the name ends in `_at`, milliseconds where it ends in `_at_ms`.
-- A migration that was ever released is never edited: a new file follows.

-- One sequence for the whole database. Each change of something that is published takes the
-- next value and stamps the row it changed, so "what moved since N" is a comparison.
CREATE TABLE sequence (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    value    INTEGER NOT NULL,
    -- The value at the last change of the publishers directory.
    publishers INTEGER NOT NULL
) STRICT;
INSERT INTO sequence (only_row, value, publishers) VALUES (1, 1, 1);

CREATE TABLE organizations (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    -- Value of the sequence at the last change of its policy, rules or namespaces.
    revision   INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX organizations_revision ON organizations (revision);

-- Docker Hub namespaces. One has one owner: two would each be trusted with the other's images.
CREATE TABLE namespaces (
    namespace       TEXT PRIMARY KEY,
    organization_id INTEGER NOT NULL REFERENCES organizations (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX namespaces_organization ON namespaces (organization_id);

CREATE TABLE accounts (
    id                 INTEGER PRIMARY KEY,
    name               TEXT NOT NULL UNIQUE,
    -- Agent tokens of an older epoch are refused.
    credential_epoch   INTEGER NOT NULL,
    -- Generation of the newest sealed session, on any machine. Never goes back, so a removed account keeps its row.
    session_generation INTEGER NOT NULL,
    -- Value of the sequence at the last change of its credentials or memberships.
    revision           INTEGER NOT NULL,
    created_at         INTEGER NOT NULL,
    removed_at         INTEGER
) STRICT;
CREATE INDEX accounts_revision ON accounts (revision);

-- argon2id hashes only (PHC strings).
CREATE TABLE credentials (
    -- Passwords: the account's name. Access tokens: the public part of the token.
    id         TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('password', 'token')),
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    hash       TEXT NOT NULL CHECK (hash LIKE '$argon2id$%'),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT;
CREATE INDEX credentials_account ON credentials (account_id);

CREATE TABLE memberships (
    account_id      INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    organization_id INTEGER NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    role            TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'auditor', 'member')),
    PRIMARY KEY (account_id, organization_id)
) STRICT;
CREATE INDEX memberships_organization ON memberships (organization_id);

CREATE TABLE team_members (
    account_id      INTEGER NOT NULL,
    organization_id INTEGER NOT NULL,
    team            TEXT NOT NULL,
    PRIMARY KEY (account_id, organization_id, team),
    FOREIGN KEY (account_id, organization_id) REFERENCES memberships (account_id, organization_id) ON DELETE CASCADE
) STRICT;

CREATE TABLE policies (
    organization_id    INTEGER PRIMARY KEY REFERENCES organizations (id) ON DELETE CASCADE,
    enabled            INTEGER NOT NULL,
    mode               TEXT NOT NULL CHECK (mode IN ('enforce', 'monitor')),
    official           INTEGER NOT NULL,
    verified_publisher INTEGER NOT NULL,
    community          INTEGER NOT NULL,
    registry_control   INTEGER NOT NULL,
    when_expired       TEXT NOT NULL CHECK (when_expired IN ('keep', 'deny')),
    message            TEXT NOT NULL,
    request_url        TEXT NOT NULL,
    email              TEXT NOT NULL
) STRICT;

CREATE TABLE registries (
    organization_id INTEGER NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    host            TEXT NOT NULL,
    PRIMARY KEY (organization_id, host)
) STRICT;

CREATE TABLE rules (
    id              TEXT PRIMARY KEY,
    organization_id INTEGER NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    effect          TEXT NOT NULL CHECK (effect IN ('allow', 'deny')),
    pattern         TEXT NOT NULL,
    scope           TEXT NOT NULL CHECK (scope IN ('organization', 'team', 'user')),
    -- Name of the team or user; empty for the organization.
    scope_name      TEXT NOT NULL,
    expires_at      INTEGER,
    reason          TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    UNIQUE (organization_id, effect, pattern, scope, scope_name)
) STRICT;

CREATE TABLE publishers (
    namespace TEXT PRIMARY KEY,
    badge     TEXT NOT NULL CHECK (badge IN ('verified-publisher', 'sponsored-open-source'))
) STRICT;

-- What was signed, byte for byte. The key decides when two processes publish at once.
CREATE TABLE publications (
    kind           TEXT NOT NULL CHECK (kind IN ('policy', 'directory')),
    subject        TEXT NOT NULL,
    generation     INTEGER NOT NULL,
    -- SHA-256 of the document without its header: equal means nothing changed but time.
    content_sha256 BLOB NOT NULL,
    payload_sha256 BLOB NOT NULL,
    envelope       BLOB NOT NULL,
    keyid          TEXT NOT NULL,
    issued_at      INTEGER NOT NULL,
    refresh_after  INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    PRIMARY KEY (kind, subject, generation)
) STRICT;

-- One row for each signed-in user of a machine, with the session that was sealed for it.
CREATE TABLE agents (
    account_id      INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    machine_id      TEXT NOT NULL,
    uid             INTEGER NOT NULL,
    generation      INTEGER NOT NULL,
    content_sha256  BLOB NOT NULL,
    envelope        BLOB NOT NULL,
    keyid           TEXT NOT NULL,
    issued_at       INTEGER NOT NULL,
    refresh_after   INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    version         TEXT NOT NULL,
    -- Decision records lost on that machine, as it reported.
    records_dropped INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, machine_id, uid)
) STRICT;

-- Decisions reported by machines. The machine is part of the key: none can shadow another's record.
CREATE TABLE records (
    machine_id     TEXT NOT NULL,
    id             TEXT NOT NULL,
    at_ms          INTEGER NOT NULL,
    received_at_ms INTEGER NOT NULL,
    reported_by    TEXT NOT NULL,
    action         TEXT NOT NULL,
    image          TEXT NOT NULL,
    allowed        INTEGER NOT NULL,
    reason         TEXT NOT NULL,
    category       TEXT NOT NULL,
    organization   TEXT NOT NULL,
    generation     INTEGER NOT NULL,
    rule           TEXT NOT NULL,
    would_deny     INTEGER NOT NULL,
    -- JSON array of user names.
    users          TEXT NOT NULL,
    PRIMARY KEY (machine_id, id)
) STRICT;
CREATE INDEX records_newest ON records (at_ms);
CREATE INDEX records_received ON records (received_at_ms);

-- Administrative acts. Rows are only ever added.
CREATE TABLE audit (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms        INTEGER NOT NULL,
    -- Who: `local:<uid>` for the command line.
    actor        TEXT NOT NULL,
    -- What: `member.add`, `policy.set`, ...
    act          TEXT NOT NULL,
    -- Empty when the act concerns no organization.
    organization TEXT NOT NULL,
    target       TEXT NOT NULL,
    -- JSON object; never a secret.
    detail       TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit lines are never changed'); END;
CREATE TRIGGER audit_is_never_removed BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit lines are never removed'); END;
