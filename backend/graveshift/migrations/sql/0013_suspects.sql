-- As heads(name, kinds, wide), which workers of the version before still call; where no suspects are wanted, jobs whose
-- worker crashed are passed over, and what stands behind them is at the head. Two queries, because the first is that of
-- nearly every claim and pays nothing for the second.
CREATE FUNCTION graveshift.heads(name text, kinds text[], wide integer, suspects boolean)
RETURNS TABLE (id bigint, priority smallint, run_at timestamptz) LANGUAGE plpgsql STABLE ROWS 10
SET enable_bitmapscan = off SET enable_seqscan = off AS $$
BEGIN
    IF suspects THEN
        RETURN QUERY SELECT j.id, j.priority, j.run_at FROM graveshift.jobs j
        WHERE j.queue = name AND j.state NOT IN ('running', 'held') AND j.run_at <= now() AND j.kind = ANY(kinds)
        ORDER BY j.priority DESC, j.run_at, j.id LIMIT wide;
    ELSE
        RETURN QUERY SELECT j.id, j.priority, j.run_at FROM graveshift.jobs j
        WHERE j.queue = name AND j.state NOT IN ('running', 'held') AND j.run_at <= now() AND j.kind = ANY(kinds)
          AND j.crashes = 0
        ORDER BY j.priority DESC, j.run_at, j.id LIMIT wide;
    END IF;
END $$;
