-- By which way an act was done: 'command-line', 'browser', 'password', 'token:<id>'; empty: before it was written down,
-- or by the word of Docker Hub or the identity provider.
ALTER TABLE audit ADD COLUMN via TEXT NOT NULL DEFAULT '';
-- IP address; empty: on the service's machine, or before it was written down.
ALTER TABLE audit ADD COLUMN peer TEXT NOT NULL DEFAULT '';
