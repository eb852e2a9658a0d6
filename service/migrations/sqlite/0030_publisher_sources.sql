-- Who says that a namespace has its badge: somebody here, or Docker Hub's search when the directory was last refreshed.
-- A refresh changes nothing of what was given by hand.
ALTER TABLE publishers ADD COLUMN source TEXT NOT NULL DEFAULT 'hand' CHECK (source IN ('hand', 'docker-hub'));
