-- How far an alert was escalated: the time that has counted and the steps that were told (JSON; none
-- when its contact list has no steps).

ALTER TABLE alerts ADD COLUMN escalation TEXT;
