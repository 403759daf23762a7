-- What waits to be told together: the group that it belongs to, whether it may go (0 unless there
-- are too many, 1 with its group, 2 in any case), and the digest that tells it.

ALTER TABLE outbox ADD COLUMN grouped TEXT;
ALTER TABLE outbox ADD COLUMN gate BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN digest TEXT;
CREATE INDEX outbox_gathering ON outbox (destination, grouped) WHERE state = 'due' AND gate = 1;
CREATE INDEX outbox_digest ON outbox (alert, destination) WHERE digest IS NOT NULL;
CREATE INDEX outbox_group ON outbox (destination, grouped, sent_at) WHERE grouped IS NOT NULL;
