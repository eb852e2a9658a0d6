-- Changes of the signing keys, sealed, as machines follow them one by one (`proto::key_chain`).
CREATE TABLE key_changes (
    number INTEGER NOT NULL PRIMARY KEY,
    envelope BLOB NOT NULL,
    -- Seconds since the Unix epoch.
    made_at INTEGER NOT NULL
) STRICT;
