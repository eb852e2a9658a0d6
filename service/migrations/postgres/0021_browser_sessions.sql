-- As `migrations/sqlite/0021_browser_sessions.sql`.
CREATE TABLE browser_sessions (
    secret_sha256    BYTEA PRIMARY KEY,
    id               TEXT COLLATE "C" NOT NULL UNIQUE,
    account_id       BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    credential_epoch BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    seen_at          BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL,
    peer             TEXT COLLATE "C" NOT NULL,
    agent            TEXT COLLATE "C" NOT NULL
);
CREATE INDEX browser_sessions_account ON browser_sessions (account_id, created_at);
