-- What is judged over many results: which of the last 20 were changes of state (bits 0 to 19, the
-- newest lowest) with the mark that the check flaps (bit 20), and what the alert knows of it.

ALTER TABLE statuses ADD COLUMN flap BIGINT NOT NULL DEFAULT 0;
ALTER TABLE alerts ADD COLUMN flapping TEXT;
