-- What is kept of decisions: seconds; absent: as the service is set.
ALTER TABLE organizations ADD COLUMN keep_records INTEGER;
-- What of allowed ones that would not have been refused either: nothing, counts, or each.
ALTER TABLE organizations ADD COLUMN allowed_pulls TEXT NOT NULL DEFAULT 'counts'
    CHECK (allowed_pulls IN ('none', 'counts', 'all'));

-- Decisions of a day, counted once each, also those of which no row is kept.
CREATE TABLE decision_counts (
    organization TEXT NOT NULL,
    -- By this service's clock, since the Unix epoch, UTC.
    day          INTEGER NOT NULL,
    -- Whose agent reported it.
    account      TEXT NOT NULL,
    action       TEXT NOT NULL,
    -- Empty: none was named, or one that is no image.
    image        TEXT NOT NULL,
    decision     TEXT NOT NULL CHECK (decision IN ('denied', 'would-deny', 'allowed')),
    reason       TEXT NOT NULL,
    category     TEXT NOT NULL,
    -- The rule that decided; empty: none.
    rule         TEXT NOT NULL,
    times        INTEGER NOT NULL,
    PRIMARY KEY (organization, day, account, action, image, decision, reason, category, rule)
) STRICT, WITHOUT ROWID;
CREATE INDEX decision_counts_rule ON decision_counts (organization, rule, day) WHERE rule <> '';

-- Records that were counted: one that is sent again is known by a digest, and by nothing that tells when or where.
CREATE TABLE record_ids (
    -- First 16 bytes of SHA-256 over the machine and the record's id.
    digest BLOB PRIMARY KEY,
    day    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX record_ids_day ON record_ids (day);

-- The newest decision of each organization's policy on a machine, also where no row of it is kept.
CREATE TABLE machine_generations (
    machine_id     TEXT NOT NULL,
    -- Empty: no organization's policy decided.
    organization   TEXT NOT NULL,
    generation     INTEGER NOT NULL,
    received_at_ms INTEGER NOT NULL,
    record_id      TEXT NOT NULL,
    PRIMARY KEY (machine_id, organization)
) STRICT, WITHOUT ROWID;
CREATE INDEX machine_generations_newest ON machine_generations (received_at_ms);

CREATE INDEX records_allowed ON records (organization, received_at_ms) WHERE allowed AND NOT would_deny;

INSERT INTO machine_generations (machine_id, organization, generation, received_at_ms, record_id)
    SELECT r.machine_id, r.organization, r.generation, r.received_at_ms, r.id FROM records r
    JOIN (SELECT machine_id, organization, MAX(id) AS id FROM records GROUP BY machine_id, organization) newest
    ON newest.machine_id = r.machine_id AND newest.id = r.id;

INSERT INTO decision_counts (organization, day, account, action, image, decision, reason, category, rule, times)
    SELECT organization, received_at_ms / 86400000, reported_by, action,
        CASE WHEN LENGTH(CAST(image AS BLOB)) <= 600 THEN image ELSE '' END,
        CASE WHEN NOT allowed THEN 'denied' WHEN would_deny THEN 'would-deny' ELSE 'allowed' END,
        reason, category, rule, COUNT(*)
    FROM records WHERE organization <> '' AND act = '' GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9;
-- What no policy had a say in belongs to the organizations of whoever reported it.
INSERT INTO decision_counts (organization, day, account, action, image, decision, reason, category, rule, times)
    SELECT o.name, r.received_at_ms / 86400000, r.reported_by, r.action,
        CASE WHEN LENGTH(CAST(r.image AS BLOB)) <= 600 THEN r.image ELSE '' END,
        'allowed', r.reason, r.category, r.rule, COUNT(*)
    FROM records r JOIN accounts a ON a.name = r.reported_by JOIN memberships m ON m.account_id = a.id
    JOIN organizations o ON o.id = m.organization_id
    WHERE r.organization = '' AND r.allowed AND NOT r.would_deny AND r.act = '' GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
    ON CONFLICT (organization, day, account, action, image, decision, reason, category, rule)
    DO UPDATE SET times = decision_counts.times + excluded.times;
