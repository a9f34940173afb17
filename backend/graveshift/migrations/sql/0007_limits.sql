-- Limits: how many of a queue's jobs may run at once, and how many may start a second, across the fleet.

-- NULL means no limit. `spent_until` is when a queue that has a rate will have its whole burst again: each job that
-- is handed out moves it on by one part of a second.
ALTER TABLE graveshift.queues
    ADD COLUMN concurrency integer CHECK (concurrency >= 1),
    ADD COLUMN per_s double precision CHECK (per_s > 0),
    ADD COLUMN burst integer CHECK (burst >= 1),
    ADD COLUMN limited_by text,
    ADD COLUMN limited_reason text,
    ADD COLUMN spent_until timestamptz,
    ADD CONSTRAINT queues_rate_check CHECK ((per_s IS NULL) = (burst IS NULL));

-- How many jobs a limited queue may hand out now: none while another claim is at it. The lock is held until that claim
-- is committed, and each statement here sees all that was committed before it, so what runs is counted whole.
CREATE FUNCTION graveshift.allowance(name text, wide integer) RETURNS integer LANGUAGE plpgsql VOLATILE
SET enable_bitmapscan = off SET enable_seqscan = off AS $$
DECLARE
    its graveshift.queues;
    running bigint := 0;
BEGIN
    SELECT * INTO its FROM graveshift.queues q WHERE q.name = allowance.name FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    IF its.concurrency IS NOT NULL THEN
        SELECT count(*) INTO running FROM graveshift.jobs j
        WHERE j.state = 'running' AND j.queue = allowance.name AND j.lease_until > '-infinity';
    END IF;
    RETURN greatest(0, least(wide, its.concurrency - running, floor(its.burst - its.per_s
        * greatest(0, CAST(extract(epoch FROM its.spent_until - now()) AS double precision)))));
END $$;

-- A job of this queue is handed out; only under the lock that its allowance took. Rounded up: a rate is never exceeded.
CREATE FUNCTION graveshift.spend(name text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    UPDATE graveshift.queues q
    SET spent_until = greatest(q.spent_until, now()) + make_interval(secs => ceil(1e6 / q.per_s) / 1e6)
    WHERE q.name = spend.name AND q.per_s IS NOT NULL;
END $$;
