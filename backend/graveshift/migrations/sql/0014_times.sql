-- As in 0005, and a time that not every part of us can hold is refused.
CREATE OR REPLACE FUNCTION graveshift.enqueue(
    queue text, kind text, payload json DEFAULT '{}', priority integer DEFAULT 0, run_at timestamptz DEFAULT NULL,
    max_attempts integer DEFAULT 5, unique_key text DEFAULT NULL, trace_id text DEFAULT NULL
) RETURNS bigint LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    new_id bigint;
    missing text := CASE WHEN enqueue.queue IS NULL THEN 'queue' WHEN enqueue.kind IS NULL THEN 'kind'
                         WHEN enqueue.payload IS NULL THEN 'payload' WHEN enqueue.priority IS NULL THEN 'priority'
                         WHEN enqueue.max_attempts IS NULL THEN 'max_attempts' END;
BEGIN
    -- What the tables check is said here in words: their own message would show the whole row.
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION '% must not be NULL', missing USING ERRCODE = 'not_null_violation';
    END IF;
    IF enqueue.queue !~ '^[A-Za-z0-9._:-]{1,128}$' OR enqueue.kind !~ '^[A-Za-z0-9._:-]{1,128}$' THEN
        RAISE EXCEPTION 'queue and kind must be 1 to 128 of the characters A-Z a-z 0-9 . _ : -'
            USING ERRCODE = 'check_violation';
    END IF;
    IF length(enqueue.unique_key) NOT BETWEEN 1 AND 512 OR length(enqueue.trace_id) > 128 THEN
        RAISE EXCEPTION 'unique_key must be 1 to 512 characters and trace_id at most 128'
            USING ERRCODE = 'check_violation';
    END IF;
    IF enqueue.max_attempts NOT BETWEEN 1 AND 1000 OR enqueue.priority NOT BETWEEN -100 AND 100 THEN
        RAISE EXCEPTION 'max_attempts must be 1 to 1000 and priority -100 to 100' USING ERRCODE = 'check_violation';
    END IF;
    -- Infinity is in no year; what Python and HTTP refuse would be a job that nobody can read.
    IF enqueue.run_at < '1970-01-01 00:00Z' OR enqueue.run_at >= '9999-01-01 00:00Z' THEN
        RAISE EXCEPTION 'run_at must be in the years 1970 to 9998' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF EXISTS (SELECT FROM graveshift.queues q WHERE q.name = enqueue.queue AND q.draining_at IS NOT NULL) THEN
        RAISE EXCEPTION 'queue % is draining: it takes no new jobs', enqueue.queue
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    LOOP
        INSERT INTO graveshift.jobs (queue, kind, state, priority, run_at, max_attempts, budget, unique_key, trace_id)
        VALUES (enqueue.queue, enqueue.kind, CASE WHEN enqueue.run_at > now() THEN 'scheduled' ELSE 'waiting' END,
                enqueue.priority, greatest(coalesce(enqueue.run_at, now()), now()), enqueue.max_attempts,
                enqueue.max_attempts, enqueue.unique_key, enqueue.trace_id)
        ON CONFLICT (queue, unique_key) WHERE unique_key IS NOT NULL DO NOTHING
        RETURNING id INTO new_id;
        IF new_id IS NOT NULL THEN
            INSERT INTO graveshift.payloads (id, payload) VALUES (new_id, enqueue.payload);
            RETURN new_id;
        END IF;
        SELECT id INTO new_id FROM graveshift.jobs
        WHERE jobs.queue = enqueue.queue AND jobs.unique_key = enqueue.unique_key;
        IF new_id IS NOT NULL THEN
            RETURN new_id;
        END IF;
    END LOOP;
END $$;

-- What came in before: a list that holds such a job cannot be shown.
UPDATE graveshift.jobs SET run_at = '9998-12-31 23:59:59Z' WHERE run_at >= '9999-01-01 00:00Z';
