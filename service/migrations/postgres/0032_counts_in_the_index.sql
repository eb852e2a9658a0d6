-- A page that counts reads many rows in the order of the key, and all of each: they are in the index, as in SQLite, which
-- keeps the whole table in the order of its key.
ALTER TABLE daily_counts DROP CONSTRAINT daily_counts_pkey,
    ADD PRIMARY KEY (organization, subject, day, name, decision) INCLUDE (times, last_ms);
