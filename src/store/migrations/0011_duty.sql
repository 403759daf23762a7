-- What a handover tells besides alerts: notes, who took over, and when nobody watched (the engine
-- was off, or blind; `until` is missing while that lasts).

CREATE TABLE duty (
    seq BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    until BIGINT,
    kind TEXT NOT NULL,
    author TEXT,
    text TEXT NOT NULL
);
CREATE INDEX duty_at ON duty (at, seq);
CREATE INDEX duty_kind ON duty (kind, at);
INSERT INTO counters (name, last) VALUES ('duty', 0);
