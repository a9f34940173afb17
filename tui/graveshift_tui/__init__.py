"""The on-call console: a full-screen terminal application and its command-line twin."""
