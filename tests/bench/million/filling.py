"""A million letters by SQL, as so many deaths would have left them: texts, payloads and what the roll-up is told."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import psycopg

from tests.bench.million.causes import CAUSES, HOSTS, RARE_WORD, USERS, VERSIONS

DAYS, STEP, WRITERS = 4, 10_000, 2
TRIGGERS = ("dead", "jobs")
DAY = """
SELECT graveshift.open_partition(parent, parent || '_' || to_char(day, 'YYYYMMDD'), key,
                                 day || ' 00:00:00+00', (day + 1) || ' 00:00:00+00')
FROM (VALUES ('dead', 'died_at'), ('dead_text', 'died_at')) parents (parent, key),
     (SELECT (now() AT TIME ZONE 'UTC')::date - step AS day FROM generate_series(1, %s) step) days
"""
LETTERS = """
CREATE TEMPORARY TABLE causes AS
SELECT * FROM unnest(%s::integer[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
         AS c (upto, queue, kind, error_type, message, fingerprint);
"""
# Deaths grow towards now, as in a bad night: a sixth of them are of the last half hour.
FILL = """
WITH drawn AS MATERIALIZED (
    SELECT i, nextval('graveshift.job_id') AS id, abs(CAST(hashint4(i) AS bigint)) AS h,
           now() - make_interval(
               secs => CAST(%(days)s AS float8) * 86400 * power((%(n)s - i) / CAST(%(n)s AS float8), 3)) AS died_at
    FROM generate_series(CAST(%(first)s AS integer), %(last)s) i
), told AS MATERIALIZED (
    SELECT d.*, c.queue, c.kind, c.error_type, c.fingerprint,
           format(replace(c.message, '%%s', '%%1$s'), h %% 977) || CASE WHEN i %% 40000 = 7 THEN ' %(rare)s' ELSE '' END
               AS message,
           (CAST(%(versions)s AS text[]))[1 + least(i * CAST(4 AS bigint) / %(n)s, 3)] AS version,
           json_build_object('host', 'api' || h %% CAST(%(hosts)s AS bigint) || '.acme.example', 'event', 'paid',
                             'user', h %% CAST(%(users)s AS bigint), 'order', 700000 + i, 'amount', h %% 99999 / 100.0,
                             'region', CASE h %% 3 WHEN 0 THEN 'eu' WHEN 1 THEN 'us' ELSE 'ap' END,
                             'items', json_build_array(json_build_object('sku', 'A-' || h %% 300, 'qty', 1 + h %% 4)),
                             'note', 'deliver between nine and five, and ring twice') AS payload
    FROM drawn d CROSS JOIN LATERAL (SELECT * FROM causes WHERE h %% 1000 < upto ORDER BY upto LIMIT 1) c
), letters AS (
    INSERT INTO graveshift.dead (died_at, id, enqueued_at, attempt, max_attempts, budget, requeue_count, priority,
                                 queue, kind, fingerprint, error_type, worker, worker_version, trace_id)
    SELECT died_at, id, died_at - interval '45 minutes', 3 + h %% 3, 5, 5, 0, 0, queue, kind,
           fingerprint, error_type, 'w' || h %% 9 || '@host-' || h %% 3, version, to_hex(h)
    FROM told ORDER BY i
), texts AS (
    INSERT INTO graveshift.dead_text (died_at, id, error_message, traceback, payload, search)
    SELECT died_at, id, message,
           E'Traceback (most recent call last):\\n  File "/srv/app/deliver.py", line 41, in post\\n    send(job)\\n'
               || error_type || ': ' || message,
           payload, graveshift.words(error_type, message)
    FROM told ORDER BY i
), bytes AS (
    INSERT INTO graveshift.payloads (id, payload) SELECT id, payload FROM told ORDER BY i
), failed AS (
    SELECT date_bin('1 minute', died_at, 'epoch') AS minute, queue, kind, fingerprint, version,
           max(error_type) AS error_type, max(message) AS message, count(*) AS n
    FROM told GROUP BY 1, 2, 3, 4, 5
)
INSERT INTO graveshift.deltas (at, n, queue, what, kind, fingerprint, error_type, message, version)
SELECT least(minute, now()), n, queue, what,
       CASE WHEN what IN ('dead', 'failed') THEN kind ELSE '' END,
       CASE WHEN what IN ('dead', 'failed') THEN fingerprint ELSE '' END,
       CASE WHEN what = 'failed' THEN error_type END, CASE WHEN what = 'failed' THEN message END,
       CASE WHEN what = 'failed' THEN version END
FROM failed CROSS JOIN (VALUES ('dead'), ('failed'), ('died'), ('enqueued')) whats (what)
"""


def fill(dsn: str, letters: int) -> None:
    """Make them; the triggers are off meanwhile, and what they would have said is said by the minute."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(DAY, (DAYS,))
        _triggers(connection, "DISABLE")
        starts = list(range(1, letters + 1, STEP))
        with ThreadPoolExecutor(WRITERS) as writers:
            for done in [writers.submit(_write, dsn, letters, starts[at::WRITERS]) for at in range(WRITERS)]:
                done.result()
        _triggers(connection, "ENABLE")
        found = connection.execute(b"SELECT count(*) FROM graveshift.dead").fetchone()
        assert found == (letters,), found
        for table in ("dead", "dead_text", "payloads"):
            connection.execute(f"VACUUM ANALYZE graveshift.{table}".encode())


def _write(dsn: str, letters: int, starts: Sequence[int]) -> None:
    upto = [sum(cause.share for cause in CAUSES[: at + 1]) for at in range(len(CAUSES))]
    columns = [[getattr(cause, name) for cause in CAUSES] for name in
               ("queue", "kind", "error_type", "message", "fingerprint")]  # fmt: skip
    given = {"n": letters, "days": DAYS, "versions": list(VERSIONS), "hosts": HOSTS, "users": USERS}
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(b"SET synchronous_commit = off")
        connection.execute(LETTERS, (upto, *columns))
        statement = FILL.replace("%(rare)s", RARE_WORD).encode()
        for first in starts:
            connection.execute(statement, {**given, "first": first, "last": min(first + STEP - 1, letters)})


def _triggers(connection: psycopg.Connection[tuple[object, ...]], how: str) -> None:
    for table in TRIGGERS:
        connection.execute(f"ALTER TABLE graveshift.{table} {how} TRIGGER USER".encode())
