-- Several servers on one database. The epoch rises whenever another server takes a lease; being part
-- of a unique index, its change waits for every transaction that has read the row FOR KEY SHARE,
-- while a change of `until` alone does not. Times are milliseconds of the database's own clock.

CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    until BIGINT NOT NULL,
    UNIQUE (name, epoch)
);
INSERT INTO leases (name, owner, epoch, until) VALUES ('leader', '', 0, 0);

-- `owner` tells two runs of one server apart, and is what stands in a lease.
CREATE TABLE servers (
    node TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    url TEXT NOT NULL,
    version TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
