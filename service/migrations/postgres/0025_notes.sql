-- As `migrations/sqlite/0025_notes.sql`.
ALTER TABLE organizations ADD COLUMN registry_notes TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE credentials ADD COLUMN note TEXT COLLATE "C" NOT NULL DEFAULT '';
