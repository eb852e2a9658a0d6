-- Teams, also those that nobody is in. Who is in a team has a row here too.
CREATE TABLE teams (
    id              INTEGER PRIMARY KEY,
    organization_id INTEGER NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name            TEXT NOT NULL,
    description     TEXT NOT NULL DEFAULT '',
    created_at      INTEGER NOT NULL,
    UNIQUE (organization_id, name)
) STRICT;
INSERT INTO teams (organization_id, name, created_at)
    SELECT DISTINCT organization_id, team, 0 FROM team_members ORDER BY organization_id, team;

-- Who is to become a member, and was not asked yet or did not answer.
CREATE TABLE invitations (
    -- ULID.
    id              TEXT PRIMARY KEY,
    organization_id INTEGER NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    -- Name of an account, which may be there or not.
    invitee         TEXT NOT NULL,
    role            TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'auditor', 'member')),
    -- A list of names with commas between them.
    teams           TEXT NOT NULL,
    -- Who invites, as `audit.actor` without its kind.
    inviter         TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    -- SHA-256 of the secret in the link with which a new account is made; absent: no link was made.
    secret_sha256   BLOB UNIQUE,
    UNIQUE (organization_id, invitee)
) STRICT;
CREATE INDEX invitations_invitee ON invitations (invitee);

-- What Docker Hub's endpoints are told of a registry, beyond the list: its name there, and whether it is one of the list.
CREATE TABLE registry_notes (
    organization_id INTEGER NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    host            TEXT NOT NULL,
    note            TEXT NOT NULL,
    -- 0: named, and not allowed.
    allowed         INTEGER NOT NULL,
    PRIMARY KEY (organization_id, host)
) STRICT;
