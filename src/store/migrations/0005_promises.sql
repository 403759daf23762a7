-- An operator may have a notification sent again; what is not delivered is counted, and what is
-- over is listed, without reading all of the outbox.

ALTER TABLE outbox ADD COLUMN resent_at BIGINT;
CREATE INDEX outbox_open ON outbox (destination, state) WHERE state IN ('due', 'parked');
CREATE INDEX outbox_ended ON outbox (destination, sent_at) WHERE sent_at IS NOT NULL;
