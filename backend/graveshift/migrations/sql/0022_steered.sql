-- Who steered a run last, where whoever looks at the run sees it: who paused, resumed or cancelled it, and who set its rate.
ALTER TABLE graveshift_ledger.runs
    ADD COLUMN turned text CHECK (turned IN ('paused', 'resumed', 'cancelled')),
    ADD COLUMN turned_by text,
    ADD COLUMN turned_at timestamptz,
    ADD COLUMN rated_by text,
    ADD COLUMN rated_at timestamptz;
