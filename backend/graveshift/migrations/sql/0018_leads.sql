-- Pages of one error's letters, and of one kind's, are walked in the order of death without looking at any others.
CREATE INDEX dead_error ON graveshift.dead (error_type, died_at, id);
CREATE INDEX dead_kind ON graveshift.dead (kind, died_at, id);
