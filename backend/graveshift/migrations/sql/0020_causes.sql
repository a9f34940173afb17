-- Causes: how often they came back, what became of what was requeued of them, who is on them, and whether the counts hold.

-- `again`: the highest number of requeues that a letter of the cause has died after. `split`: the payload field whose
-- value is part of the cause, as `customer=acme`; NULL where none is.
ALTER TABLE graveshift.attempts ADD COLUMN split text;
ALTER TABLE graveshift.deltas ADD COLUMN again integer, ADD COLUMN split text;
ALTER TABLE graveshift.groups ADD COLUMN again integer NOT NULL DEFAULT 0, ADD COLUMN split text;
CREATE INDEX groups_cause ON graveshift.groups (fingerprint);
-- What is still retrying, of one cause: a sample of it is looked at before anything has died.
CREATE INDEX jobs_retrying_cause ON graveshift.jobs (fingerprint, id)
    WHERE state = 'retrying' AND fingerprint IS NOT NULL;

-- What runs moved and what became of it, appended like `deltas` and folded with them: `requeued` and `recalled` letters
-- of a cause, and then jobs that were `done` or `cancelled` (of which no cause is known) or `died`, of which cause.
CREATE TABLE graveshift.run_deltas (
    at timestamptz NOT NULL DEFAULT now(),
    run_id bigint NOT NULL,
    what text NOT NULL,
    queue text NOT NULL,
    kind text NOT NULL,
    fingerprint text NOT NULL,
    n bigint NOT NULL
);
CREATE TABLE graveshift.run_counts (
    run_id bigint NOT NULL,
    what text NOT NULL,
    queue text NOT NULL,
    kind text NOT NULL,
    fingerprint text NOT NULL,
    n bigint NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (run_id, what, queue, kind, fingerprint)
);
CREATE INDEX run_counts_cause ON graveshift.run_counts (fingerprint, run_id DESC) WHERE what = 'requeued';

-- As in 0011, and with the field that the cause is split by.
CREATE OR REPLACE FUNCTION graveshift.count_attempts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO graveshift.deltas (n, queue, what, kind, fingerprint, error_type, message, version, split)
    SELECT count(*), queue, 'failed', kind, fingerprint, max(error_type), left(max(error_message), 500),
           min(nullif(worker_version, '')), max(split)
    FROM fresh GROUP BY queue, kind, fingerprint
    UNION ALL
    SELECT count(*), queue, 'died', '', '', NULL, NULL, NULL, NULL FROM fresh WHERE final GROUP BY queue
    UNION ALL
    SELECT count(*), queue, 'died_again', kind, fingerprint, NULL, NULL, NULL, NULL FROM fresh WHERE final AND again
    GROUP BY queue, kind, fingerprint;
    RETURN NULL;
END $$;

-- As in 0001, with the requeues that the letters had behind them; of a run's jobs, those that died and did not come back.
CREATE OR REPLACE FUNCTION graveshift.count_inserted_dead() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO graveshift.deltas (n, queue, what, kind, fingerprint, again)
    SELECT count(*), queue, 'dead', kind, fingerprint, max(requeue_count) FROM fresh GROUP BY queue, kind, fingerprint;
    INSERT INTO graveshift.run_deltas (run_id, what, queue, kind, fingerprint, n)
    SELECT run_id, 'died', queue, kind, fingerprint, count(*) FROM fresh
    WHERE run_id IS NOT NULL AND restored_at IS NULL GROUP BY run_id, queue, kind, fingerprint;
    RETURN NULL;
END $$;

-- As in 0001, and of a run's jobs.
CREATE OR REPLACE FUNCTION graveshift.count_done() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO graveshift.deltas (n, queue, what)
    SELECT count(*), queue, CASE state WHEN 'done' THEN 'finished' ELSE state END FROM fresh GROUP BY queue, state;
    INSERT INTO graveshift.run_deltas (run_id, what, queue, kind, fingerprint, n)
    SELECT run_id, state, queue, kind, '', count(*) FROM fresh
    WHERE run_id IS NOT NULL GROUP BY run_id, state, queue, kind;
    RETURN NULL;
END $$;

CREATE FUNCTION graveshift.count_settled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO graveshift.run_deltas (run_id, what, queue, kind, fingerprint, n)
    SELECT settled_by, 'requeued', queue, kind, fingerprint, count(*) FROM fresh
    GROUP BY settled_by, queue, kind, fingerprint;
    RETURN NULL;
END $$;
CREATE FUNCTION graveshift.count_recalled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO graveshift.run_deltas (run_id, what, queue, kind, fingerprint, n)
    SELECT settled_by, 'recalled', queue, kind, fingerprint, count(*) FROM stale
    GROUP BY settled_by, queue, kind, fingerprint;
    RETURN NULL;
END $$;
CREATE TRIGGER settled_inserted AFTER INSERT ON graveshift.settled REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION graveshift.count_settled();
CREATE TRIGGER settled_deleted AFTER DELETE ON graveshift.settled REFERENCING OLD TABLE AS stale
    FOR EACH STATEMENT EXECUTE FUNCTION graveshift.count_recalled();

-- Who is on a cause, until when at most (NULL: until it is released), and what was written about it.
CREATE TABLE graveshift_ledger.claims (
    group_id text PRIMARY KEY,
    owner text,
    since timestamptz,
    until timestamptz,
    note text,
    noted_by text,
    noted_at timestamptz
);

-- What each comparison of the counters with what is there has found; `off` is the sum of the differences.
CREATE TABLE graveshift_ledger.reconciliations (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT now(),
    took_s double precision NOT NULL,
    looked bigint NOT NULL,
    off bigint NOT NULL,
    differences json NOT NULL
);
