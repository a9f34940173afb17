"""The dictionary: every thing that crosses the wire, one module per resource, and nothing else."""
