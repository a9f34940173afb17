-- What plans foresee: which kinds each worker knows. And bulk runs that wait a moment before their first item.
ALTER TABLE graveshift.workers ADD COLUMN kinds text[];
ALTER TABLE graveshift_ledger.runs ADD COLUMN starts_at timestamptz;
