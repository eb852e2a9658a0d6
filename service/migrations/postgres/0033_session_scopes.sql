-- As `migrations/sqlite/0033_session_scopes.sql`.
ALTER TABLE browser_sessions ADD COLUMN scopes TEXT COLLATE "C" NOT NULL DEFAULT 'sign-in,org:read,org:write';
