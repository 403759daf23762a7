-- When a test began: its bytes count in that day and month of its vantage. What stands there already
-- is taken to have begun when it was asked for.
ALTER TABLE tests ADD COLUMN began_at BIGINT;
UPDATE tests SET began_at = asked_at WHERE bytes > 0;
CREATE INDEX tests_traffic ON tests (began_at) WHERE bytes > 0;
