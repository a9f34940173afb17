-- Search: letters by what is in their payloads, and by the words of their error's type.

-- A payload as jsonb holds it: U+0000 and lone surrogates are U+FFFD; NULL where it cannot hold it at all. U+0001 stands
-- for an escaped backslash meanwhile: as itself it is in no JSON text.
CREATE FUNCTION graveshift.document(payload json) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    plain text;
BEGIN
    RETURN CAST(payload AS jsonb);
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
    BEGIN
        plain := replace(CAST(payload AS text), '\\', chr(1));
        plain := replace(plain, '\u0000', '\ufffd');
        plain := regexp_replace(plain, '\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})', '\\ufffd', 'g');
        plain := regexp_replace(plain, '(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}', '\\ufffd', 'g');
        RETURN CAST(replace(plain, chr(1), '\\') AS jsonb);
    EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
        RETURN NULL;
    END;
END $$;

-- Words are letters and digits: whatever else ASCII has stands between them.
CREATE FUNCTION graveshift.plain(words text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT translate(words, '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~', repeat(' ', 32))
$$;

-- Of a letter: its error's type, whole and in its parts (ConnectTimeout: connect, timeout), and the beginning of its message.
CREATE FUNCTION graveshift.words(error_type text, message text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_tsvector('simple', graveshift.plain(
        regexp_replace(left(error_type, 128), '([a-z0-9])([A-Z])', '\1 \2', 'g') || ' ' || left(error_type, 128)
        || ' ' || left(message, 160)))
$$;

DROP INDEX graveshift.dead_text_search;
ALTER TABLE graveshift.dead_text
    ADD COLUMN document jsonb GENERATED ALWAYS AS (graveshift.document(payload)) STORED;
UPDATE graveshift.dead_text t SET search = graveshift.words(l.error_type, t.error_message)
FROM (SELECT died_at, id, error_type FROM graveshift.dead UNION ALL
      SELECT died_at, id, error_type FROM graveshift.trash UNION ALL
      SELECT died_at, id, error_type FROM graveshift.settled) l
WHERE l.died_at = t.died_at AND l.id = t.id;
CREATE INDEX dead_text_search ON graveshift.dead_text USING gin (search) WITH (gin_pending_list_limit = 256);
CREATE INDEX dead_text_document ON graveshift.dead_text USING gin (document jsonb_path_ops)
    WITH (gin_pending_list_limit = 256);

-- Letters that came back are few, and versions many.
CREATE INDEX dead_requeued ON graveshift.dead (died_at, id) WHERE requeue_count > 0;
CREATE INDEX dead_version ON graveshift.dead (worker_version, died_at, id);

-- Filters saved by name, for every operator.
CREATE TABLE graveshift_ledger.filters (
    name text PRIMARY KEY CHECK (name ~ '^[A-Za-z0-9._-]{1,64}$'),
    query text NOT NULL CHECK (length(query) <= 4096),
    saved_by text NOT NULL,
    saved_at timestamptz NOT NULL DEFAULT now()
);
