-- As `migrations/sqlite/0026_one_signing_key.sql`.
ALTER TABLE sequence ADD COLUMN keyid TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE sequence SET keyid = COALESCE((SELECT keyid FROM publications ORDER BY generation DESC LIMIT 1), '');
