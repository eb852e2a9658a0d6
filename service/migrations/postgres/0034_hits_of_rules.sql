-- How often a rule decided, of all days, whatever else was counted on them.
CREATE INDEX daily_counts_of_rules ON daily_counts (organization, name) INCLUDE (times, last_ms) WHERE subject = 'rule';
