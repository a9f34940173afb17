"""Four ways to run a queue on one server: ours, our bare statements, pgqueuer and procrastinate."""
