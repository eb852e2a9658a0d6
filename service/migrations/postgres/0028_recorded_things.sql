-- As `migrations/sqlite/0028_recorded_things.sql`.
CREATE INDEX decision_counts_thing ON decision_counts (organization, action, image, account, day, times);
