-- Whether a window covers what cannot be reached without its hosts, too.

ALTER TABLE maintenance ADD COLUMN children BOOLEAN NOT NULL DEFAULT FALSE;
