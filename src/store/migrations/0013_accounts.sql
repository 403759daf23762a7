-- Who may come in over the network. `folded` is the name in lower case: there is one of each.

CREATE TABLE users (
    name TEXT PRIMARY KEY,
    folded TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    password TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);

-- `hash` is the SHA-256 in hexadecimal, `scopes` are words with blanks between.
CREATE TABLE tokens (
    name TEXT PRIMARY KEY,
    folded TEXT NOT NULL UNIQUE,
    hash TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT
);

-- From where something was done, and what it changed (JSON with `before` and `after`).
ALTER TABLE audit ADD COLUMN address TEXT;
ALTER TABLE audit ADD COLUMN change TEXT;
