-- Runs as they are told: how fast each drips now, which is not its rate while it begins gently; and when what a requeue
-- moves is due, where that is not at once.
ALTER TABLE graveshift_ledger.runs
    ADD COLUMN pace double precision,
    ADD COLUMN delay_s double precision,
    ADD COLUMN due_at timestamptz;
