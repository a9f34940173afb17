-- Pauses of schedules. Apart from how far each has come, so that a schedule that leaves the settings for a while and
-- makes up for nothing is paused still when it comes back. `until` NULL means until it is resumed.
CREATE TABLE graveshift.schedule_pauses (
    name text PRIMARY KEY,
    until timestamptz,
    by text NOT NULL,
    reason text
);

ALTER TABLE graveshift_ledger.deploys ADD COLUMN note text;

-- The worker versions of a cause's first and newest failure; NULL where no worker said one.
ALTER TABLE graveshift.deltas ADD COLUMN version text;
ALTER TABLE graveshift.groups ADD COLUMN first_version text, ADD COLUMN last_version text;

-- As in 0001, and with the version that failed: attempts of one statement have one time, so any of theirs will do.
CREATE OR REPLACE FUNCTION graveshift.count_attempts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO graveshift.deltas (n, queue, what, kind, fingerprint, error_type, message, version)
    SELECT count(*), queue, 'failed', kind, fingerprint, max(error_type), left(max(error_message), 500),
           min(nullif(worker_version, ''))
    FROM fresh GROUP BY queue, kind, fingerprint
    UNION ALL
    SELECT count(*), queue, 'died', '', '', NULL, NULL, NULL FROM fresh WHERE final GROUP BY queue
    UNION ALL
    SELECT count(*), queue, 'died_again', kind, fingerprint, NULL, NULL, NULL FROM fresh WHERE final AND again
    GROUP BY queue, kind, fingerprint;
    RETURN NULL;
END $$;
