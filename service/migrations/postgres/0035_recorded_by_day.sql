-- What a change of the policy is held against is read by day, from the table in its own order.
DROP INDEX decision_counts_thing;
