-- Payloads that were edited on their way back to work: the original of each, as it was sent.
CREATE TABLE graveshift.edits (
    id bigint NOT NULL,
    run_id bigint NOT NULL,
    edited_at timestamptz NOT NULL DEFAULT now(),
    edited_by text NOT NULL,
    original json NOT NULL,
    PRIMARY KEY (id, run_id)
);
CREATE INDEX edits_aged ON graveshift.edits (edited_at);
