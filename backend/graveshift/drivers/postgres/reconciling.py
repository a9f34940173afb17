"""Compare the counters with what is there, exactly and in one snapshot, and set right what is off."""

from time import monotonic

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.drivers.postgres.connection import refused, sqlstate
from graveshift.store.engine import translated
from graveshift.work import Difference, Reconciled

# One at a time. A lock on a table is had before the snapshot is taken, so whoever comes next sees what was set right.
TURN = text("LOCK TABLE graveshift_ledger.reconciliations IN SHARE ROW EXCLUSIVE MODE NOWAIT")
BUSY = "55P03"
PATIENCE = text("SET LOCAL statement_timeout = '120s'")

# What is there, against roll-up and pending deltas: nobody is kept from anything, since what is appended meanwhile is
# in neither. Causes without a row of their own are counted in `other` where the queue has it, and make their row where
# it has none. A difference of a cause changes the queue's depth too, so of that only the rest is left.
COMPARE = text("""
WITH truth AS MATERIALIZED (
    SELECT queue, state AS what, CASE WHEN state = 'retrying' THEN kind ELSE '' END AS kind,
           CASE WHEN state = 'retrying' THEN coalesce(fingerprint, '') ELSE '' END AS fingerprint, count(*) AS n
    FROM graveshift.jobs GROUP BY 1, 2, 3, 4
    UNION ALL
    SELECT queue, 'dead', kind, fingerprint, count(*) FROM graveshift.dead GROUP BY queue, kind, fingerprint
), pending AS MATERIALIZED (
    SELECT queue, what, kind, fingerprint, sum(n) AS n FROM graveshift.deltas
    WHERE what IN ('waiting', 'scheduled', 'retrying', 'running', 'held', 'dead')
    GROUP BY queue, what, kind, fingerprint
), every AS (
    SELECT queue, what, kind, fingerprint, n FROM truth WHERE fingerprint <> ''
    UNION ALL SELECT queue, what, kind, fingerprint, -n FROM pending WHERE fingerprint <> ''
), placed AS (
    SELECT e.queue, e.what, e.kind, e.n, CASE
               WHEN own.queue IS NOT NULL OR other.queue IS NULL THEN e.fingerprint ELSE 'other' END AS fingerprint
    FROM every e
    LEFT JOIN graveshift.groups own USING (queue, kind, fingerprint)
    LEFT JOIN graveshift.groups other
           ON other.queue = e.queue AND other.kind = e.kind AND other.fingerprint = 'other'
    UNION ALL SELECT queue, 'dead', kind, -dead, fingerprint FROM graveshift.groups
    UNION ALL SELECT queue, 'retrying', kind, -retrying, fingerprint FROM graveshift.groups
), causes AS MATERIALIZED (
    SELECT queue, what, kind, fingerprint, sum(n) AS n FROM placed
    GROUP BY queue, what, kind, fingerprint HAVING sum(n) <> 0
), queues AS (
    SELECT queue, what, sum(n) AS n FROM (
        SELECT queue, what, n FROM truth
        UNION ALL SELECT queue, what, -n FROM pending
        UNION ALL SELECT queue, what, -n FROM graveshift.depth
                  WHERE what IN ('waiting', 'scheduled', 'retrying', 'running', 'held', 'dead')
        UNION ALL SELECT queue, what, -n FROM causes) every
    GROUP BY queue, what HAVING sum(n) <> 0
), off AS (
    SELECT queue, what, kind, fingerprint, n FROM causes
    UNION ALL SELECT queue, what, '', '', n FROM queues
), righted AS (
    INSERT INTO graveshift.deltas (n, queue, what, kind, fingerprint, error_type, message)
    SELECT n, queue, what, kind, fingerprint, named.error_type, named.error_message
    FROM off LEFT JOIN LATERAL (
        SELECT d.error_type, left(t.error_message, 500) AS error_message FROM graveshift.dead d
        LEFT JOIN graveshift.dead_text t ON t.died_at = d.died_at AND t.id = d.id
        WHERE off.fingerprint NOT IN ('', 'other') AND d.fingerprint = off.fingerprint LIMIT 1
    ) named ON true
)
SELECT queue, what, kind, fingerprint, CAST(n AS bigint) AS n,
       (SELECT CAST(coalesce(sum(n), 0) AS bigint) FROM truth) AS looked
FROM off
UNION ALL
SELECT '', '', '', '', 0, (SELECT CAST(coalesce(sum(n), 0) AS bigint) FROM truth)
""")

KEEP = text("""
INSERT INTO graveshift_ledger.reconciliations (took_s, looked, off, differences)
VALUES (:took_s, :looked, :off, CAST(:differences AS json))
""")
FORGET = text("DELETE FROM graveshift_ledger.reconciliations WHERE at < now() - interval '400 days'")
NOTED = 20


async def reconcile(engine: AsyncEngine) -> Reconciled | None:
    """What was off, and is right from the next fold on; None where another does the same right now."""
    began = monotonic()
    async with translated():
        try:
            async with engine.connect() as plain:
                connection = await plain.execution_options(isolation_level="REPEATABLE READ")
                await connection.execute(TURN)
                await connection.execute(PATIENCE)
                rows = (await connection.execute(COMPARE)).all()
                found = [Difference(row.queue, row.what, row.kind, row.fingerprint, row.n) for row in rows if row.n]
                done = Reconciled(rows[0].looked, sum(abs(one.n) for one in found), monotonic() - began, found)
                await connection.execute(KEEP, done.kept(NOTED))
                await connection.execute(FORGET)
                await connection.commit()
        except DBAPIError as error:
            if sqlstate(error) == BUSY:
                return None
            raise refused(error) from error
    return done
