-- What a policy settles beyond which images may be pulled. The defaults change nothing of a policy that is there.
ALTER TABLE policies ADD COLUMN local_content TEXT NOT NULL DEFAULT 'allow'
    CHECK (local_content IN ('allow', 'deny'));
ALTER TABLE policies ADD COLUMN run_unapproved TEXT NOT NULL DEFAULT 'allow'
    CHECK (run_unapproved IN ('allow', 'warn', 'deny'));
ALTER TABLE policies ADD COLUMN engine_plugins TEXT NOT NULL DEFAULT 'as-images'
    CHECK (engine_plugins IN ('as-images', 'deny'));
ALTER TABLE policies ADD COLUMN swarm TEXT NOT NULL DEFAULT 'own'
    CHECK (swarm IN ('own', 'allow', 'deny'));
ALTER TABLE policies ADD COLUMN builds TEXT NOT NULL DEFAULT 'allow'
    CHECK (builds IN ('allow', 'deny'));
ALTER TABLE policies ADD COLUMN unknown_requests TEXT NOT NULL DEFAULT 'deny'
    CHECK (unknown_requests IN ('deny', 'allow'));
-- 1: only what is listed may be pushed to; with an empty list nothing.
ALTER TABLE policies ADD COLUMN push_restricted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE policies ADD COLUMN protect INTEGER NOT NULL DEFAULT 0;

-- `push`: repositories that may be pushed to. `protect`: images that the tamper guard leaves alone.
CREATE TABLE setting_patterns (
    organization_id INTEGER NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    setting         TEXT NOT NULL CHECK (setting IN ('push', 'protect')),
    pattern         TEXT NOT NULL,
    PRIMARY KEY (organization_id, setting, pattern)
) STRICT;

-- What a started content is known by, and whether the plugin saw all that came in; empty: reported by an older plugin.
ALTER TABLE records ADD COLUMN evidence TEXT NOT NULL DEFAULT '';
ALTER TABLE records ADD COLUMN coverage TEXT NOT NULL DEFAULT '';
