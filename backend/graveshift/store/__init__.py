"""Where the ledger lies: the engine, the unit of work, and one module per thing that is kept."""
