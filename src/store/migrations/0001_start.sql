-- Portable dialect: BIGINT epoch milliseconds, TEXT ids and words, BOOLEAN, JSON as TEXT, BYTEA.
-- Numbers (`no`, `seq`) are taken from `counters` in the transaction that uses them, so that they
-- rise in the order of the commits and neither database needs its own sequence type.

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
INSERT INTO meta (key, value) VALUES ('application', 'fluxnoc');

CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    last BIGINT NOT NULL
);
INSERT INTO counters (name, last) VALUES
    ('checks', 0), ('series', 0), ('journal', 0), ('edges', 0), ('audit', 0), ('chunk_bytes', 0);

CREATE TABLE hosts (
    name TEXT PRIMARY KEY,
    address TEXT NOT NULL,
    spec TEXT NOT NULL,
    retired_at BIGINT
);

CREATE TABLE checks (
    no BIGINT PRIMARY KEY,
    host TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    spec TEXT NOT NULL,
    retired_at BIGINT,
    UNIQUE (host, name)
);

CREATE TABLE series (
    no BIGINT PRIMARY KEY,
    check_no BIGINT NOT NULL,
    metric TEXT NOT NULL,
    instance TEXT NOT NULL,
    unit TEXT NOT NULL,
    UNIQUE (check_no, metric, instance)
);

CREATE TABLE statuses (
    check_no BIGINT PRIMARY KEY,
    state TEXT NOT NULL,
    hard BOOLEAN NOT NULL,
    hard_state TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    since BIGINT NOT NULL,
    last_result BIGINT,
    late BOOLEAN NOT NULL,
    output TEXT NOT NULL
);

-- One row per group commit: all its results packed together, appended in order, never updated.
CREATE TABLE journal (
    seq BIGINT PRIMARY KEY,
    oldest BIGINT NOT NULL,
    newest BIGINT NOT NULL,
    results BIGINT NOT NULL,
    vals BYTEA NOT NULL
);

-- One row per check and hour. The hour comes first, so that folding appends and retention deletes
-- neighbours; a reader asks for each hour by name.
CREATE TABLE chunks (
    hour BIGINT NOT NULL,
    check_no BIGINT NOT NULL,
    vals BYTEA NOT NULL,
    PRIMARY KEY (hour, check_no)
);

CREATE TABLE days (
    day BIGINT NOT NULL,
    check_no BIGINT NOT NULL,
    vals BYTEA NOT NULL,
    PRIMARY KEY (day, check_no)
);

CREATE TABLE alerts (
    id TEXT PRIMARY KEY,
    host TEXT NOT NULL,
    check_name TEXT NOT NULL,
    phase TEXT NOT NULL,
    state TEXT NOT NULL,
    opened BIGINT NOT NULL,
    fired BIGINT,
    resolved BIGINT,
    since BIGINT NOT NULL,
    output TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    ack TEXT,
    edge_seq BIGINT NOT NULL,
    in_maintenance BOOLEAN NOT NULL,
    suppressed BOOLEAN NOT NULL,
    notified TEXT
);
CREATE UNIQUE INDEX alerts_open ON alerts (host, check_name) WHERE phase <> 'resolved';
CREATE INDEX alerts_resolved ON alerts (resolved);

CREATE TABLE edges (
    seq BIGINT PRIMARY KEY,
    alert TEXT NOT NULL,
    edge_seq BIGINT NOT NULL,
    host TEXT NOT NULL,
    check_name TEXT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    from_state TEXT NOT NULL,
    to_state TEXT NOT NULL,
    output TEXT NOT NULL,
    actor TEXT,
    in_maintenance BOOLEAN NOT NULL,
    UNIQUE (alert, edge_seq)
);
CREATE INDEX edges_host ON edges (host, seq);
CREATE INDEX edges_at ON edges (at);

CREATE TABLE maintenance (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    host_pattern TEXT NOT NULL,
    check_pattern TEXT,
    start_at BIGINT NOT NULL,
    end_at BIGINT NOT NULL,
    suppress BOOLEAN NOT NULL,
    created_by TEXT,
    author TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX maintenance_end ON maintenance (end_at);

CREATE TABLE outbox (
    key TEXT PRIMARY KEY,
    alert TEXT NOT NULL,
    edge_seq BIGINT NOT NULL,
    reason TEXT NOT NULL,
    destination TEXT NOT NULL,
    not_before BIGINT NOT NULL,
    state TEXT NOT NULL,
    tries BIGINT NOT NULL,
    sent_at BIGINT,
    error TEXT,
    body TEXT NOT NULL
);
CREATE INDEX outbox_due ON outbox (alert, destination, edge_seq) WHERE state = 'due';
CREATE INDEX outbox_age ON outbox (not_before);

CREATE TABLE requests (
    id TEXT PRIMARY KEY,
    actor TEXT NOT NULL,
    outcome TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX requests_at ON requests (at);

CREATE TABLE audit (
    seq BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    command TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX audit_at ON audit (at);
