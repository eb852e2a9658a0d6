-- What the sign-in may be used for, as the scopes of a token. Those of before came of passwords.
ALTER TABLE browser_sessions ADD COLUMN scopes TEXT NOT NULL DEFAULT 'sign-in,org:read,org:write';
