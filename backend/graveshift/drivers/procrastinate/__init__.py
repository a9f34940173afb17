"""Procrastinate's queues: read from its tables, changed only through its own SQL functions."""

from graveshift.drivers.procrastinate.source import ProcrastinateSource

__all__ = ["ProcrastinateSource"]
