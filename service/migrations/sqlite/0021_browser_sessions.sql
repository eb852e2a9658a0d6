-- People who signed in with a browser.
CREATE TABLE browser_sessions (
    -- SHA-256 of what the cookie holds: what is here opens nothing.
    secret_sha256    BLOB PRIMARY KEY,
    -- For lists. ULID.
    id               TEXT NOT NULL UNIQUE,
    account_id       INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- The account's epoch then; another one ends it.
    credential_epoch INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    -- Written at most once a minute.
    seen_at          INTEGER NOT NULL,
    -- Whatever happens, it ends then.
    expires_at       INTEGER NOT NULL,
    -- Where it began: IP address, and what the browser calls itself.
    peer             TEXT NOT NULL,
    agent            TEXT NOT NULL
) STRICT;
CREATE INDEX browser_sessions_account ON browser_sessions (account_id, created_at);
