"""What this process counts about itself: requests by method, path template and status, and how long they took."""

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.process_collector import ProcessCollector

NAMES = ("method", "path", "status")
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
UNMATCHED = "unmatched"
METHODS = frozenset({"GET", "POST"})


class Meter:
    """Labels are bounded: path templates, `unmatched` where none fits, and `other` for odd methods."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "graveshift_http_requests", "HTTP requests answered by this process.", NAMES, registry=self.registry
        )
        self._durations = Histogram(
            "graveshift_http_request_duration_seconds",
            "Seconds from a request's arrival to its answer, by path template.",
            ("method", "path"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        ProcessCollector(registry=self.registry)

    def count(self, method: str, path: str, status: int, seconds: float) -> None:
        """One request was answered."""
        known = method if method in METHODS else "other"
        self._requests.labels(known, path, str(status)).inc()
        self._durations.labels(known, path).observe(seconds)
