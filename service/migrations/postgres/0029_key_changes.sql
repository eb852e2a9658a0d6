-- As `migrations/sqlite/0029_key_changes.sql`.
CREATE TABLE key_changes (
    number BIGINT NOT NULL PRIMARY KEY,
    envelope BYTEA NOT NULL,
    made_at BIGINT NOT NULL
);
