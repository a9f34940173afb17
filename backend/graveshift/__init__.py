"""graveshift: a job queue on PostgreSQL, and the service behind its on-call console."""

__version__ = "0.1.0"
