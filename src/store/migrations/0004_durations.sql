-- What a rule waits for: since when its values are a problem, and critical, and which of the last 32
-- were a problem (the newest is bit 0); and when an alert was told last.

ALTER TABLE statuses ADD COLUMN wait_since BIGINT;
ALTER TABLE statuses ADD COLUMN wait_critical BIGINT;
ALTER TABLE statuses ADD COLUMN recent BIGINT NOT NULL DEFAULT 0;
ALTER TABLE alerts ADD COLUMN told_at BIGINT;
