-- What the whole console needs: windows over named hosts and checks, undo, comments, an operator's
-- own things, changes of paths, and one log over all that happened.

ALTER TABLE maintenance ADD COLUMN hosts TEXT;
ALTER TABLE maintenance ADD COLUMN checks TEXT;

-- A promise that an operator's command made waits until that cannot be undone any more.
ALTER TABLE outbox ADD COLUMN request TEXT;
CREATE INDEX outbox_request ON outbox (request) WHERE request IS NOT NULL;
CREATE INDEX outbox_alert ON outbox (alert);

-- How things were before a request, as long as it can be undone.
ALTER TABLE requests ADD COLUMN before_image TEXT;

CREATE TABLE comments (
    seq BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    host TEXT NOT NULL,
    check_name TEXT,
    alert TEXT,
    edge BOOLEAN NOT NULL,
    author TEXT NOT NULL,
    text TEXT NOT NULL,
    request TEXT NOT NULL
);
CREATE INDEX comments_host ON comments (host, seq);
CREATE INDEX comments_at ON comments (at, seq);
CREATE INDEX comments_request ON comments (request);

CREATE TABLE preferences (
    operator TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (operator, name)
);

CREATE TABLE paths (
    seq BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    host TEXT NOT NULL,
    check_name TEXT,
    body TEXT NOT NULL
);
CREATE INDEX paths_host ON paths (host, seq);
CREATE INDEX paths_at ON paths (at, seq);

INSERT INTO counters (name, last) VALUES ('comments', 0), ('paths', 0);

DROP INDEX edges_at;
CREATE INDEX edges_at ON edges (at, seq);
DROP INDEX edges_host;
CREATE INDEX edges_host ON edges (host, at, seq);
CREATE INDEX edges_actor ON edges (actor, at, seq) WHERE actor IS NOT NULL;
DROP INDEX audit_at;
CREATE INDEX audit_at ON audit (at, seq);
