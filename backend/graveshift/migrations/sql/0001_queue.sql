-- The queue: live jobs, their ends, and the counters that make every read flat.

CREATE SCHEMA graveshift;

CREATE TABLE graveshift.queues (
    name text PRIMARY KEY CHECK (name ~ '^[A-Za-z0-9._:-]+$' AND octet_length(name) <= 128),
    paused_at timestamptz,
    paused_until timestamptz,
    paused_by text,
    paused_reason text
);

CREATE TABLE graveshift.workers (
    id uuid PRIMARY KEY,
    host text NOT NULL,
    pid integer NOT NULL,
    version text NOT NULL,
    queues text[] NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'quiet', 'stopping')),
    running integer NOT NULL DEFAULT 0,
    started_at timestamptz NOT NULL DEFAULT now(),
    heartbeat_at timestamptz NOT NULL DEFAULT now(),
    lease_s double precision NOT NULL DEFAULT 30
);

CREATE SEQUENCE graveshift.job_id AS bigint;

-- A name's length is checked apart from its letters: as `{1,128}` that takes thirty times as long, at each claim too.
-- `attempt` only ever grows and is part of the fence; a requeue or a release raises `max_attempts` instead of lowering it.
-- `begun` says that the worker has started it: only begun jobs are counted against when their worker crashes.
-- `budget` is the number of attempts the producer granted. `xid` tells whether a frozen selection can see the row.
CREATE TABLE graveshift.jobs (
    id bigint PRIMARY KEY DEFAULT nextval('graveshift.job_id'),
    run_at timestamptz NOT NULL DEFAULT now(),
    enqueued_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    lease_until timestamptz,
    lease_owner uuid,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    run_id bigint,
    attempt integer NOT NULL DEFAULT 0,
    max_attempts integer NOT NULL DEFAULT 5,
    budget integer NOT NULL DEFAULT 5,
    requeue_count integer NOT NULL DEFAULT 0,
    priority smallint NOT NULL DEFAULT 0,
    crashes smallint NOT NULL DEFAULT 0,
    begun boolean NOT NULL DEFAULT false,
    cancel_requested boolean NOT NULL DEFAULT false,
    queue text NOT NULL CHECK (queue ~ '^[A-Za-z0-9._:-]+$' AND octet_length(queue) <= 128),
    kind text NOT NULL CHECK (kind ~ '^[A-Za-z0-9._:-]+$' AND octet_length(kind) <= 128),
    state text NOT NULL CHECK (state IN ('waiting', 'scheduled', 'retrying', 'running')),
    unique_key text,
    fingerprint text,
    trace_id text,
    CHECK ((state = 'running') = (lease_owner IS NOT NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);

CREATE INDEX jobs_due ON graveshift.jobs (queue, priority DESC, run_at, id) WHERE state <> 'running';
CREATE INDEX jobs_scheduled ON graveshift.jobs (run_at) WHERE state = 'scheduled';
CREATE UNIQUE INDEX jobs_unique_key ON graveshift.jobs (queue, unique_key) WHERE unique_key IS NOT NULL;
CREATE INDEX jobs_lease ON graveshift.jobs (lease_until) WHERE state = 'running';
CREATE INDEX jobs_run ON graveshift.jobs (run_id) WHERE run_id IS NOT NULL;

-- json, not jsonb: it keeps the producer's bytes, U+0000 included.
CREATE TABLE graveshift.payloads (
    id bigint PRIMARY KEY,
    payload json NOT NULL
) PARTITION BY RANGE (id);

CREATE TABLE graveshift.attempts (
    finished_at timestamptz NOT NULL DEFAULT now(),
    job_id bigint NOT NULL,
    attempt integer NOT NULL,
    started_at timestamptz,
    final boolean NOT NULL,
    again boolean NOT NULL,
    queue text NOT NULL,
    kind text NOT NULL,
    fingerprint text NOT NULL,
    error_type text NOT NULL,
    error_message text NOT NULL,
    worker text,
    worker_version text,
    PRIMARY KEY (finished_at, job_id, attempt)
) PARTITION BY RANGE (finished_at);
CREATE INDEX attempts_job ON graveshift.attempts (job_id);

CREATE TABLE graveshift.done (
    finished_at timestamptz NOT NULL DEFAULT now(),
    id bigint NOT NULL,
    enqueued_at timestamptz NOT NULL,
    started_at timestamptz,
    run_id bigint,
    attempt integer NOT NULL,
    max_attempts integer NOT NULL,
    requeue_count integer NOT NULL,
    priority smallint NOT NULL,
    queue text NOT NULL,
    kind text NOT NULL,
    state text NOT NULL CHECK (state IN ('done', 'cancelled')),
    unique_key text,
    worker text,
    trace_id text,
    PRIMARY KEY (finished_at, id)
) PARTITION BY RANGE (finished_at);
CREATE INDEX done_id ON graveshift.done (id);
CREATE INDEX done_run ON graveshift.done (run_id) WHERE run_id IS NOT NULL;

CREATE TABLE graveshift.dead (
    died_at timestamptz NOT NULL DEFAULT now(),
    id bigint NOT NULL,
    enqueued_at timestamptz NOT NULL,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    run_id bigint,
    attempt integer NOT NULL,
    max_attempts integer NOT NULL,
    budget integer NOT NULL,
    requeue_count integer NOT NULL,
    priority smallint NOT NULL,
    queue text NOT NULL,
    kind text NOT NULL,
    fingerprint text NOT NULL,
    error_type text NOT NULL,
    unique_key text,
    worker text,
    worker_version text,
    trace_id text,
    PRIMARY KEY (died_at, id)
) PARTITION BY RANGE (died_at);
CREATE INDEX dead_id ON graveshift.dead (id);
CREATE INDEX dead_run ON graveshift.dead (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX dead_queue ON graveshift.dead (queue, died_at, id);
CREATE INDEX dead_xid ON graveshift.dead (xid);
CREATE INDEX dead_cause ON graveshift.dead (fingerprint, died_at, id);

-- The wide half of a letter. It outlives a requeue, so that an undo finds it, and goes with its day.
CREATE TABLE graveshift.dead_text (
    died_at timestamptz NOT NULL,
    id bigint NOT NULL,
    error_message text NOT NULL,
    traceback text,
    payload json,
    search tsvector NOT NULL,
    PRIMARY KEY (died_at, id)
) PARTITION BY RANGE (died_at);
CREATE INDEX dead_text_search ON graveshift.dead_text USING gin (search) WITH (gin_pending_list_limit = 256);

-- Letters that have left the dead letter queue through a run; what an undo and a restore read.
CREATE TABLE graveshift.settled (
    settled_at timestamptz NOT NULL DEFAULT now(),
    settled_by bigint NOT NULL,
    how text NOT NULL CHECK (how IN ('requeued', 'discarded')),
    died_at timestamptz NOT NULL,
    id bigint NOT NULL,
    enqueued_at timestamptz NOT NULL,
    run_id bigint,
    attempt integer NOT NULL,
    max_attempts integer NOT NULL,
    budget integer NOT NULL,
    requeue_count integer NOT NULL,
    priority smallint NOT NULL,
    queue text NOT NULL,
    kind text NOT NULL,
    fingerprint text NOT NULL,
    error_type text NOT NULL,
    unique_key text,
    worker text,
    worker_version text,
    trace_id text,
    PRIMARY KEY (died_at, id, settled_at)
) PARTITION BY RANGE (settled_at);

-- Append-only: what changed, in a transaction that changed it. The roll-up empties it every second.
CREATE TABLE graveshift.deltas (
    at timestamptz NOT NULL DEFAULT now(),
    n bigint NOT NULL,
    queue text NOT NULL,
    what text NOT NULL,
    kind text NOT NULL DEFAULT '',
    fingerprint text NOT NULL DEFAULT '',
    error_type text,
    message text
);

-- States (waiting scheduled retrying running dead) go up and down; events (enqueued finished cancelled failed died requeued) only up.
CREATE TABLE graveshift.depth (
    queue text NOT NULL,
    what text NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (queue, what)
);

-- Events in buckets of five seconds.
CREATE TABLE graveshift.flow (
    bucket timestamptz NOT NULL,
    queue text NOT NULL,
    what text NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (queue, what, bucket)
);

CREATE TABLE graveshift.groups (
    queue text NOT NULL,
    kind text NOT NULL,
    fingerprint text NOT NULL,
    error_type text NOT NULL,
    message text NOT NULL,
    dead bigint NOT NULL DEFAULT 0,
    retrying bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    died_again bigint NOT NULL DEFAULT 0,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    PRIMARY KEY (queue, kind, fingerprint)
);

-- Failed attempts in buckets of one minute.
CREATE TABLE graveshift.group_flow (
    bucket timestamptz NOT NULL,
    queue text NOT NULL,
    kind text NOT NULL,
    fingerprint text NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (queue, kind, fingerprint, bucket)
);

-- Days for what ends, ten million ids for payloads; a default partition so that a late housekeeper loses nothing.
-- Where the default already holds rows of a day, that day stays in the default.
CREATE FUNCTION graveshift.open_partition(parent text, name text, key text, low text, high text)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    late boolean;
BEGIN
    EXECUTE format('CREATE TABLE IF NOT EXISTS graveshift.%I PARTITION OF graveshift.%I DEFAULT', parent || '_rest', parent);
    IF to_regclass('graveshift.' || quote_ident(name)) IS NOT NULL THEN
        RETURN 0;
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM graveshift.%I WHERE %I >= %L AND %I < %L)',
                   parent || '_rest', key, low, key, high) INTO late;
    IF late THEN
        RETURN 0;
    END IF;
    EXECUTE format('CREATE TABLE graveshift.%I PARTITION OF graveshift.%I FOR VALUES FROM (%L) TO (%L)',
                   name, parent, low, high);
    RETURN 1;
END $$;

CREATE FUNCTION graveshift.open_partitions(days_ahead integer DEFAULT 7) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    today date := (now() AT TIME ZONE 'UTC')::date;
    reached bigint := (SELECT last_value FROM graveshift.job_id) / 10000000;
    opened integer;
    payloads integer;
BEGIN
    SELECT sum(graveshift.open_partition(parent, parent || '_' || to_char(day, 'YYYYMMDD'), key,
                                         day || ' 00:00:00+00', (day + 1) || ' 00:00:00+00')) INTO opened
    FROM (VALUES ('attempts', 'finished_at'), ('done', 'finished_at'), ('dead', 'died_at'), ('dead_text', 'died_at'),
                 ('settled', 'settled_at')) parents (parent, key),
         (SELECT today + step AS day FROM generate_series(-1, days_ahead) step) days;
    SELECT sum(graveshift.open_partition('payloads', 'payloads_' || step, 'id', (step * 10000000)::text,
                                         ((step + 1) * 10000000)::text)) INTO payloads
    FROM generate_series(reached, reached + 2) step;
    RETURN opened + payloads;
END $$;

-- Drops one partition. Dropping fires no trigger, so the letters in it are counted out in the same transaction.
CREATE FUNCTION graveshift.drop_partition(parent text, name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('LOCK TABLE ONLY graveshift.%I IN ACCESS EXCLUSIVE MODE', parent);
    IF parent = 'dead' THEN
        EXECUTE format('INSERT INTO graveshift.deltas (n, queue, what, kind, fingerprint)
                        SELECT -count(*), queue, ''dead'', kind, fingerprint FROM graveshift.%I
                        GROUP BY queue, kind, fingerprint', name);
    END IF;
    EXECUTE format('DROP TABLE graveshift.%I', name);
END $$;

SELECT graveshift.open_partitions();

-- Counting: one row per statement, queue and state; nothing is written where a statement changes no count.
CREATE FUNCTION graveshift.count_inserted_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO graveshift.deltas (n, queue, what, kind, fingerprint)
    SELECT count(*), queue, state, '', '' FROM fresh WHERE state <> 'retrying' GROUP BY queue, state
    UNION ALL
    SELECT count(*), queue, state, kind, coalesce(fingerprint, '') FROM fresh WHERE state = 'retrying' GROUP BY queue, state, kind, fingerprint
    UNION ALL
    SELECT count(*), queue, CASE WHEN requeue_count = 0 THEN 'enqueued' ELSE 'requeued' END, '', ''
    FROM fresh GROUP BY queue, requeue_count = 0;
    RETURN NULL;
END $$;

CREATE FUNCTION graveshift.count_deleted_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO graveshift.deltas (n, queue, what, kind, fingerprint)
    SELECT -count(*), queue, state, CASE WHEN state = 'retrying' THEN kind ELSE '' END,
           CASE WHEN state = 'retrying' THEN coalesce(fingerprint, '') ELSE '' END
    FROM stale GROUP BY 2, 3, 4, 5;
    RETURN NULL;
END $$;

CREATE FUNCTION graveshift.count_updated_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO graveshift.deltas (n, queue, what, kind, fingerprint)
    SELECT sum(n), queue, state, kind, fingerprint FROM (
        SELECT 1 AS n, queue, state, CASE WHEN state = 'retrying' THEN kind ELSE '' END AS kind,
               CASE WHEN state = 'retrying' THEN coalesce(fingerprint, '') ELSE '' END AS fingerprint FROM fresh
        UNION ALL
        SELECT -1, queue, state, CASE WHEN state = 'retrying' THEN kind ELSE '' END,
               CASE WHEN state = 'retrying' THEN coalesce(fingerprint, '') ELSE '' END FROM stale
    ) changed GROUP BY queue, state, kind, fingerprint HAVING sum(n) <> 0;
    RETURN NULL;
END $$;

CREATE TRIGGER jobs_inserted AFTER INSERT ON graveshift.jobs REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION graveshift.count_inserted_jobs();
CREATE TRIGGER jobs_deleted AFTER DELETE ON graveshift.jobs REFERENCING OLD TABLE AS stale
    FOR EACH STATEMENT EXECUTE FUNCTION graveshift.count_deleted_jobs();
CREATE TRIGGER jobs_updated AFTER UPDATE ON graveshift.jobs REFERENCING NEW TABLE AS fresh OLD TABLE AS stale
    FOR EACH STATEMENT EXECUTE FUNCTION graveshift.count_updated_jobs();

CREATE FUNCTION graveshift.count_inserted_dead() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO graveshift.deltas (n, queue, what, kind, fingerprint)
    SELECT count(*), queue, 'dead', kind, fingerprint FROM fresh GROUP BY queue, kind, fingerprint;
    RETURN NULL;
END $$;

CREATE FUNCTION graveshift.count_deleted_dead() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO graveshift.deltas (n, queue, what, kind, fingerprint)
    SELECT -count(*), queue, 'dead', kind, fingerprint FROM stale GROUP BY queue, kind, fingerprint;
    RETURN NULL;
END $$;

CREATE TRIGGER dead_inserted AFTER INSERT ON graveshift.dead REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION graveshift.count_inserted_dead();
CREATE TRIGGER dead_deleted AFTER DELETE ON graveshift.dead REFERENCING OLD TABLE AS stale
    FOR EACH STATEMENT EXECUTE FUNCTION graveshift.count_deleted_dead();

CREATE FUNCTION graveshift.count_done() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO graveshift.deltas (n, queue, what)
    SELECT count(*), queue, CASE state WHEN 'done' THEN 'finished' ELSE state END FROM fresh GROUP BY queue, state;
    RETURN NULL;
END $$;

CREATE TRIGGER done_inserted AFTER INSERT ON graveshift.done REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION graveshift.count_done();

CREATE FUNCTION graveshift.count_attempts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO graveshift.deltas (n, queue, what, kind, fingerprint, error_type, message)
    SELECT count(*), queue, 'failed', kind, fingerprint, max(error_type), left(max(error_message), 500)
    FROM fresh GROUP BY queue, kind, fingerprint
    UNION ALL
    SELECT count(*), queue, 'died', '', '', NULL, NULL FROM fresh WHERE final GROUP BY queue
    UNION ALL
    SELECT count(*), queue, 'died_again', kind, fingerprint, NULL, NULL FROM fresh WHERE final AND again
    GROUP BY queue, kind, fingerprint;
    RETURN NULL;
END $$;

CREATE TRIGGER attempts_inserted AFTER INSERT ON graveshift.attempts REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION graveshift.count_attempts();

-- For producers in any language, inside their own transaction. A live job with the same key is returned instead of a second one.
CREATE FUNCTION graveshift.enqueue(
    queue text, kind text, payload json DEFAULT '{}', priority integer DEFAULT 0, run_at timestamptz DEFAULT NULL,
    max_attempts integer DEFAULT 5, unique_key text DEFAULT NULL, trace_id text DEFAULT NULL
) RETURNS bigint LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    new_id bigint;
    missing text := CASE WHEN enqueue.queue IS NULL THEN 'queue' WHEN enqueue.kind IS NULL THEN 'kind'
                         WHEN enqueue.payload IS NULL THEN 'payload' WHEN enqueue.priority IS NULL THEN 'priority'
                         WHEN enqueue.max_attempts IS NULL THEN 'max_attempts' END;
BEGIN
    -- What the tables check is said here in words: their own message would show the whole row.
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION '% must not be NULL', missing USING ERRCODE = 'not_null_violation';
    END IF;
    IF enqueue.queue !~ '^[A-Za-z0-9._:-]{1,128}$' OR enqueue.kind !~ '^[A-Za-z0-9._:-]{1,128}$' THEN
        RAISE EXCEPTION 'queue and kind must be 1 to 128 of the characters A-Z a-z 0-9 . _ : -'
            USING ERRCODE = 'check_violation';
    END IF;
    IF length(enqueue.unique_key) NOT BETWEEN 1 AND 512 OR length(enqueue.trace_id) > 128 THEN
        RAISE EXCEPTION 'unique_key must be 1 to 512 characters and trace_id at most 128'
            USING ERRCODE = 'check_violation';
    END IF;
    IF enqueue.max_attempts NOT BETWEEN 1 AND 1000 OR enqueue.priority NOT BETWEEN -100 AND 100 THEN
        RAISE EXCEPTION 'max_attempts must be 1 to 1000 and priority -100 to 100' USING ERRCODE = 'check_violation';
    END IF;
    LOOP
        INSERT INTO graveshift.jobs (queue, kind, state, priority, run_at, max_attempts, budget, unique_key, trace_id)
        VALUES (enqueue.queue, enqueue.kind, CASE WHEN enqueue.run_at > now() THEN 'scheduled' ELSE 'waiting' END,
                enqueue.priority, greatest(coalesce(enqueue.run_at, now()), now()), enqueue.max_attempts,
                enqueue.max_attempts, enqueue.unique_key, enqueue.trace_id)
        ON CONFLICT (queue, unique_key) WHERE unique_key IS NOT NULL DO NOTHING
        RETURNING id INTO new_id;
        IF new_id IS NOT NULL THEN
            INSERT INTO graveshift.payloads (id, payload) VALUES (new_id, enqueue.payload);
            RETURN new_id;
        END IF;
        SELECT id INTO new_id FROM graveshift.jobs
        WHERE jobs.queue = enqueue.queue AND jobs.unique_key = enqueue.unique_key;
        IF new_id IS NOT NULL THEN
            RETURN new_id;
        END IF;
    END LOOP;
END $$;

-- The due jobs at the head of a queue. Its plan is the index of due jobs whatever the statistics say: after a burst they
-- are always wrong.
CREATE FUNCTION graveshift.heads(name text, kinds text[], wide integer)
RETURNS TABLE (id bigint, priority smallint, run_at timestamptz) LANGUAGE plpgsql STABLE
SET enable_bitmapscan = off SET enable_seqscan = off AS $$
BEGIN
    RETURN QUERY SELECT j.id, j.priority, j.run_at FROM graveshift.jobs j
    WHERE j.queue = name AND j.state <> 'running' AND j.run_at <= now() AND j.kind = ANY(kinds)
    ORDER BY j.priority DESC, j.run_at, j.id LIMIT wide;
END $$;

-- Seconds since the oldest due job of a queue became due; NULL where none is. It hops from one priority to the next along
-- the index of due jobs, so it stays flat however deep the queue is.
CREATE FUNCTION graveshift.oldest_age(name text) RETURNS double precision LANGUAGE sql STABLE AS $$
    WITH RECURSIVE step AS (
        (SELECT priority, run_at FROM graveshift.jobs WHERE queue = name AND state <> 'running'
         ORDER BY priority DESC, run_at LIMIT 1)
        UNION ALL
        SELECT next.* FROM step, LATERAL (
            SELECT priority, run_at FROM graveshift.jobs
            WHERE queue = name AND state <> 'running' AND priority < step.priority
            ORDER BY priority DESC, run_at LIMIT 1) next
    )
    SELECT CAST(extract(epoch FROM now() - min(run_at)) AS double precision) FROM step WHERE run_at <= now()
$$;
