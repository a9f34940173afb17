-- Trials: jobs that go ahead of everything in their queue and past a pause of it, and first attempts by run.

-- The priority that a job has of its own: until it is claimed, one that goes ahead has a thousand on top of it, and one
-- that goes behind all others has a thousand less.
CREATE FUNCTION graveshift.own_priority(priority smallint) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CAST(CASE WHEN priority > 500 THEN priority - 1000 WHEN priority < -500 THEN priority + 1000
                     ELSE priority END AS smallint)
$$;

-- As heads(name, kinds, wide, suspects), which workers of the version before still call; of a queue that is shut only
-- those that go ahead are heads.
CREATE FUNCTION graveshift.heads(name text, kinds text[], wide integer, suspects boolean, shut boolean)
RETURNS TABLE (id bigint, priority smallint, run_at timestamptz) LANGUAGE plpgsql STABLE ROWS 10
SET enable_bitmapscan = off SET enable_seqscan = off AS $$
BEGIN
    IF shut THEN
        RETURN QUERY SELECT j.id, j.priority, j.run_at FROM graveshift.jobs j
        WHERE j.queue = name AND j.state NOT IN ('running', 'held') AND j.run_at <= now() AND j.kind = ANY(kinds)
          AND j.priority > 500 AND (suspects OR j.crashes = 0)
        ORDER BY j.priority DESC, j.run_at, j.id LIMIT wide;
    ELSIF suspects THEN
        RETURN QUERY SELECT j.id, j.priority, j.run_at FROM graveshift.jobs j
        WHERE j.queue = name AND j.state NOT IN ('running', 'held') AND j.run_at <= now() AND j.kind = ANY(kinds)
        ORDER BY j.priority DESC, j.run_at, j.id LIMIT wide;
    ELSE
        RETURN QUERY SELECT j.id, j.priority, j.run_at FROM graveshift.jobs j
        WHERE j.queue = name AND j.state NOT IN ('running', 'held') AND j.run_at <= now() AND j.kind = ANY(kinds)
          AND j.crashes = 0
        ORDER BY j.priority DESC, j.run_at, j.id LIMIT wide;
    END IF;
END $$;

-- The run whose requeue this attempt was the first after; NULL for every other attempt. The newest are found from the end
-- of the index, however many there are.
ALTER TABLE graveshift.attempts ADD COLUMN first_of bigint;
ALTER TABLE graveshift.done ADD COLUMN first_of bigint;
CREATE INDEX attempts_first ON graveshift.attempts (first_of, finished_at) WHERE first_of IS NOT NULL;
CREATE INDEX done_first ON graveshift.done (first_of, finished_at) WHERE first_of IS NOT NULL;

-- A run that tries a canary, slows down or stops by itself. `halt` is why it paused itself, until somebody resumes it.
ALTER TABLE graveshift_ledger.runs
    ADD COLUMN canary json,
    ADD COLUMN sample json,
    ADD COLUMN slowed double precision,
    ADD COLUMN halt text;
