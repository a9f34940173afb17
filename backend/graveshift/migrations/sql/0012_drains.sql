-- Why a queue is drained, and since when it is limited. Until when a queue's jobs are held, by one probe.

ALTER TABLE graveshift.queues
    ADD COLUMN draining_reason text,
    ADD COLUMN limited_at timestamptz;

CREATE INDEX jobs_held_in ON graveshift.jobs (queue, held_until) WHERE state = 'held';

-- When the last hold of this queue ends: NULL where one has no end, and where nothing is held.
CREATE FUNCTION graveshift.held_until(name text) RETURNS timestamptz LANGUAGE sql STABLE
SET enable_bitmapscan = off SET enable_seqscan = off AS $$
    SELECT held_until FROM graveshift.jobs WHERE queue = name AND state = 'held'
    ORDER BY held_until DESC NULLS FIRST LIMIT 1
$$;
