-- The fleet: what operators want of each worker, and how it is.

ALTER TABLE graveshift.workers
    ADD COLUMN wish text NOT NULL DEFAULT 'run' CHECK (wish IN ('run', 'quiet', 'drain', 'stop')),
    ADD COLUMN wished_by text,
    ADD COLUMN memory_bytes bigint,
    ADD COLUMN jobs bigint[] NOT NULL DEFAULT '{}';
