-- How a window repeats (JSON; none for a fixed one), and when it was in effect before.

ALTER TABLE maintenance ADD COLUMN recurrence TEXT;
ALTER TABLE maintenance ADD COLUMN previous_start BIGINT;
ALTER TABLE maintenance ADD COLUMN previous_end BIGINT;
