-- Keeping: the trash, and pruning that waits for nobody and lets nobody wait.

-- A letter that came back after its death is kept as long as one that died then.
ALTER TABLE graveshift.dead ADD COLUMN restored_at timestamptz;
CREATE INDEX dead_restored ON graveshift.dead (restored_at) WHERE restored_at IS NOT NULL;

-- Letters that a run discarded, as they were. A job is in one place only, so its id is here at most once.
CREATE TABLE graveshift.trash (
    discarded_at timestamptz NOT NULL DEFAULT now(),
    discarded_by bigint NOT NULL,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
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
    PRIMARY KEY (id, discarded_at)
) PARTITION BY RANGE (discarded_at);
CREATE INDEX trash_newest ON graveshift.trash (discarded_at, id);
CREATE INDEX trash_run ON graveshift.trash (discarded_by, id);
CREATE INDEX trash_cause ON graveshift.trash (fingerprint, id);
CREATE INDEX trash_xid ON graveshift.trash (xid);

-- As in 0001, and days for the trash.
CREATE OR REPLACE FUNCTION graveshift.open_partitions(days_ahead integer DEFAULT 7) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    today date := (now() AT TIME ZONE 'UTC')::date;
    reached bigint := (SELECT last_value FROM graveshift.job_id) / 10000000;
    opened integer;
    payloads integer;
BEGIN
    SELECT sum(graveshift.open_partition(parent, parent || '_' || to_char(day, 'YYYYMMDD'), key,
                                         day || ' 00:00:00+00', (day + 1) || ' 00:00:00+00')) INTO opened
    FROM (VALUES ('attempts', 'finished_at'), ('done', 'finished_at'), ('dead', 'died_at'), ('dead_text', 'died_at'),
                 ('settled', 'settled_at'), ('trash', 'discarded_at')) parents (parent, key),
         (SELECT today + step AS day FROM generate_series(-1, days_ahead) step) days;
    SELECT sum(graveshift.open_partition('payloads', 'payloads_' || step, 'id', (step * 10000000)::text,
                                         ((step + 1) * 10000000)::text)) INTO payloads
    FROM generate_series(reached, reached + 2) step;
    RETURN opened + payloads;
END $$;

SELECT graveshift.open_partitions();

-- What was discarded before there was a trash; from here on `settled` holds what was requeued, which is what an undo reads.
INSERT INTO graveshift.trash (discarded_at, discarded_by, died_at, id, enqueued_at, run_id, attempt, max_attempts, budget,
                              requeue_count, priority, queue, kind, fingerprint, error_type, unique_key, worker,
                              worker_version, trace_id)
SELECT settled_at, settled_by, died_at, id, enqueued_at, run_id, attempt, max_attempts, budget, requeue_count, priority,
       queue, kind, fingerprint, error_type, unique_key, worker, worker_version, trace_id
FROM graveshift.settled WHERE how = 'discarded';
DELETE FROM graveshift.settled WHERE how = 'discarded';
ALTER TABLE graveshift.settled DROP COLUMN how;

-- Drops one day of a parent; false where it must stay. Whoever holds the table longer than a moment makes it give up: it
-- is asked again. Dropping fires no trigger, so the letters of the day are counted out in the same transaction, and before
-- the parent is locked: meanwhile only those who change letters of that very day wait.
DROP FUNCTION graveshift.drop_partition;
CREATE FUNCTION graveshift.drop_day(parent text, name text, keep_from timestamptz) RETURNS boolean LANGUAGE plpgsql
SET lock_timeout = '200ms' AS $$
DECLARE
    came_back boolean;
BEGIN
    IF parent = 'dead' THEN
        EXECUTE format('LOCK TABLE graveshift.%I IN SHARE MODE', name);
        EXECUTE format('SELECT EXISTS (SELECT FROM graveshift.%I WHERE restored_at >= $1)', name)
            INTO came_back USING keep_from;
        IF came_back THEN
            RETURN false;
        END IF;
        EXECUTE format('INSERT INTO graveshift.deltas (n, queue, what, kind, fingerprint)
                        SELECT -count(*), queue, ''dead'', kind, fingerprint FROM graveshift.%I
                        GROUP BY queue, kind, fingerprint', name);
    END IF;
    EXECUTE format('LOCK TABLE ONLY graveshift.%I IN ACCESS EXCLUSIVE MODE', parent);
    EXECUTE format('DROP TABLE graveshift.%I', name);
    RETURN true;
END $$;

-- Ids from `low` up to `high` whose payload a job, a letter or the trash still needs; no more than `few` of them.
CREATE FUNCTION graveshift.needed(low bigint, high bigint, few integer) RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
    (SELECT id FROM graveshift.jobs WHERE id >= low AND id < high LIMIT few)
    UNION (SELECT id FROM graveshift.dead WHERE id >= low AND id < high LIMIT few)
    UNION (SELECT id FROM graveshift.trash WHERE id >= low AND id < high LIMIT few)
    UNION (SELECT id FROM graveshift.done WHERE id >= low AND id < high LIMIT few)
    LIMIT few
$$;

-- Drops ten million ids' payloads once few are needed, and those few go to the default partition; false where it must
-- stay. The need is looked up under the lock, when no producer of these ids can be half way any more.
CREATE FUNCTION graveshift.drop_payloads(step bigint, few integer) RETURNS boolean LANGUAGE plpgsql
SET lock_timeout = '200ms' AS $$
DECLARE
    name text := 'payloads_' || step;
    ids bigint[];
BEGIN
    LOCK TABLE ONLY graveshift.payloads IN ACCESS EXCLUSIVE MODE;
    ids := ARRAY(SELECT graveshift.needed(step * 10000000, (step + 1) * 10000000, few + 1));
    IF cardinality(ids) > few THEN
        RETURN false;
    END IF;
    EXECUTE format('ALTER TABLE graveshift.payloads DETACH PARTITION graveshift.%I', name);
    EXECUTE format('INSERT INTO graveshift.payloads (id, payload)
                    SELECT id, payload FROM graveshift.%I WHERE id = ANY($1)', name) USING ids;
    EXECUTE format('DROP TABLE graveshift.%I', name);
    RETURN true;
END $$;

-- When a queue last did anything: one that has been empty and idle for longer than anything is kept is forgotten.
ALTER TABLE graveshift.depth ADD COLUMN at timestamptz NOT NULL DEFAULT now();

-- A held job keeps its cause from being forgotten.
CREATE INDEX jobs_held_cause ON graveshift.jobs (fingerprint) WHERE state = 'held' AND fingerprint IS NOT NULL;

-- The record forgets from its beginning and nothing that is younger than a year, whoever asks.
DROP TRIGGER audit_is_append_only ON graveshift_ledger.audit;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR TRUNCATE ON graveshift_ledger.audit
    FOR EACH STATEMENT EXECUTE FUNCTION graveshift_ledger.refuse_change();
CREATE TRIGGER audit_keeps_a_year BEFORE DELETE ON graveshift_ledger.audit
    FOR EACH ROW WHEN (OLD.at > now() - interval '365 days')
    EXECUTE FUNCTION graveshift_ledger.refuse_change();

CREATE INDEX runs_ended ON graveshift_ledger.runs (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX runs_plan ON graveshift_ledger.runs (plan_id);
CREATE INDEX plans_expired ON graveshift_ledger.plans (expires_at);
