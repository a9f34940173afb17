"""The kinds of archive."""
