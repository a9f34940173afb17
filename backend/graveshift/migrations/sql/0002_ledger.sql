-- The ledger: what operators planned, did and may do. Restoring the queue never rolls it back.

CREATE SCHEMA IF NOT EXISTS graveshift_ledger;

CREATE TABLE graveshift_ledger.plans (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    operation text NOT NULL,
    args json NOT NULL,
    draft json NOT NULL,
    actor text NOT NULL,
    cutoff timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_by bigint
);

CREATE TABLE graveshift_ledger.runs (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    plan_id bigint NOT NULL REFERENCES graveshift_ledger.plans (id),
    operation text NOT NULL,
    state text NOT NULL CHECK (state IN ('queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled', 'lost')),
    total bigint,
    moved bigint NOT NULL DEFAULT 0,
    conflict bigint NOT NULL DEFAULT 0,
    gone bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    rate double precision,
    actor text NOT NULL,
    source text,
    reason text,
    error text,
    wanted text CHECK (wanted IN ('pause', 'cancel')),
    mark json,
    idempotency_key text NOT NULL,
    body json NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    lease_owner uuid,
    lease_until timestamptz,
    UNIQUE (actor, idempotency_key)
);
CREATE INDEX runs_live ON graveshift_ledger.runs (id) WHERE state IN ('queued', 'running', 'paused');

-- An item without an outcome is an intent: it was committed before the effect was tried. `seq` is the order of acting.
CREATE TABLE graveshift_ledger.items (
    seq bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    run_id bigint NOT NULL,
    id text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    outcome text CHECK (outcome IN ('moved', 'conflict', 'gone', 'failed')),
    detail text,
    job_id text,
    PRIMARY KEY (run_id, id)
);
CREATE INDEX items_order ON graveshift_ledger.items (run_id, seq);

CREATE TABLE graveshift_ledger.audit_head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    seq bigint NOT NULL
);
INSERT INTO graveshift_ledger.audit_head (seq) VALUES (0);

CREATE TABLE graveshift_ledger.audit (
    seq bigint PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    operation text NOT NULL,
    outcome text NOT NULL,
    plan_id bigint,
    run_id bigint,
    reason text,
    total bigint,
    source text
);

CREATE FUNCTION graveshift_ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit record is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON graveshift_ledger.audit
    FOR EACH STATEMENT EXECUTE FUNCTION graveshift_ledger.refuse_change();

CREATE TABLE graveshift_ledger.tokens (
    id text PRIMARY KEY,
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    hash bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz
);

CREATE TABLE graveshift_ledger.secrets (
    name text PRIMARY KEY,
    kind text NOT NULL,
    max_age_s double precision,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- At most one pending, one current and one previous version of a secret.
CREATE TABLE graveshift_ledger.secret_versions (
    name text NOT NULL REFERENCES graveshift_ledger.secrets (name),
    version integer NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'current', 'previous', 'dropped')),
    sealed bytea,
    key_id text,
    run_id bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    current_at timestamptz,
    valid_until timestamptz,
    PRIMARY KEY (name, version)
);
CREATE UNIQUE INDEX secret_versions_one ON graveshift_ledger.secret_versions (name, state) WHERE state <> 'dropped';

CREATE TABLE graveshift_ledger.backups (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    run_id bigint,
    state text NOT NULL CHECK (state IN ('running', 'written', 'verified', 'failed')),
    created_at timestamptz NOT NULL DEFAULT now(),
    verified_at timestamptz,
    size_bytes bigint,
    sha256 text,
    location text,
    manifest json,
    error text
);

CREATE TABLE graveshift_ledger.samples (
    at timestamptz NOT NULL,
    name text NOT NULL,
    queue text NOT NULL,
    value double precision NOT NULL,
    PRIMARY KEY (name, queue, at)
);
CREATE INDEX samples_at ON graveshift_ledger.samples (at);

-- Leadership: effects check the epoch, so that a leader that slept does nothing when it wakes.
CREATE TABLE graveshift_ledger.leases (
    name text PRIMARY KEY,
    owner uuid NOT NULL,
    epoch bigint NOT NULL,
    until timestamptz NOT NULL
);

-- The index of letters that other systems keep, and how far each was read.
CREATE TABLE graveshift_ledger.letters (
    system text NOT NULL,
    died_at timestamptz NOT NULL,
    id text NOT NULL,
    job_id text NOT NULL,
    queue text NOT NULL,
    kind text NOT NULL,
    fingerprint text NOT NULL,
    error_type text NOT NULL,
    error_message text NOT NULL,
    attempts integer,
    max_attempts integer,
    enqueued_at timestamptz,
    requeue_count integer,
    run_id bigint,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (system, died_at, id)
);
CREATE INDEX letters_id ON graveshift_ledger.letters (system, id);
CREATE INDEX letters_cause ON graveshift_ledger.letters (system, queue, kind, fingerprint);

CREATE TABLE graveshift_ledger.marks (
    system text PRIMARY KEY,
    mark text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
