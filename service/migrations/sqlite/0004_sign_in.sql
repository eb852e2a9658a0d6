-- Who can say whether a sign-in of this account is right: this service, Docker Hub, the identity
-- provider; `organization`: nobody's account, but that of one organization access token.
ALTER TABLE accounts ADD COLUMN origin TEXT NOT NULL DEFAULT 'own'
    CHECK (origin IN ('own', 'docker-hub', 'oidc', 'organization'));
-- What the identity provider calls them for good: `<issuer> <subject>`, set at the first sign-in. Names can change hands there.
ALTER TABLE accounts ADD COLUMN subject TEXT;
CREATE UNIQUE INDEX accounts_subject ON accounts (subject) WHERE subject IS NOT NULL;

-- Who said so: an administrator here, or whoever checked the last sign-in. Each replaces only its own.
ALTER TABLE memberships ADD COLUMN source TEXT NOT NULL DEFAULT 'admin'
    CHECK (source IN ('admin', 'docker-hub', 'oidc'));

-- The organization of Docker Hub whose members are members here; absent: none.
ALTER TABLE organizations ADD COLUMN hub_organization TEXT;
CREATE UNIQUE INDEX organizations_hub ON organizations (hub_organization) WHERE hub_organization IS NOT NULL;
-- 1: the groups that the identity provider names make members here.
ALTER TABLE organizations ADD COLUMN oidc_groups INTEGER NOT NULL DEFAULT 0;
-- How long a session with this organization is fresh and valid, in seconds; absent: as the service is set.
ALTER TABLE organizations ADD COLUMN session_refresh_after INTEGER;
ALTER TABLE organizations ADD COLUMN session_expires_after INTEGER;

-- Access tokens: what they may be used for, a list of words with commas between them.
ALTER TABLE credentials ADD COLUMN scopes TEXT NOT NULL DEFAULT 'sign-in';
-- Seconds since the Unix epoch; absent: never.
ALTER TABLE credentials ADD COLUMN expires_at INTEGER;
-- The first second of that day (UTC): a sign-in writes it once a day.
ALTER TABLE credentials ADD COLUMN last_used_at INTEGER;

-- Sign-ins and refused attempts; the same within a minute are counted in one row.
CREATE TABLE sign_ins (
    id         INTEGER PRIMARY KEY,
    -- The first of the minute, milliseconds since the Unix epoch.
    at_ms      INTEGER NOT NULL,
    -- Name of an account that exists; empty: none does. People type passwords into the wrong field.
    account    TEXT NOT NULL,
    -- 'agent', 'docker-login', 'hub-api', 'login'.
    via        TEXT NOT NULL,
    -- 'password', 'personal-token', 'organization-token', 'docker-hub', 'oidc', 'unknown'.
    credential TEXT NOT NULL,
    -- 'accepted', or why not: 'wrong', 'expired', 'scope', 'origin', 'not-member', 'realm', 'limited', 'busy',
    -- 'unavailable'.
    outcome    TEXT NOT NULL,
    -- IP address; the network of one (/64) where the secret was not right; empty: of more than fit.
    peer       TEXT NOT NULL,
    -- Empty where none was named, and where the secret was not right: a stranger's claim.
    machine_id TEXT NOT NULL,
    count      INTEGER NOT NULL
) STRICT;
CREATE INDEX sign_ins_newest ON sign_ins (at_ms);
