-- The queue. Names of tables and columns are part of the supported interface: postrider-queue(5).
-- Times are seconds since the epoch. Everything the tables owe each other is done by the triggers
-- below, in plain SQL, because the sqlite3 shell has foreign keys off.

CREATE TABLE message (
	id              INTEGER PRIMARY KEY,
	sender          TEXT NOT NULL,            -- '' is the null reverse-path
	created_at      INTEGER NOT NULL,
	size            INTEGER NOT NULL,         -- bytes of the body
	segment_id      INTEGER NOT NULL,         -- where the body lies: segments/<segment_id>.seg
	offset          INTEGER NOT NULL,
	crc32c          INTEGER NOT NULL,
	eight_bit       INTEGER NOT NULL DEFAULT 0,
	needs_stuffing  INTEGER NOT NULL DEFAULT 0,
	longest_line    INTEGER NOT NULL DEFAULT 0,
	smtputf8        INTEGER NOT NULL DEFAULT 0,
	requiretls      INTEGER NOT NULL DEFAULT 0,
	priority        INTEGER NOT NULL DEFAULT 0,
	envid           TEXT,
	ret             INTEGER NOT NULL DEFAULT 0, -- 0 not given, 1 FULL, 2 HDRS
	origin          TEXT,
	tag             TEXT,
	arrived_from    TEXT
) STRICT;

CREATE TABLE domain (
	id              INTEGER PRIMARY KEY,
	name            TEXT NOT NULL UNIQUE,
	suspended_until INTEGER,                  -- NULL: not suspended
	suspended_why   TEXT
) STRICT;

CREATE TABLE class (
	id              INTEGER PRIMARY KEY,
	sender_domain   TEXT NOT NULL,
	tag             TEXT NOT NULL,            -- '': none
	band            INTEGER NOT NULL,
	lanes           INTEGER NOT NULL DEFAULT 0, -- counter
	UNIQUE (sender_domain, tag, band)
) STRICT;

-- The three counters are all deliveries of the lane, each in one of them.
CREATE TABLE lane (
	id              INTEGER PRIMARY KEY,
	domain_id       INTEGER NOT NULL,
	class_id        INTEGER NOT NULL,
	queued          INTEGER NOT NULL DEFAULT 0, -- never tried
	deferred        INTEGER NOT NULL DEFAULT 0,
	held            INTEGER NOT NULL DEFAULT 0,
	UNIQUE (domain_id, class_id)
) STRICT;

CREATE TABLE delivery (
	id              INTEGER PRIMARY KEY,
	message_id      INTEGER NOT NULL,
	lane_id         INTEGER NOT NULL,
	state           INTEGER NOT NULL DEFAULT 0 CHECK (state IN (0, 2)), -- 0 active, 2 held
	rev             INTEGER NOT NULL DEFAULT 0, -- raised by the daemon in its own updates;
	                                            -- its insertions begin with 1
	retry_num       INTEGER NOT NULL DEFAULT 0,
	notify_num      INTEGER NOT NULL DEFAULT 0,
	next_attempt_at INTEGER NOT NULL,
	next_notify_at  INTEGER,                  -- NULL: no further delay notice
	expires_at      INTEGER,                  -- NULL: never
	-- The sooner of the two that is not NULL. Written without a function, whose possible failure
	-- would cost every statement about a delivery a journal of its own.
	wake_at         INTEGER GENERATED ALWAYS AS
	                (CASE WHEN next_notify_at IS NULL THEN expires_at
	                      WHEN next_notify_at > expires_at THEN expires_at
	                      ELSE next_notify_at END) VIRTUAL,
	last_attempt_at INTEGER,
	last_class      TEXT,                     -- as the variable last_error: dns, connection …
	last_step       TEXT,
	last_code       INTEGER,
	last_enhanced   TEXT,
	last_reply      TEXT,
	last_host       TEXT,
	last_ip         TEXT,
	last_tls_error  TEXT
) STRICT;

CREATE TABLE recipient (
	id              INTEGER PRIMARY KEY,
	delivery_id     INTEGER NOT NULL,
	address         TEXT NOT NULL,
	orcpt           TEXT,
	notify          INTEGER NOT NULL DEFAULT 0, -- 1 NEVER, 2 SUCCESS, 4 FAILURE, 8 DELAY
	state           INTEGER NOT NULL DEFAULT 0, -- 0 pending, 1 delivered, 2 failed, 3 expired,
	                                            -- 4 removed
	code            INTEGER,
	enhanced        TEXT,
	reply           TEXT
) STRICT;

