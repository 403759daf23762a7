-- Whether the last result of a check was no answer from its host at all, and what an alert knows of
-- the one that explains it (JSON; none when it stands by itself).

ALTER TABLE statuses ADD COLUMN silent BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE alerts ADD COLUMN cause TEXT;
