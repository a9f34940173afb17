"""Fold pending deltas into counters, flow and groups, so that reads stay flat."""

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.drivers.postgres.connection import refused
from graveshift.store.engine import translated

# Deltas of one fold: what fits into a fraction of a second.
FOLDED_AT_ONCE = 50_000
# Causes that a queue may have before further ones fall into `other`.
CAUSES_PER_QUEUE = 5_000

# One fold at a time, and each with a snapshot taken after the one before it was committed.
TURN = text("SELECT pg_advisory_xact_lock(hashtext('graveshift.roll_up'))")

# A cause that is known keeps its deltas; an unknown one is created while its queue has room, and is `other` afterwards.
ROLL_UP = text(
    """
WITH taken AS (
    DELETE FROM graveshift.deltas
    WHERE ctid = ANY(ARRAY(SELECT ctid FROM graveshift.deltas LIMIT CAST(:limit AS integer) FOR UPDATE SKIP LOCKED))
    RETURNING *
), counted AS (
    INSERT INTO graveshift.depth AS d (queue, what, n)
    SELECT queue, what, sum(n) FROM taken WHERE what <> 'died_again' GROUP BY queue, what ORDER BY queue, what
    ON CONFLICT (queue, what) DO UPDATE SET n = d.n + excluded.n, at = now()
), flowed AS (
    INSERT INTO graveshift.flow AS f (bucket, queue, what, n)
    SELECT date_bin('5 seconds', at, 'epoch') AS bucket, queue, what, sum(n) FROM taken
    WHERE what IN ('enqueued', 'finished', 'cancelled', 'failed', 'died', 'requeued')
    GROUP BY 1, 2, 3 ORDER BY queue, what, bucket
    ON CONFLICT (queue, what, bucket) DO UPDATE SET n = f.n + excluded.n
), named AS (
    INSERT INTO graveshift.queues (name) SELECT DISTINCT queue FROM taken ORDER BY queue ON CONFLICT DO NOTHING
), fresh AS (
    SELECT queue, kind, fingerprint,
           row_number() OVER (PARTITION BY queue ORDER BY min(at), kind, fingerprint) AS place
    FROM taken t WHERE fingerprint <> ''
      AND NOT EXISTS (SELECT FROM graveshift.groups g
                      WHERE (g.queue, g.kind, g.fingerprint) = (t.queue, t.kind, t.fingerprint))
    GROUP BY queue, kind, fingerprint
), folded AS (
    SELECT queue, kind, fingerprint FROM fresh
    WHERE place + (SELECT count(*) FROM graveshift.groups g WHERE g.queue = fresh.queue) > CAST(:room AS integer)
), caused AS (
    SELECT t.at, t.n, t.queue, t.what, t.kind, t.version, t.again, t.split, coalesce(t.error_type, '') AS error_type,
           coalesce(t.message, '') AS message,
           CASE WHEN folded.queue IS NULL THEN t.fingerprint ELSE 'other' END AS fingerprint
    FROM taken t LEFT JOIN folded USING (queue, kind, fingerprint) WHERE t.fingerprint <> ''
), newest AS (
    SELECT DISTINCT ON (queue, kind, fingerprint) queue, kind, fingerprint,
           CASE WHEN fingerprint = 'other' THEN 'other' ELSE error_type END AS error_type,
           CASE WHEN fingerprint = 'other' THEN 'the causes that this queue has no more room for' ELSE message END
               AS message
    FROM caused ORDER BY queue, kind, fingerprint, what = 'failed' DESC, at DESC
), grouped AS (
    INSERT INTO graveshift.groups AS g (queue, kind, fingerprint, error_type, message, dead, retrying, failed,
                                        died_again, first_seen, last_seen, first_version, last_version, again, split)
    SELECT queue, kind, fingerprint, newest.error_type, newest.message,
           coalesce(sum(n) FILTER (WHERE what = 'dead'), 0), coalesce(sum(n) FILTER (WHERE what = 'retrying'), 0),
           coalesce(sum(n) FILTER (WHERE what = 'failed'), 0), coalesce(sum(n) FILTER (WHERE what = 'died_again'), 0),
           coalesce(min(at) FILTER (WHERE what = 'failed'), min(at)),
           coalesce(max(at) FILTER (WHERE what = 'failed'), min(at)),
           (array_agg(version ORDER BY at) FILTER (WHERE version IS NOT NULL))[1],
           (array_agg(version ORDER BY at DESC) FILTER (WHERE version IS NOT NULL))[1], coalesce(max(again), 0),
           max(split)
    FROM caused JOIN newest USING (queue, kind, fingerprint)
    GROUP BY queue, kind, fingerprint, newest.error_type, newest.message ORDER BY queue, kind, fingerprint
    ON CONFLICT (queue, kind, fingerprint) DO UPDATE SET
        dead = g.dead + excluded.dead, retrying = g.retrying + excluded.retrying, failed = g.failed + excluded.failed,
        died_again = g.died_again + excluded.died_again,
        error_type = CASE WHEN excluded.failed > 0 THEN excluded.error_type ELSE g.error_type END,
        message = CASE WHEN excluded.failed > 0 THEN excluded.message ELSE g.message END,
        first_seen = CASE WHEN g.failed = 0 AND excluded.failed > 0 THEN excluded.first_seen
                          WHEN excluded.failed > 0 THEN least(g.first_seen, excluded.first_seen) ELSE g.first_seen END,
        last_seen = CASE WHEN excluded.failed > 0 THEN greatest(g.last_seen, excluded.last_seen) ELSE g.last_seen END,
        first_version = CASE WHEN excluded.first_seen < g.first_seen
                             THEN coalesce(excluded.first_version, g.first_version)
                             ELSE coalesce(g.first_version, excluded.first_version) END,
        last_version = CASE WHEN excluded.last_seen < g.last_seen
                            THEN coalesce(g.last_version, excluded.last_version)
                            ELSE coalesce(excluded.last_version, g.last_version) END,
        again = greatest(g.again, excluded.again), split = coalesce(g.split, excluded.split)
), trended AS (
    INSERT INTO graveshift.group_flow AS f (bucket, queue, kind, fingerprint, n)
    SELECT date_bin('1 minute', at, 'epoch') AS bucket, queue, kind, fingerprint, sum(n)
    FROM caused WHERE what = 'failed' GROUP BY 1, 2, 3, 4 ORDER BY queue, kind, fingerprint, bucket
    ON CONFLICT (queue, kind, fingerprint, bucket) DO UPDATE SET n = f.n + excluded.n
), together AS (
    INSERT INTO graveshift.minutes AS m (bucket, what, n)
    SELECT date_bin('1 minute', at, 'epoch') AS bucket, what, sum(n) FROM taken
    WHERE what = 'enqueued' OR (what = 'failed' AND fingerprint <> '') GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (bucket, what) DO UPDATE SET n = m.n + excluded.n
)
SELECT count(*) AS folded FROM taken
"""
)


