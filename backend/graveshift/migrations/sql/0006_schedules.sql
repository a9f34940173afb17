-- The timetable: how far each schedule has come. It lies with the queue, because a slot and the job it gave are one
-- transaction and must be restored together, or a restore would fire a slot again or never.

CREATE TABLE graveshift.schedules (
    name text PRIMARY KEY,
    slot timestamptz NOT NULL,
    last_slot timestamptz,
    last_fired_at timestamptz,
    last_job_id bigint
);

-- Deploys and other changes, as pipelines tell them and as workers first show them.
CREATE TABLE graveshift_ledger.deploys (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    kind text NOT NULL CHECK (kind IN ('deploy', 'config', 'other')),
    title text NOT NULL,
    version text,
    link text,
    actor text NOT NULL,
    source text NOT NULL
);
CREATE UNIQUE INDEX deploys_version ON graveshift_ledger.deploys (version) WHERE source = 'fleet';
CREATE INDEX deploys_at ON graveshift_ledger.deploys (at);
