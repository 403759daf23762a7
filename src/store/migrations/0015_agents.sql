-- Workers on other machines. `hash` is the SHA-256 of the key in hexadecimal, `life` counts the
-- starts that were let in with it.
CREATE TABLE agents (
    name TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    location TEXT NOT NULL,
    machine TEXT NOT NULL,
    version TEXT NOT NULL,
    address TEXT,
    boot BIGINT,
    life BIGINT NOT NULL,
    registered_at BIGINT NOT NULL,
    seen_at BIGINT
);

-- How far the results of each stream of an agent were taken: each message counts once.
CREATE TABLE streams (
    agent TEXT NOT NULL,
    stream BIGINT NOT NULL,
    last BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (agent, stream)
);

-- The agent that may register with a token, and how often still; NULL is whenever no live agent
-- has that name.
ALTER TABLE tokens ADD COLUMN agent TEXT;
ALTER TABLE tokens ADD COLUMN uses BIGINT;
