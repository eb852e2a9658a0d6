-- As `migrations/sqlite/0030_publisher_sources.sql`.
ALTER TABLE publishers
    ADD COLUMN source TEXT COLLATE "C" NOT NULL DEFAULT 'hand' CHECK (source IN ('hand', 'docker-hub'));
