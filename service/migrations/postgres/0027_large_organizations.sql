-- As `migrations/sqlite/0027_large_organizations.sql`.
CREATE TABLE daily_counts (
    organization TEXT COLLATE "C" NOT NULL,
    subject      TEXT COLLATE "C" NOT NULL CHECK (subject IN ('all', 'image', 'account', 'rule')),
    day          BIGINT NOT NULL,
    name         TEXT COLLATE "C" NOT NULL,
    decision     TEXT COLLATE "C" NOT NULL CHECK (decision IN ('denied', 'would-deny', 'allowed')),
    times        BIGINT NOT NULL,
    last_ms      BIGINT NOT NULL,
    PRIMARY KEY (organization, subject, day, name, decision)
);

INSERT INTO daily_counts SELECT organization, 'all', day, '', decision, CAST(SUM(times) AS BIGINT), day * 86400000
    FROM decision_counts GROUP BY organization, day, decision;
INSERT INTO daily_counts SELECT organization, 'image', day, image, decision, CAST(SUM(times) AS BIGINT), day * 86400000
    FROM decision_counts WHERE decision <> 'allowed' AND image <> '' GROUP BY organization, day, image, decision;
INSERT INTO daily_counts SELECT organization, 'account', day, account, decision, CAST(SUM(times) AS BIGINT), day * 86400000
    FROM decision_counts WHERE decision <> 'allowed' GROUP BY organization, day, account, decision;
INSERT INTO daily_counts SELECT organization, 'rule', day, rule, decision, CAST(SUM(times) AS BIGINT), day * 86400000
    FROM decision_counts WHERE rule <> '' GROUP BY organization, day, rule, decision;

DROP INDEX decision_counts_rule;

CREATE INDEX team_members_of_organization ON team_members (organization_id, team, account_id);
