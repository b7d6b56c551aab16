-- +goose Up

-- One row is one version of a thing. Rows are added, never changed.
CREATE TABLE records (
	kind     TEXT    NOT NULL,
	id       TEXT    NOT NULL,
	version  INTEGER NOT NULL,
	entry    INTEGER NOT NULL, -- the audit entry that recorded it
	recorded INTEGER NOT NULL, -- microseconds since 1970
	tenant   TEXT    NOT NULL, -- whose it is, by folded ids; empty: nobody's
	location TEXT    NOT NULL,
	second   TEXT    NOT NULL,
	subject  TEXT    NOT NULL,
	valid    TEXT    NOT NULL, -- when it holds: "FROM/TO,FROM/TO" in seconds since 1970
	due      INTEGER,          -- when the clock has something to do, in seconds since 1970
	body     TEXT    NOT NULL,
	PRIMARY KEY (kind, id, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX records_tenant   ON records (tenant, kind)   WHERE tenant   <> '';
CREATE INDEX records_location ON records (location, kind) WHERE location <> '';
CREATE INDEX records_second   ON records (second, kind)   WHERE second   <> '';
CREATE INDEX records_subject  ON records (subject, kind)  WHERE subject  <> '';
CREATE INDEX records_entry    ON records (entry);

-- The rows of imported files. Whether a file is in force its record says.
CREATE TABLE facts (
	file     TEXT    NOT NULL,
	n        INTEGER NOT NULL,
	entry    INTEGER NOT NULL,
	tbl      TEXT    NOT NULL,
	key      TEXT    NOT NULL, -- what the row is about
	tenant   TEXT    NOT NULL,
	location TEXT    NOT NULL,
	second   TEXT    NOT NULL,
	subject  TEXT    NOT NULL,
	body     TEXT    NOT NULL,
	PRIMARY KEY (file, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX facts_key      ON facts (key, tbl)      WHERE key      <> '';
CREATE INDEX facts_location ON facts (location, tbl) WHERE location <> '';
CREATE INDEX facts_second   ON facts (second, tbl)   WHERE second   <> '';

-- What every command did, as canonical JSON, with its SHA-256.
CREATE TABLE entries (
	seq      INTEGER PRIMARY KEY,
	recorded INTEGER NOT NULL,
	body     TEXT    NOT NULL,
	hash     TEXT    NOT NULL
) STRICT;

-- The files that entries rely on.
CREATE TABLE citations (
	entry  INTEGER NOT NULL,
	sha256 TEXT    NOT NULL,
	PRIMARY KEY (entry, sha256)
) STRICT, WITHOUT ROWID;

-- Entries sealed: a chain of signed blocks.
CREATE TABLE blocks (
	number    INTEGER PRIMARY KEY,
	body      TEXT    NOT NULL, -- the bytes that are signed
	signature BLOB    NOT NULL,
	leaves    BLOB    NOT NULL  -- the hashes of its entries
) STRICT;

-- What happened, for whoever wants to be told.
CREATE TABLE outbox (
	entry    INTEGER NOT NULL,
	n        INTEGER NOT NULL,
	recorded INTEGER NOT NULL,
	kind     TEXT    NOT NULL,
	id       TEXT    NOT NULL,
	tenant   TEXT    NOT NULL,
	location TEXT    NOT NULL,
	second   TEXT    NOT NULL,
	subject  TEXT    NOT NULL,
	type     TEXT    NOT NULL,
	detail   TEXT    NOT NULL,
	PRIMARY KEY (entry, n)
) STRICT, WITHOUT ROWID;

-- What was answered to which idempotency key.
CREATE TABLE commands (
	key      TEXT    PRIMARY KEY, -- its SHA-256
	digest   TEXT    NOT NULL,
	entry    INTEGER NOT NULL,
	recorded INTEGER NOT NULL,
	answer   TEXT
) STRICT, WITHOUT ROWID;

-- Names and addresses of people: the one table that is overwritten, when
-- somebody asks to be forgotten.
CREATE TABLE personal (
	ref      TEXT    PRIMARY KEY,
	about    TEXT    NOT NULL,
	entry    INTEGER NOT NULL,
	tenant   TEXT    NOT NULL,
	location TEXT    NOT NULL,
	second   TEXT    NOT NULL,
	subject  TEXT    NOT NULL,
	salt     TEXT    NOT NULL,
	value    TEXT    NOT NULL,
	hash     TEXT    NOT NULL,
	erased   INTEGER NOT NULL -- by which entry; 0: not
) STRICT, WITHOUT ROWID;
CREATE INDEX personal_about ON personal (about) WHERE about <> '';

-- When the clock has to look at what: made from the latest versions.
CREATE TABLE alarms (
	kind TEXT    NOT NULL,
	id   TEXT    NOT NULL,
	due  INTEGER NOT NULL,
	PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX alarms_due ON alarms (due, kind, id);

-- +goose Down
DROP TABLE alarms;
DROP TABLE personal;
DROP TABLE commands;
DROP TABLE outbox;
DROP TABLE blocks;
DROP TABLE citations;
DROP TABLE entries;
DROP TABLE facts;
DROP TABLE records;
