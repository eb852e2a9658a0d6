-- What guards the machine of a signed-in user, as the agent there reported it last: JSON; empty: it never did.
ALTER TABLE agents ADD COLUMN posture TEXT COLLATE "C" NOT NULL DEFAULT '';
-- When that came, milliseconds since the Unix epoch.
ALTER TABLE agents ADD COLUMN posture_at_ms BIGINT;
-- Ways in that nothing there is known to guard.
ALTER TABLE agents ADD COLUMN open_ways BIGINT;
