"""The HTTP API: everything an operator's console, a script or a scraper asks of this service."""
