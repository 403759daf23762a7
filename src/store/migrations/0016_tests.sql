-- Network tests, one row for each run, kept whole: `body` is what lists show, `detail` everything it
-- measured. The figures stand in columns of their own for trends, baselines and reports.
CREATE TABLE tests (
    id TEXT PRIMARY KEY,
    agent TEXT NOT NULL,
    target TEXT NOT NULL,
    kind TEXT NOT NULL,
    schedule TEXT,
    phase TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    in_maintenance BOOLEAN NOT NULL,
    download DOUBLE PRECISION,
    upload DOUBLE PRECISION,
    latency DOUBLE PRECISION,
    jitter DOUBLE PRECISION,
    loss DOUBLE PRECISION,
    bytes BIGINT NOT NULL,
    body TEXT NOT NULL,
    detail TEXT
);

CREATE INDEX tests_place ON tests (agent, target, kind, id);
CREATE INDEX tests_schedule ON tests (schedule, id);
CREATE INDEX tests_phase ON tests (phase, id);
CREATE INDEX tests_time ON tests (asked_at);

-- What is run again and again.
CREATE TABLE schedules (
    id TEXT PRIMARY KEY,
    vantage TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (vantage, name)
);
