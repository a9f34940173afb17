-- The last minutes of all causes, for ranking them and for what is past keeping.
CREATE INDEX group_flow_bucket ON graveshift.group_flow (bucket);

-- Failed attempts of all causes together, in buckets of one minute.
CREATE TABLE graveshift.failing (
    bucket timestamptz PRIMARY KEY,
    n bigint NOT NULL
);

INSERT INTO graveshift.failing (bucket, n) SELECT bucket, sum(n) FROM graveshift.group_flow GROUP BY bucket;
