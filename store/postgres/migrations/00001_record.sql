-- +goose Up

-- Ids are compared byte by byte (COLLATE "C"), as everywhere else.

-- One row is one version of a thing. Rows are added, never changed.
CREATE TABLE records (
	kind     TEXT COLLATE "C" NOT NULL,
	id       TEXT COLLATE "C" NOT NULL,
	version  BIGINT NOT NULL,
	entry    BIGINT NOT NULL, -- the audit entry that recorded it
	recorded BIGINT NOT NULL, -- microseconds since 1970
	tenant   TEXT   NOT NULL, -- whose it is, by folded ids; empty: nobody's
	location TEXT   NOT NULL,
	second   TEXT   NOT NULL,
	subject  TEXT   NOT NULL,
	valid    TEXT   NOT NULL, -- when it holds: "FROM/TO,FROM/TO" in seconds since 1970
	due      BIGINT,          -- when the clock has something to do, in seconds since 1970
	body     TEXT   NOT NULL,
	PRIMARY KEY (kind, id, version)
);
CREATE INDEX records_tenant   ON records (tenant, kind)   WHERE tenant   <> '';
CREATE INDEX records_location ON records (location, kind) WHERE location <> '';
CREATE INDEX records_second   ON records (second, kind)   WHERE second   <> '';
CREATE INDEX records_subject  ON records (subject, kind)  WHERE subject  <> '';
CREATE INDEX records_entry    ON records (entry);

-- The rows of imported files. Whether a file is in force its record says.
CREATE TABLE facts (
	file     TEXT COLLATE "C" NOT NULL,
	n        BIGINT NOT NULL,
	entry    BIGINT NOT NULL,
	tbl      TEXT COLLATE "C" NOT NULL,
	key      TEXT COLLATE "C" NOT NULL, -- what the row is about
	tenant   TEXT   NOT NULL,
	location TEXT   NOT NULL,
	second   TEXT   NOT NULL,
	subject  TEXT   NOT NULL,
	body     TEXT   NOT NULL,
	PRIMARY KEY (file, n)
);
CREATE INDEX facts_key      ON facts (key, tbl)      WHERE key      <> '';
CREATE INDEX facts_location ON facts (location, tbl) WHERE location <> '';
CREATE INDEX facts_second   ON facts (second, tbl)   WHERE second   <> '';

-- What every command did, as canonical JSON, with its SHA-256.
CREATE TABLE entries (
	seq      BIGINT PRIMARY KEY,
	recorded BIGINT NOT NULL,
	body     TEXT   NOT NULL,
	hash     TEXT   NOT NULL
);

-- The files that entries rely on.
CREATE TABLE citations (
	entry    BIGINT NOT NULL,
	sha256   TEXT COLLATE "C" NOT NULL,
	PRIMARY KEY (entry, sha256)
);

-- Entries sealed: a chain of signed blocks.
CREATE TABLE blocks (
	number    BIGINT PRIMARY KEY,
	body      TEXT   NOT NULL, -- the bytes that are signed
	signature BYTEA  NOT NULL,
	leaves    BYTEA  NOT NULL  -- the hashes of its entries
);

-- What happened, for whoever wants to be told.
CREATE TABLE outbox (
	entry    BIGINT NOT NULL,
	n        BIGINT NOT NULL,
	recorded BIGINT NOT NULL,
	kind     TEXT COLLATE "C" NOT NULL,
	id       TEXT COLLATE "C" NOT NULL,
	tenant   TEXT   NOT NULL,
	location TEXT   NOT NULL,
	second   TEXT   NOT NULL,
	subject  TEXT   NOT NULL,
	type     TEXT   NOT NULL,
	detail   TEXT   NOT NULL,
	PRIMARY KEY (entry, n)
);

-- What was answered to which idempotency key.
CREATE TABLE commands (
	key      TEXT COLLATE "C" PRIMARY KEY, -- its SHA-256
	digest   TEXT   NOT NULL,
	entry    BIGINT NOT NULL,
	recorded BIGINT NOT NULL,
	answer   TEXT
);

-- Names and addresses of people: the one table that is overwritten, when
-- somebody asks to be forgotten.
CREATE TABLE personal (
	ref      TEXT COLLATE "C" PRIMARY KEY,
	about    TEXT   NOT NULL,
	entry    BIGINT NOT NULL,
	tenant   TEXT   NOT NULL,
	location TEXT   NOT NULL,
	second   TEXT   NOT NULL,
	subject  TEXT   NOT NULL,
	salt     TEXT   NOT NULL,
	value    TEXT   NOT NULL,
	hash     TEXT   NOT NULL,
	erased   BIGINT NOT NULL -- by which entry; 0: not
);
CREATE INDEX personal_about ON personal (about) WHERE about <> '';

-- When the clock has to look at what: made from the latest versions.
CREATE TABLE alarms (
	kind     TEXT COLLATE "C" NOT NULL,
	id       TEXT COLLATE "C" NOT NULL,
	due      BIGINT NOT NULL,
	PRIMARY KEY (kind, id)
);
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
