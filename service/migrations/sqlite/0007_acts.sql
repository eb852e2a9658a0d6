-- What an administrator of the machine did there, as a JSON object; empty: a decision.
ALTER TABLE records ADD COLUMN act TEXT NOT NULL DEFAULT '';
