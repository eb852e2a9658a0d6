-- Whether containers of BuildKit may be fetched and started. The default changes nothing of a policy that is there.
ALTER TABLE policies ADD COLUMN container_builders TEXT NOT NULL DEFAULT 'allow'
    CHECK (container_builders IN ('allow', 'deny'));
