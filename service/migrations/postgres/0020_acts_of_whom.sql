-- As `migrations/sqlite/0020_acts_of_whom.sql`.
ALTER TABLE audit ADD COLUMN via TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN peer TEXT COLLATE "C" NOT NULL DEFAULT '';
