-- What pages show at once of many days: as many rows a day as there are different things, however many decisions.
CREATE TABLE daily_counts (
    organization TEXT NOT NULL,
    -- What is counted: everything, or by image and by account where it was refused or would have been, or by rule.
    subject      TEXT NOT NULL CHECK (subject IN ('all', 'image', 'account', 'rule')),
    -- By this service's clock, since the Unix epoch, UTC.
    day          INTEGER NOT NULL,
    -- Which image, account or rule; of everything, empty.
    name         TEXT NOT NULL,
    decision     TEXT NOT NULL CHECK (decision IN ('denied', 'would-deny', 'allowed')),
    times        INTEGER NOT NULL,
    -- When the newest of them was received, milliseconds since the Unix epoch; of what was counted before this table
    -- was there, the beginning of the day.
    last_ms      INTEGER NOT NULL,
    PRIMARY KEY (organization, subject, day, name, decision)
) STRICT, WITHOUT ROWID;

INSERT INTO daily_counts SELECT organization, 'all', day, '', decision, SUM(times), day * 86400000
    FROM decision_counts GROUP BY organization, day, decision;
INSERT INTO daily_counts SELECT organization, 'image', day, image, decision, SUM(times), day * 86400000
    FROM decision_counts WHERE decision <> 'allowed' AND image <> '' GROUP BY organization, day, image, decision;
INSERT INTO daily_counts SELECT organization, 'account', day, account, decision, SUM(times), day * 86400000
    FROM decision_counts WHERE decision <> 'allowed' GROUP BY organization, day, account, decision;
INSERT INTO daily_counts SELECT organization, 'rule', day, rule, decision, SUM(times), day * 86400000
    FROM decision_counts WHERE rule <> '' GROUP BY organization, day, rule, decision;

-- Nothing reads it any more.
DROP INDEX decision_counts_rule;

CREATE INDEX team_members_of_organization ON team_members (organization_id, team, account_id);