CREATE TABLE segment (
	id              INTEGER PRIMARY KEY,
	kind            INTEGER NOT NULL DEFAULT 0, -- 0 shared, 1 one large body
	sealed          INTEGER NOT NULL DEFAULT 0,
	bytes           INTEGER NOT NULL DEFAULT 0, -- length of the file, known once it is sealed
	live_bytes      INTEGER NOT NULL DEFAULT 0, -- counter
	live_messages   INTEGER NOT NULL DEFAULT 0  -- counter
) STRICT;

CREATE TABLE attempt (
	id              INTEGER PRIMARY KEY,
	delivery_id     INTEGER NOT NULL,
	retry_num       INTEGER NOT NULL,         -- of the delivery when the attempt began
	at              INTEGER NOT NULL,
	class           TEXT,
	step            TEXT,
	code            INTEGER,
	enhanced        TEXT,
	reply           TEXT,
	text            TEXT NOT NULL             -- one line per host tried
) STRICT;

CREATE TABLE known (
	kind            TEXT NOT NULL,
	key             TEXT NOT NULL,
	value           TEXT NOT NULL,
	expires_at      INTEGER NOT NULL,
	PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE command (
	id              INTEGER PRIMARY KEY,
	verb            TEXT NOT NULL,
	selector        TEXT NOT NULL,            -- JSON
	created_at      INTEGER NOT NULL,
	next            INTEGER NOT NULL DEFAULT 0, -- deliveries up to this id are done
	until           INTEGER NOT NULL DEFAULT 0, -- the last one that is meant
	changed         INTEGER NOT NULL DEFAULT 0  -- so far
) STRICT;

-- Lanes that somebody else than the daemon touched.
CREATE TABLE edited (
	lane_id         INTEGER PRIMARY KEY
) STRICT;

-- Every number handed out is below next, so that none comes twice after rows were deleted.
CREATE TABLE counter (
	name            TEXT PRIMARY KEY,
	next            INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO counter (name, next) VALUES
	('message', 1), ('delivery', 1), ('recipient', 1), ('lane', 1),
	('domain', 1), ('class', 1), ('segment', 1), ('job', 1);

-- The daemon sets writing at the start of each of its transactions and clears it at the end of the
-- same one. Nobody else can ever read a 1, and after a crash it is 0: so a trigger knows for sure
-- whose statement it runs under.
CREATE TABLE daemon (
	id              INTEGER PRIMARY KEY CHECK (id = 1),
	writing         INTEGER NOT NULL
) STRICT;

INSERT INTO daemon (id, writing) VALUES (1, 0);

-- Each index is paid for every message.
CREATE INDEX delivery_due ON delivery (lane_id, retry_num > 0, next_attempt_at) WHERE state = 0;
CREATE INDEX delivery_wake ON delivery (wake_at) WHERE state = 0;
CREATE INDEX delivery_message ON delivery (message_id);
CREATE INDEX recipient_delivery ON recipient (delivery_id);
CREATE INDEX attempt_delivery ON attempt (delivery_id);

-- Cascades and counters, for everybody. OR FAIL where a deletion leads to: what it sets cannot be
-- NULL, and without it the library keeps the pages before each deletion to undo that one alone.

CREATE TRIGGER message_insert AFTER INSERT ON message
BEGIN
	UPDATE segment SET live_bytes = live_bytes + new.size, live_messages = live_messages + 1
	 WHERE id = new.segment_id;
END;

CREATE TRIGGER message_move AFTER UPDATE OF segment_id, size ON message
BEGIN
	UPDATE segment SET live_bytes = live_bytes - old.size, live_messages = live_messages - 1
	 WHERE id = old.segment_id;
	UPDATE segment SET live_bytes = live_bytes + new.size, live_messages = live_messages + 1
	 WHERE id = new.segment_id;
END;

CREATE TRIGGER message_delete AFTER DELETE ON message
BEGIN
	UPDATE OR FAIL segment SET live_bytes = live_bytes - old.size, live_messages = live_messages - 1
	 WHERE id = old.segment_id;
	DELETE FROM delivery WHERE message_id = old.id;
END;

CREATE TRIGGER delivery_insert AFTER INSERT ON delivery
BEGIN
	UPDATE lane SET queued = queued + (new.state = 0 AND new.retry_num <= 0),
	                deferred = deferred + (new.state = 0 AND new.retry_num > 0),
	                held = held + (new.state <> 0)
	 WHERE id = new.lane_id;
END;

CREATE TRIGGER delivery_move AFTER UPDATE OF state, retry_num, lane_id ON delivery
WHEN new.lane_id <> old.lane_id OR new.state <> old.state
  OR (new.retry_num > 0) <> (old.retry_num > 0)
BEGIN
	UPDATE lane SET queued = queued - (old.state = 0 AND old.retry_num <= 0),
	                deferred = deferred - (old.state = 0 AND old.retry_num > 0),
	                held = held - (old.state <> 0)
	 WHERE id = old.lane_id;
	UPDATE lane SET queued = queued + (new.state = 0 AND new.retry_num <= 0),
	                deferred = deferred + (new.state = 0 AND new.retry_num > 0),
	                held = held + (new.state <> 0)
	 WHERE id = new.lane_id;
END;

CREATE TRIGGER delivery_delete AFTER DELETE ON delivery
BEGIN
	DELETE FROM recipient WHERE delivery_id = old.id;
	DELETE FROM attempt WHERE delivery_id = old.id;
	UPDATE OR FAIL lane SET queued = queued - (old.state = 0 AND old.retry_num <= 0),
	                deferred = deferred - (old.state = 0 AND old.retry_num > 0),
	                held = held - (old.state <> 0)
	 WHERE id = old.lane_id;
	INSERT INTO edited (lane_id)
	SELECT old.lane_id FROM daemon WHERE writing = 0 ON CONFLICT DO NOTHING;
	DELETE FROM message WHERE id = old.message_id
	   AND NOT EXISTS (SELECT 1 FROM delivery WHERE message_id = old.message_id);
END;

CREATE TRIGGER lane_insert AFTER INSERT ON lane
BEGIN
	UPDATE class SET lanes = lanes + 1 WHERE id = new.class_id;
END;

CREATE TRIGGER lane_delete AFTER DELETE ON lane
BEGIN
	DELETE FROM edited WHERE lane_id = old.id;
	UPDATE class SET lanes = lanes - 1 WHERE id = old.class_id;
END;

CREATE TRIGGER lane_keep BEFORE DELETE ON lane
WHEN old.queued <> 0 OR old.deferred <> 0 OR old.held <> 0
BEGIN
	SELECT raise(ABORT, 'deliveries wait in this lane');
END;

CREATE TRIGGER domain_keep BEFORE DELETE ON domain
WHEN EXISTS (SELECT 1 FROM lane WHERE domain_id = old.id)
BEGIN
	SELECT raise(ABORT, 'this domain has lanes');
END;

CREATE TRIGGER class_keep BEFORE DELETE ON class
WHEN old.lanes <> 0
BEGIN
	SELECT raise(ABORT, 'this class has lanes');
END;

-- What others did, for the daemon to read again; deletions of deliveries are in delivery_delete.

CREATE TRIGGER delivery_insert_edited AFTER INSERT ON delivery
WHEN new.rev = 0
BEGIN
	INSERT INTO edited (lane_id) VALUES (new.lane_id) ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER delivery_update_edited AFTER UPDATE ON delivery
WHEN new.rev = old.rev
BEGIN
	INSERT INTO edited (lane_id) VALUES (old.lane_id) ON CONFLICT DO NOTHING;
	INSERT INTO edited (lane_id) VALUES (new.lane_id) ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER recipient_update_edited AFTER UPDATE ON recipient
WHEN (SELECT writing FROM daemon) = 0
BEGIN
	INSERT INTO edited (lane_id)
	SELECT lane_id FROM delivery WHERE id = new.delivery_id ON CONFLICT DO NOTHING;
END;

-- A delivery whose last pending recipient was deleted has nothing left to do.
CREATE TRIGGER recipient_delete_edited AFTER DELETE ON recipient
WHEN (SELECT writing FROM daemon) = 0
BEGIN
	INSERT INTO edited (lane_id)
	SELECT lane_id FROM delivery WHERE id = old.delivery_id ON CONFLICT DO NOTHING;
	DELETE FROM delivery WHERE id = old.delivery_id
	   AND NOT EXISTS (SELECT 1 FROM recipient WHERE delivery_id = old.delivery_id AND state = 0);
END;

CREATE TRIGGER domain_update_edited AFTER UPDATE ON domain
WHEN (SELECT writing FROM daemon) = 0
BEGIN
	INSERT INTO edited (lane_id)
	SELECT id FROM lane WHERE domain_id = new.id ON CONFLICT DO NOTHING;
END;
