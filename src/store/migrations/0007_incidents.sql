-- The incident that a service opened for an alert, by destination.
CREATE TABLE incidents (
    alert TEXT NOT NULL,
    destination TEXT NOT NULL,
    incident TEXT NOT NULL,
    opened_by TEXT NOT NULL,
    PRIMARY KEY (alert, destination)
);
