-- A team's number is never that of one that is gone: scripts that know teams by it would take one for the other.
CREATE TABLE numbered_teams (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    organization_id INTEGER NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name            TEXT NOT NULL,
    description     TEXT NOT NULL DEFAULT '',
    created_at      INTEGER NOT NULL,
    UNIQUE (organization_id, name)
) STRICT;
INSERT INTO numbered_teams (id, organization_id, name, description, created_at)
    SELECT id, organization_id, name, description, created_at FROM teams;
DROP TABLE teams;
ALTER TABLE numbered_teams RENAME TO teams;
