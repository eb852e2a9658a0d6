-- As `migrations/sqlite/0024_decision_counts.sql`.
ALTER TABLE organizations ADD COLUMN keep_records BIGINT;
ALTER TABLE organizations ADD COLUMN allowed_pulls TEXT COLLATE "C" NOT NULL DEFAULT 'counts'
    CHECK (allowed_pulls IN ('none', 'counts', 'all'));

CREATE TABLE decision_counts (
    organization TEXT COLLATE "C" NOT NULL,
    day          BIGINT NOT NULL,
    account      TEXT COLLATE "C" NOT NULL,
    action       TEXT COLLATE "C" NOT NULL,
    image        TEXT COLLATE "C" NOT NULL,
    decision     TEXT COLLATE "C" NOT NULL CHECK (decision IN ('denied', 'would-deny', 'allowed')),
    reason       TEXT COLLATE "C" NOT NULL,
    category     TEXT COLLATE "C" NOT NULL,
    rule         TEXT COLLATE "C" NOT NULL,
    times        BIGINT NOT NULL,
    PRIMARY KEY (organization, day, account, action, image, decision, reason, category, rule)
);
CREATE INDEX decision_counts_rule ON decision_counts (organization, rule, day) WHERE rule <> '';

CREATE TABLE record_ids (
    digest BYTEA PRIMARY KEY,
    day    BIGINT NOT NULL
);
CREATE INDEX record_ids_day ON record_ids (day);

CREATE TABLE machine_generations (
    machine_id     TEXT COLLATE "C" NOT NULL,
    organization   TEXT COLLATE "C" NOT NULL,
    generation     BIGINT NOT NULL,
    received_at_ms BIGINT NOT NULL,
    record_id      TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (machine_id, organization)
);
CREATE INDEX machine_generations_newest ON machine_generations (received_at_ms);

CREATE INDEX records_allowed ON records (organization, received_at_ms) WHERE allowed AND NOT would_deny;

INSERT INTO machine_generations (machine_id, organization, generation, received_at_ms, record_id)
    SELECT r.machine_id, r.organization, r.generation, r.received_at_ms, r.id FROM records r
    JOIN (SELECT machine_id, organization, MAX(id) AS id FROM records GROUP BY machine_id, organization) newest
    ON newest.machine_id = r.machine_id AND newest.id = r.id;

INSERT INTO decision_counts (organization, day, account, action, image, decision, reason, category, rule, times)
    SELECT organization, received_at_ms / 86400000, reported_by, action,
        CASE WHEN OCTET_LENGTH(image) <= 600 THEN image ELSE '' END,
        CASE WHEN NOT allowed THEN 'denied' WHEN would_deny THEN 'would-deny' ELSE 'allowed' END,
        reason, category, rule, COUNT(*)
    FROM records WHERE organization <> '' AND act = '' GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9;
INSERT INTO decision_counts (organization, day, account, action, image, decision, reason, category, rule, times)
    SELECT o.name, r.received_at_ms / 86400000, r.reported_by, r.action,
        CASE WHEN OCTET_LENGTH(r.image) <= 600 THEN r.image ELSE '' END,
        'allowed', r.reason, r.category, r.rule, COUNT(*)
    FROM records r JOIN accounts a ON a.name = r.reported_by JOIN memberships m ON m.account_id = a.id
    JOIN organizations o ON o.id = m.organization_id
    WHERE r.organization = '' AND r.allowed AND NOT r.would_deny AND r.act = '' GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
    ON CONFLICT (organization, day, account, action, image, decision, reason, category, rule)
    DO UPDATE SET times = decision_counts.times + excluded.times;
