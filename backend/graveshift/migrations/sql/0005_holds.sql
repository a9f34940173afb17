-- Holds: live jobs that keep their place and are not handed out. Drained queues: those that take no new jobs.

-- `held_until` NULL on a held job means until it is released. `worker_version` is whose attempt failed last.
ALTER TABLE graveshift.jobs
    ADD COLUMN held_until timestamptz,
    ADD COLUMN held_reason text,
    ADD COLUMN worker_version text,
    DROP CONSTRAINT jobs_state_check,
    ADD CONSTRAINT jobs_state_check CHECK (state IN ('waiting', 'scheduled', 'retrying', 'running', 'held'));

-- Every statement that hands out or looks for due jobs says this predicate word for word, or this index is not used.
DROP INDEX graveshift.jobs_due;
CREATE INDEX jobs_due ON graveshift.jobs (queue, priority DESC, run_at, id) WHERE state NOT IN ('running', 'held');
CREATE INDEX jobs_held ON graveshift.jobs (held_until) WHERE state = 'held' AND held_until IS NOT NULL;

ALTER TABLE graveshift.queues
    ADD COLUMN draining_at timestamptz,
    ADD COLUMN draining_by text;

-- As in 0001, and held jobs are not at the head.
CREATE OR REPLACE FUNCTION graveshift.heads(name text, kinds text[], wide integer)
RETURNS TABLE (id bigint, priority smallint, run_at timestamptz) LANGUAGE plpgsql STABLE
SET enable_bitmapscan = off SET enable_seqscan = off AS $$
BEGIN
    RETURN QUERY SELECT j.id, j.priority, j.run_at FROM graveshift.jobs j
    WHERE j.queue = name AND j.state NOT IN ('running', 'held') AND j.run_at <= now() AND j.kind = ANY(kinds)
    ORDER BY j.priority DESC, j.run_at, j.id LIMIT wide;
END $$;

-- As in 0001, and held jobs are not due.
CREATE OR REPLACE FUNCTION graveshift.oldest_age(name text) RETURNS double precision LANGUAGE sql STABLE AS $$
    WITH RECURSIVE step AS (
        (SELECT priority, run_at FROM graveshift.jobs WHERE queue = name AND state NOT IN ('running', 'held')
         ORDER BY priority DESC, run_at LIMIT 1)
        UNION ALL
        SELECT next.* FROM step, LATERAL (
            SELECT priority, run_at FROM graveshift.jobs
            WHERE queue = name AND state NOT IN ('running', 'held') AND priority < step.priority
            ORDER BY priority DESC, run_at LIMIT 1) next
    )
    SELECT CAST(extract(epoch FROM now() - min(run_at)) AS double precision) FROM step WHERE run_at <= now()
$$;

-- As in 0001, and a draining queue refuses.
CREATE OR REPLACE FUNCTION graveshift.enqueue(
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
    IF EXISTS (SELECT FROM graveshift.queues q WHERE q.name = enqueue.queue AND q.draining_at IS NOT NULL) THEN
        RAISE EXCEPTION 'queue % is draining: it takes no new jobs', enqueue.queue
            USING ERRCODE = 'object_not_in_prerequisite_state';
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

-- True where the payload contains `wanted`; NULL where jsonb cannot hold the payload (U+0000, lone surrogates, numbers
-- beyond its range), which is for the caller to look at. A `wanted` of NULL is one that jsonb cannot hold, and what it
-- can hold contains no such thing.
CREATE FUNCTION graveshift.payload_has(payload json, wanted jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    document jsonb;
BEGIN
    document := CAST(payload AS jsonb);
    RETURN coalesce(document @> wanted, false);
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
    RETURN NULL;
END $$;
