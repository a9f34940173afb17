-- The last minutes of all causes, for ranking them and for what is past keeping.
CREATE INDEX group_flow_bucket ON graveshift.group_flow (bucket);

-- What happened in all queues together, in buckets of one minute: `failed` (attempts of every cause) and `enqueued`.
CREATE TABLE graveshift.minutes (
    bucket timestamptz NOT NULL,
    what text NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (bucket, what)
);

INSERT INTO graveshift.minutes (bucket, what, n)
SELECT bucket, 'failed', sum(n) FROM graveshift.group_flow GROUP BY bucket
UNION ALL
SELECT date_bin('1 minute', bucket, 'epoch'), 'enqueued', sum(n) FROM graveshift.flow WHERE what = 'enqueued' GROUP BY 1;
