-- What automation for Docker Hub says of registries and access tokens and this service has no field for: JSON that is
-- given back as it was said, and has no effect. Empty: nothing was said.
ALTER TABLE organizations ADD COLUMN registry_notes TEXT NOT NULL DEFAULT '';
ALTER TABLE credentials ADD COLUMN note TEXT NOT NULL DEFAULT '';
