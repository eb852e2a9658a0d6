-- The key that signs for everybody who uses this database: its id; empty: nobody signed yet. Another key does not sign
-- until an administrator makes one (`--new-signing-key`): machines would believe it as little as a stranger's.
ALTER TABLE sequence ADD COLUMN keyid TEXT NOT NULL DEFAULT '';
UPDATE sequence SET keyid = COALESCE((SELECT keyid FROM publications ORDER BY generation DESC LIMIT 1), '');
