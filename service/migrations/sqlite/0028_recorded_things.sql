-- What a change of the policy is held against: every distinct thing of an organization with whoever did it, read from
-- the index alone and in its order.
CREATE INDEX decision_counts_thing ON decision_counts (organization, action, image, account, day, times);