# Each run has one carrier, but its jobs end anywhere: what is appended meets nobody, and is added up here.
RUNS = text("""
WITH taken AS (
    DELETE FROM graveshift.run_deltas
    WHERE ctid = ANY(ARRAY(SELECT ctid FROM graveshift.run_deltas LIMIT CAST(:limit AS integer) FOR UPDATE SKIP LOCKED))
    RETURNING *
)
INSERT INTO graveshift.run_counts AS c (run_id, what, queue, kind, fingerprint, n, at)
SELECT run_id, what, queue, kind, fingerprint, sum(n), max(at) FROM taken
GROUP BY run_id, what, queue, kind, fingerprint ORDER BY run_id, what, queue, kind, fingerprint
ON CONFLICT (run_id, what, queue, kind, fingerprint)
DO UPDATE SET n = c.n + excluded.n, at = greatest(c.at, excluded.at)
""")


async def roll_up(engine: AsyncEngine, at_once: int = FOLDED_AT_ONCE, room: int = CAUSES_PER_QUEUE) -> int:
    """Fold up to `at_once` deltas in one transaction; returns how many."""
    async with translated():
        try:
            async with engine.begin() as connection:
                await connection.execute(TURN)
                await connection.execute(RUNS, {"limit": at_once})
                result = await connection.execute(ROLL_UP, {"limit": at_once, "room": room})
                return int(result.scalar_one())
        except DBAPIError as error:
            raise refused(error) from error
